//! A part of an open file, read by position: the members of an archive are used where they lie, by several readers at once,
//! and the archive is never unpacked.

use std::{fs::File, io, path::Path, sync::Arc};

use crate::error::{Error, IoError};

/// `len` bytes of a file from `offset` on. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Section {
    file: Arc<File>,
    /// How messages name it.
    name: Arc<Path>,
    offset: u64,
    len: u64,
}

impl Section {
    pub(crate) fn new(file: Arc<File>, name: &Path, offset: u64, len: u64) -> Self {
        Self { file, name: name.into(), offset, len }
    }

    pub(crate) const fn len(&self) -> u64 {
        self.len
    }

    pub(crate) const fn offset(&self) -> u64 {
        self.offset
    }

    pub(crate) fn name(&self) -> std::path::Display<'_> {
        self.name.display()
    }

    /// Up to `len` bytes from `offset` on; fewer where the section or the file ends.
    pub(crate) fn read_at(&self, offset: u64, len: u64) -> Result<Vec<u8>, Error> {
        let len = len.min(self.len.saturating_sub(offset));
        // Reads are of a megabyte or of a bounded document; what the caller bounds fits the address space.
        let mut bytes = vec![0; usize::try_from(len).unwrap_or(usize::MAX)];
        let read = self.read_into(&mut bytes, offset)?;
        bytes.truncate(read);
        Ok(bytes)
    }

    /// Fills `bytes` from `offset` on, as far as the section and the file go; returns how many bytes there were.
    pub(crate) fn read_into(&self, bytes: &mut [u8], offset: u64) -> Result<usize, IoError> {
        self.fill(bytes, offset).map_err(|error| IoError::new("read", &*self.name, error))
    }

    /// Fills `bytes` from `offset` on if the system holds all of them in memory, so that nothing waits for a disk.
    #[cfg(all(feature = "https", target_os = "linux"))]
    pub(crate) fn fill_cached(&self, bytes: &mut [u8], offset: u64) -> bool {
        use rustix::io::{ReadWriteFlags, preadv2};
        let wanted = bytes.len();
        let parts = &mut [io::IoSliceMut::new(bytes)];
        let within = self.len.checked_sub(offset).is_some_and(|left| wanted as u64 <= left);
        within && preadv2(&*self.file, parts, self.offset + offset, ReadWriteFlags::NOWAIT) == Ok(wanted)
    }

    /// Other systems cannot be asked.
    #[cfg(all(feature = "https", not(target_os = "linux")))]
    pub(crate) fn fill_cached(&self, _: &mut [u8], _: u64) -> bool {
        false
    }

    /// Reads it from its beginning to its end.
    pub(crate) const fn reader(&self) -> Reader<'_> {
        Reader { section: self, at: 0 }
    }

    /// Fills `bytes` from `offset` on; returns how many bytes there were.
    pub(crate) fn fill(&self, bytes: &mut [u8], offset: u64) -> io::Result<usize> {
        let left = usize::try_from(self.len.saturating_sub(offset)).unwrap_or(usize::MAX);
        let wanted = bytes.len().min(left);
        let mut read = 0;
        while read < wanted {
            match read_some(&self.file, &mut bytes[read..wanted], self.offset + offset + read as u64) {
                Ok(0) => break,
                Ok(count) => read += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(read)
    }
}

/// A section read in order.
pub(crate) struct Reader<'a> {
    section: &'a Section,
    at: u64,
}

impl io::Read for Reader<'_> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let read = self.section.fill(bytes, self.at)?;
        self.at += read as u64;
        Ok(read)
    }
}

#[cfg(unix)]
fn read_some(file: &File, bytes: &mut [u8], offset: u64) -> io::Result<usize> {
    std::os::unix::fs::FileExt::read_at(file, bytes, offset)
}

#[cfg(windows)]
fn read_some(file: &File, bytes: &mut [u8], offset: u64) -> io::Result<usize> {
    std::os::windows::fs::FileExt::seek_read(file, bytes, offset)
}

#[cfg(all(test, feature = "https"))]
mod tests {
    use super::*;

    #[test]
    fn what_is_in_memory_is_what_is_read() {
        let mut file = tempfile::tempfile().unwrap();
        io::Write::write_all(&mut file, b"0123456789").unwrap();
        let section = Section::new(Arc::new(file), Path::new("file"), 2, 6);
        let mut bytes = [0; 4];
        let tells = {
            // Some file systems cannot tell, and other systems than Linux neither.
            #[cfg(target_os = "linux")]
            let part = rustix::io::preadv2(
                &*section.file,
                &mut [io::IoSliceMut::new(&mut [0; 4])],
                3,
                rustix::io::ReadWriteFlags::NOWAIT,
            ) == Ok(4);
            #[cfg(not(target_os = "linux"))]
            let part = false;
            part
        };
        assert_eq!(section.fill_cached(&mut bytes, 1), tells);
        assert_eq!(&bytes, if tells { b"3456" } else { &[0; 4] });
        assert!(!section.fill_cached(&mut bytes, 3), "it ends before");
        assert!(!section.fill_cached(&mut bytes, 7) && !section.fill_cached(&mut bytes, u64::MAX));
        let cut = Section::new(Arc::clone(&section.file), Path::new("file"), 2, 60);
        assert!(!cut.fill_cached(&mut bytes, 6), "the file has become shorter");
    }
}
