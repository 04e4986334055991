//! The body of an upload: a blob, read in large blocks on threads that may block, one block ahead of the network. No byte is
//! copied between the file and the socket's buffer.

use std::{
    future::Future,
    io,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tokio::{sync::mpsc::UnboundedSender, task::JoinHandle};

use crate::{
    digest::Hasher,
    door::same,
    error::Error,
    image::{Blob, Buffers},
};

/// How many bytes are read at a time. Every thread that reads keeps memory for a few of them, so twice as many would double
/// what a push holds and save nothing that can be measured.
pub(super) const BLOCK: u64 = 256 << 10;

/// What a request sends.
pub(super) enum Outgoing {
    /// These bytes.
    Whole(Option<Bytes>),
    /// A blob.
    Blob(Box<Reading>),
}

impl Outgoing {
    pub(super) const fn empty() -> Self {
        Self::Whole(None)
    }

    pub(super) const fn bytes(bytes: Bytes) -> Self {
        Self::Whole(Some(bytes))
    }
}

/// Where a body leaves the error that ended it: HTTP libraries pass it on as a mere text.
#[derive(Clone, Default)]
pub(super) struct Problem(Arc<Mutex<Option<Error>>>);

impl Problem {
    pub(super) fn set(&self, error: Error) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
    }

    pub(super) fn is_set(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).is_some()
    }

    pub(super) fn take(&self) -> Option<Error> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// The next bytes, and the hasher that has seen them.
type Block = (Result<Bytes, Error>, Option<Hasher>);

/// A blob on its way.
pub(super) struct Reading {
    blob: Blob,
    buffers: Buffers,
    position: u64,
    ahead: Option<JoinHandle<Block>>,
    hasher: Option<Hasher>,
    /// Gets the position after each block that the network took.
    taken: UnboundedSender<u64>,
    problem: Problem,
}

impl Reading {
    pub(super) fn new(blob: Blob, hash: bool, taken: UnboundedSender<u64>, problem: Problem) -> Self {
        let buffers = Buffers::new(usize::try_from(BLOCK).unwrap_or(usize::MAX));
        Self { blob, buffers, position: 0, ahead: None, hasher: hash.then(Hasher::new), taken, problem }
    }

    /// Begins to read the next block. The last one is held back if the digest turns out to be wrong.
    fn read(&mut self) -> Option<&mut JoinHandle<Block>> {
        let left = self.blob.size() - self.position;
        if self.ahead.is_none() && left > 0 {
            let (blob, position, len) = (self.blob.clone(), self.position, BLOCK.min(left));
            let (buffers, hasher) = (self.buffers.clone(), self.hasher.take());
            self.ahead = Some(tokio::task::spawn_blocking(move || block(&blob, &buffers, position, len, hasher)));
        }
        self.ahead.as_mut()
    }

    fn poll_block(&mut self, cx: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let Some(reading) = self.read() else { return Poll::Ready(None) };
        let done = ready!(Pin::new(reading).poll(cx));
        self.ahead = None;
        let failed = |error: Error| {
            let text = error.to_string();
            self.problem.set(error);
            Poll::Ready(Some(Err(io::Error::other(text))))
        };
        match done {
            Ok((Ok(bytes), hasher)) => {
                self.hasher = hasher;
                self.position += bytes.len() as u64;
                self.read();
                // Nobody listens any more when the request was given up.
                let _ = self.taken.send(self.position);
                Poll::Ready(Some(Ok(Frame::data(bytes))))
            }
            Ok((Err(error), _)) => failed(error),
            Err(error) => Poll::Ready(Some(Err(io::Error::other(error)))),
        }
    }
}

fn block(blob: &Blob, buffers: &Buffers, position: u64, len: u64, hasher: Option<Hasher>) -> Block {
    let bytes = match blob.read_through(buffers, position, len) {
        Ok(bytes) => bytes,
        Err(error) => return (Err(error), None),
    };
    let Some(mut hasher) = hasher else { return (Ok(bytes), None) };
    hasher.update(&bytes);
    if position + len == blob.size()
        && let Err(mismatch) = same(blob.digest(), hasher.clone().finish())
    {
        return (Err(mismatch.into()), None);
    }
    (Ok(bytes), Some(hasher))
}

impl Body for Outgoing {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        match &mut *self {
            Self::Whole(bytes) => Poll::Ready(bytes.take().map(|bytes| Ok(Frame::data(bytes)))),
            Self::Blob(reading) => reading.poll_block(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Whole(bytes) => bytes.is_none(),
            Self::Blob(reading) => reading.ahead.is_none() && reading.position == reading.blob.size(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(match self {
            Self::Whole(bytes) => bytes.as_ref().map_or(0, |bytes| bytes.len() as u64),
            Self::Blob(reading) => reading.blob.size() - reading.position,
        })
    }
}
