//! Buffers that are used again: a layer of gigabytes is read through the same few, and the system need not find, clear and
//! map new memory for each block.

#![cfg_attr(not(feature = "local"), allow(dead_code, reason = "only files are read through buffers"))]

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;

/// Buffers of one size that come back when the bytes in them have been used. Clones share them.
#[derive(Debug, Clone)]
pub(crate) struct Buffers {
    size: usize,
    free: Arc<Mutex<Vec<Vec<u8>>>>,
}

/// The bytes at the beginning of a buffer.
struct Lent {
    buffer: Vec<u8>,
    len: usize,
    home: Buffers,
}

impl AsRef<[u8]> for Lent {
    fn as_ref(&self) -> &[u8] {
        &self.buffer[..self.len]
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        let buffer = std::mem::take(&mut self.buffer);
        self.home.free.lock().unwrap_or_else(PoisonError::into_inner).push(buffer);
    }
}

impl Buffers {
    /// None yet; each will have this size.
    pub(crate) fn new(size: usize) -> Self {
        Self { size, free: Arc::default() }
    }

    /// Lets `fill` write `len` bytes into a buffer; the bytes that it says it wrote.
    pub(crate) fn filled<E>(&self, len: usize, fill: impl FnOnce(&mut [u8]) -> Result<usize, E>) -> Result<Bytes, E> {
        let free = self.free.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut lent = Lent { buffer: free.unwrap_or_else(|| vec![0; self.size]), len: 0, home: self.clone() };
        lent.len = fill(&mut lent.buffer[..len.min(self.size)])?.min(self.size);
        Ok(Bytes::from_owner(lent))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buffers_come_back() {
        let buffers = Buffers::new(4);
        let write = |text: &'static [u8]| {
            buffers.filled(text.len(), |buffer| {
                buffer.copy_from_slice(text);
                Ok::<_, ()>(buffer.len())
            })
        };
        let (one, two) = (write(b"abcd").unwrap(), write(b"ef").unwrap());
        assert_eq!((one.as_ref(), two.as_ref()), (&b"abcd"[..], &b"ef"[..]));
        let at = one.as_ptr();
        let part = one.slice(1..3);
        drop(one);
        assert_ne!(write(b"xy").unwrap().as_ptr(), at, "a part of it is still used");
        drop(part);
        assert_eq!(buffers.free.lock().unwrap().len(), 2);
        assert_eq!(buffers.filled(1, |_| Err("nothing to read")), Err("nothing to read"));
        assert_eq!(buffers.free.lock().unwrap().len(), 2);
    }
}
