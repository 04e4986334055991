//! A blob in another registry, read while it comes: a copy from registry to registry needs no disk, and no more memory than a
//! few blocks.
//!
//! Blobs are read by position from threads that may block. A task fetches ahead of them; when the connection breaks, or another
//! position is asked for, it begins again from there.

use std::{
    fmt,
    pin::pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll, Wake, Waker},
    thread::{self, Thread},
};

use aws_call::CallError;
use bytes::{Bytes, BytesMut};
use tokio::{
    runtime::Handle,
    sync::mpsc::{Receiver, channel},
};

use crate::{
    error::{CallFailed, Error},
    manifest::Descriptor,
    oci::OciRegistry,
    reference::RepositoryName,
};

/// How many chunks wait. One is what the network gave at a time: some tens of kilobytes.
const AHEAD: usize = 16;
/// How often one read begins the blob again where it broke off.
const ATTEMPTS: u32 = 5;

pub(super) struct Remote {
    registry: OciRegistry,
    repository: RepositoryName,
    runtime: Handle,
    stream: Mutex<Option<Stream>>,
}

struct Stream {
    position: u64,
    left_over: Bytes,
    chunks: Receiver<Result<Bytes, CallError>>,
}

impl fmt::Debug for Remote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Remote").field("registry", &self.registry).field("repository", &self.repository).finish()
    }
}

impl Remote {
    /// Fetches on the runtime of the caller.
    pub(super) fn new(registry: OciRegistry, repository: RepositoryName) -> Self {
        Self { registry, repository, runtime: Handle::current(), stream: Mutex::new(None) }
    }

    /// `len` bytes from `offset` on. Blocks the thread.
    pub(super) fn read_at(&self, descriptor: &Descriptor, offset: u64, len: usize) -> Result<Bytes, Error> {
        let mut guard = self.stream.lock().unwrap_or_else(PoisonError::into_inner);
        let mut read = BytesMut::with_capacity(len);
        let mut attempts = 0;
        while read.len() < len {
            let position = offset + read.len() as u64;
            let stream = match guard.take() {
                Some(stream) if stream.position == position => guard.insert(stream),
                _ => guard.insert(self.open(descriptor, position)),
            };
            match stream.take(len - read.len()) {
                Ok(bytes) => read.extend_from_slice(&bytes),
                Err(error) => {
                    *guard = None;
                    attempts += 1;
                    if attempts == ATTEMPTS || !error.is_retryable() {
                        let what = format!("reading blob {} from {}", descriptor.digest, self.registry.registry());
                        return Err(CallFailed::new(what, attempts, "nothing was written for it", error).into());
                    }
                }
            }
        }
        Ok(read.freeze())
    }

    fn open(&self, descriptor: &Descriptor, position: u64) -> Stream {
        let (sender, chunks) = channel(AHEAD);
        let (registry, repository) = (self.registry.clone(), self.repository.clone());
        let descriptor = descriptor.clone();
        self.runtime.spawn(async move {
            match registry.blob(&repository, &descriptor, position).await {
                Err(error) => drop(sender.send(Err(error)).await),
                Ok(mut blob) => {
                    while let Some(chunk) = blob.next().await {
                        // Nobody reads on: the copy has ended, or begins again elsewhere.
                        if sender.send(chunk).await.is_err() {
                            return;
                        }
                    }
                }
            }
        });
        Stream { position, left_over: Bytes::new(), chunks }
    }
}

impl Stream {
    /// At least one and at most `len` bytes.
    fn take(&mut self, len: usize) -> Result<Bytes, CallError> {
        while self.left_over.is_empty() {
            self.left_over = wait(self.chunks.recv()).unwrap_or_else(|| {
                let fault = aws_call::Fault::Connection;
                Err(CallError::new("GET blob", fault).with_message("the blob ended before its last byte"))
            })?;
        }
        let taken = self.left_over.split_to(len.min(self.left_over.len()));
        self.position += taken.len() as u64;
        Ok(taken)
    }
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Waits for `future` on this thread, whichever thread that is.
fn wait<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut context = Context::from_waker(&waker);
    loop {
        match future.as_mut().poll(&mut context) {
            Poll::Ready(output) => return output,
            Poll::Pending => thread::park(),
        }
    }
}
