//! The body of an upload: a blob, read in large blocks. What the system holds in memory is read where it is sent, through a
//! buffer that stays in the processor's cache. What must come from a disk or be hashed is read on threads that may block, one
//! block ahead of the network. No byte is copied between the file and the socket's buffer.

use std::{
    future::Future,
    io,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
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

/// How many bytes are read at a time: few enough for the cache of one core, enough that a wake for each costs little.
pub(super) const BLOCK: u64 = 512 << 10;

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
    next: Option<Next>,
    hasher: Option<Hasher>,
    /// Gets the position after each block that the network took.
    taken: UnboundedSender<u64>,
    problem: Problem,
}

/// The block at the position.
enum Next {
    Read(Bytes),
    Awaited(JoinHandle<Block>),
}

impl Reading {
    pub(super) fn new(blob: Blob, hash: bool, taken: UnboundedSender<u64>, problem: Problem) -> Self {
        let buffers = Buffers::new(usize::try_from(BLOCK).unwrap_or(usize::MAX));
        Self { blob, buffers, position: 0, next: None, hasher: hash.then(Hasher::new), taken, problem }
    }

    /// Reads the next block if that takes no waiting, and has it read elsewhere otherwise; `None` at the end.
    fn read(&mut self) -> Option<Next> {
        let (position, left) = (self.position, self.blob.size() - self.position);
        let len = BLOCK.min(left);
        if len == 0 {
            return None;
        }
        if self.hasher.is_none()
            && let Some(bytes) = self.blob.read_cached(&self.buffers, position, len)
        {
            return Some(Next::Read(bytes));
        }
        let (blob, buffers, hasher) = (self.blob.clone(), self.buffers.clone(), self.hasher.take());
        Some(Next::Awaited(tokio::task::spawn_blocking(move || block(&blob, &buffers, position, len, hasher))))
    }

    fn poll_block(&mut self, cx: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let (read, ahead) = match self.next.take().or_else(|| self.read()) {
            None => return Poll::Ready(None),
            Some(Next::Read(bytes)) => (Ok(bytes), false),
            Some(Next::Awaited(mut task)) => match Pin::new(&mut task).poll(cx) {
                Poll::Pending => {
                    self.next = Some(Next::Awaited(task));
                    return Poll::Pending;
                }
                Poll::Ready(Ok((read, hasher))) => {
                    self.hasher = hasher;
                    (read, true)
                }
                Poll::Ready(Err(error)) => return Poll::Ready(Some(Err(io::Error::other(error)))),
            },
        };
        Poll::Ready(Some(match read {
            Ok(bytes) => {
                self.position += bytes.len() as u64;
                self.next = if ahead { self.read() } else { None };
                // Nobody listens any more when the request was given up.
                let _ = self.taken.send(self.position);
                Ok(Frame::data(bytes))
            }
            Err(error) => {
                let text = error.to_string();
                self.problem.set(error);
                Err(io::Error::other(text))
            }
        }))
    }
}

/// Reads a block. The last one is held back if the digest turns out to be wrong.
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
            Self::Blob(reading) => reading.position == reading.blob.size(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(match self {
            Self::Whole(bytes) => bytes.as_ref().map_or(0, |bytes| bytes.len() as u64),
            Self::Blob(reading) => reading.blob.size() - reading.position,
        })
    }
}
