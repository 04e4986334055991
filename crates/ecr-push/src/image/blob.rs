//! Blobs: bytes with a known digest and size, in memory or in a file. A layer of gigabytes is read part by part.

#[cfg(feature = "local")]
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;

use super::buffers::Buffers;
#[cfg(feature = "local")]
use super::section::Section;
#[cfg(feature = "local")]
use crate::error::IoError;
use crate::{
    digest::{Digest, Hasher},
    error::{BlobElsewhere, Error, SizeError},
    manifest::Descriptor,
    media::MediaType,
};

/// A layer or configuration. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Blob {
    descriptor: Arc<Descriptor>,
    source: Source,
}

#[derive(Debug, Clone)]
enum Source {
    Memory(Bytes),
    #[cfg(feature = "local")]
    File(Arc<PathBuf>),
    #[cfg(feature = "local")]
    Section(Section),
    #[cfg(feature = "https")]
    Remote(Arc<super::remote::Remote>),
    Elsewhere,
}

/// How many bytes are read at a time where a blob is only looked through.
const STEP: u64 = 1 << 20;

impl Blob {
    /// A blob in memory; its digest is computed.
    #[must_use]
    pub fn from_bytes(media_type: MediaType, bytes: impl Into<Bytes>) -> Self {
        let bytes = bytes.into();
        Self::hashed(media_type, Digest::of(&bytes), bytes)
    }

    /// A blob in memory whose digest was computed while it was written.
    pub(crate) fn hashed(media_type: MediaType, digest: Digest, bytes: Bytes) -> Self {
        let descriptor = Arc::new(Descriptor::new(media_type, digest, bytes.len() as u64));
        Self { descriptor, source: Source::Memory(bytes) }
    }

    /// A blob in a file that must have the descriptor's size. The digest is not checked here: the registry checks it,
    /// and [`verify`](Self::verify) does on demand.
    ///
    /// # Errors
    /// [`Error::Io`] if the file cannot be opened, [`Error::Size`] if it has another size.
    #[cfg(feature = "local")]
    pub fn from_file(descriptor: Descriptor, path: &Path) -> Result<Self, Error> {
        let metadata = path.metadata().map_err(|error| IoError::new("read", path, error))?;
        if !metadata.is_file() || metadata.len() != descriptor.size {
            let problem = format!(
                "`{}` has {} bytes, but the descriptor says {}; the file is incomplete or was changed",
                path.display(),
                metadata.len(),
                descriptor.size
            );
            return Err(SizeError::new(descriptor.digest, problem).into());
        }
        Ok(Self { descriptor: Arc::new(descriptor), source: Source::File(Arc::new(path.to_owned())) })
    }

    /// A blob that is a part of an open file: a member of an archive.
    #[cfg(feature = "local")]
    pub(crate) fn from_section(descriptor: Descriptor, section: Section) -> Result<Self, Error> {
        if section.len() != descriptor.size {
            let problem = format!(
                "`{}` has {} bytes, but the descriptor says {}; the archive is incomplete or was changed",
                section.name(),
                section.len(),
                descriptor.size
            );
            return Err(SizeError::new(descriptor.digest, problem).into());
        }
        Ok(Self { descriptor: Arc::new(descriptor), source: Source::Section(section) })
    }

    /// A blob of a registry, fetched when it is read. Must be called on tokio.
    #[cfg(feature = "https")]
    pub(crate) fn remote(
        descriptor: Descriptor,
        registry: crate::oci::OciRegistry,
        repository: crate::reference::RepositoryName,
    ) -> Self {
        let remote = Arc::new(super::remote::Remote::new(registry, repository));
        Self { descriptor: Arc::new(descriptor), source: Source::Remote(remote) }
    }

    /// A blob whose bytes are not at hand because the registry has them: an image that names it can be pushed there, and
    /// nowhere else.
    #[must_use]
    pub fn elsewhere(descriptor: Descriptor) -> Self {
        Self { descriptor: Arc::new(descriptor), source: Source::Elsewhere }
    }

    /// Whether the bytes are not at hand; then every read fails with [`Error::BlobElsewhere`].
    #[must_use]
    pub const fn is_elsewhere(&self) -> bool {
        matches!(self.source, Source::Elsewhere)
    }

    /// How a manifest refers to this blob.
    #[must_use]
    pub fn descriptor(&self) -> &Descriptor {
        &self.descriptor
    }

    /// The digest.
    #[must_use]
    pub fn digest(&self) -> Digest {
        self.descriptor.digest
    }

    /// How many bytes it has.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.descriptor.size
    }

    /// What it is.
    #[must_use]
    pub fn media_type(&self) -> &MediaType {
        &self.descriptor.media_type
    }

    /// Reads `len` bytes from `offset` on. Blocks the thread while a file is read.
    ///
    /// # Errors
    /// [`Error::Io`] if the file cannot be read, [`Error::Size`] if the blob ends before, [`Error::BlobElsewhere`] if the
    /// bytes are not at hand.
    pub fn read_at(&self, offset: u64, len: u64) -> Result<Bytes, Error> {
        self.read_through(&Buffers::new(usize::try_from(len).unwrap_or(usize::MAX)), offset, len)
    }

    /// As [`read_at`](Self::read_at), through buffers that are used again; `len` is at most their size.
    #[cfg_attr(not(feature = "local"), allow(unused_variables, reason = "only files are read through buffers"))]
    pub(crate) fn read_through(&self, buffers: &Buffers, offset: u64, len: u64) -> Result<Bytes, Error> {
        let end = offset.checked_add(len).filter(|end| *end <= self.size());
        let Some(end) = end else {
            let problem = format!("{len} bytes from {offset} on are asked for, but it has {}", self.size());
            return Err(SizeError::new(self.digest(), problem).into());
        };
        match &self.source {
            Source::Memory(bytes) => {
                // Both lie within the bytes in memory, whose length is a `usize`.
                let range = usize::try_from(offset).unwrap_or(0)..usize::try_from(end).unwrap_or(0);
                Ok(bytes.slice(range))
            }
            #[cfg(feature = "local")]
            Source::File(path) => self.section_read(&self.opened(path)?, buffers, offset, len),
            #[cfg(feature = "local")]
            Source::Section(section) => self.section_read(section, buffers, offset, len),
            #[cfg(feature = "https")]
            Source::Remote(remote) => {
                remote.read_at(&self.descriptor, offset, usize::try_from(len).unwrap_or(usize::MAX))
            }
            Source::Elsewhere => Err(BlobElsewhere::new(self.digest()).into()),
        }
    }

    /// The same blob, whose file is not opened again for each read.
    #[cfg(feature = "https")]
    pub(crate) fn kept_open(&self) -> Result<Self, Error> {
        match &self.source {
            #[cfg(feature = "local")]
            Source::File(path) => {
                Ok(Self { descriptor: Arc::clone(&self.descriptor), source: Source::Section(self.opened(path)?) })
            }
            _ => Ok(self.clone()),
        }
    }

    /// As [`read_through`](Self::read_through), if that takes no waiting.
    #[cfg(feature = "https")]
    #[cfg_attr(not(feature = "local"), allow(unused_variables, reason = "only files are read through buffers"))]
    pub(crate) fn read_cached(&self, buffers: &Buffers, offset: u64, len: u64) -> Option<Bytes> {
        match &self.source {
            Source::Memory(_) => self.read_through(buffers, offset, len).ok(),
            #[cfg(feature = "local")]
            Source::Section(section) => {
                let fill = |buffer: &mut [u8]| section.fill_cached(buffer, offset).then_some(buffer.len()).ok_or(());
                buffers.filled(usize::try_from(len).ok()?, fill).ok()
            }
            _ => None,
        }
    }

    #[cfg(feature = "local")]
    fn opened(&self, path: &Path) -> Result<Section, IoError> {
        let file = std::fs::File::open(path).map_err(|error| IoError::new("read", path, error))?;
        Ok(Section::new(Arc::new(file), path, 0, self.size()))
    }

    #[cfg(feature = "local")]
    fn section_read(&self, section: &Section, buffers: &Buffers, offset: u64, len: u64) -> Result<Bytes, Error> {
        let wanted = usize::try_from(len).unwrap_or(usize::MAX);
        let bytes = buffers.filled(wanted, |buffer| section.read_into(buffer, offset))?;
        if bytes.len() as u64 != len {
            let problem = format!("`{}` has become shorter while it was read", section.name());
            return Err(SizeError::new(self.digest(), problem).into());
        }
        Ok(bytes)
    }

    /// All bytes. For configurations and other small blobs.
    ///
    /// # Errors
    /// As [`read_at`](Self::read_at).
    pub fn read(&self) -> Result<Bytes, Error> {
        self.read_at(0, self.size())
    }

    /// The digest of the bytes as they are now, to be compared with [`digest`](Self::digest).
    ///
    /// # Errors
    /// As [`read_at`](Self::read_at).
    pub fn verify(&self) -> Result<Digest, Error> {
        let mut hasher = Hasher::new();
        let buffers = Buffers::new(usize::try_from(STEP).unwrap_or(usize::MAX));
        let mut offset = 0;
        while offset < self.size() {
            let bytes = self.read_through(&buffers, offset, STEP.min(self.size() - offset))?;
            hasher.update(&bytes);
            offset += bytes.len() as u64;
        }
        Ok(hasher.finish())
    }
}
