//! Where images come from: OCI layouts, in a directory or a tar, and archives of `docker save`, in a file or on a pipe.
//!
//! Archives are indexed in place and never unpacked: a layer is read from where it lies in the tar. Only what comes through a
//! pipe is first written to a nameless file, for layers are read by position.

mod docker;
mod gzip;
pub(crate) mod header;
pub(crate) mod index;
pub mod reuse;
#[cfg(feature = "https")]
mod upload;

use std::{
    fs::File,
    io::{self, Read, Seek, Write},
    path::Path,
    sync::Arc,
};

use bytes::Bytes;

pub use self::docker::{ArchiveLayer, DockerArchive};
#[cfg(feature = "https")]
pub use self::upload::{ArchiveOptions, push_archive};
use self::{docker::MANIFEST, index::TarIndex};
use crate::{
    error::{BuildError, DocumentError, Error, IoError},
    image::{
        Blob, Image,
        layout::{self, Select},
        read::{Files, INDEX, MARKER, Reader, blob_name},
    },
    manifest::{Descriptor, Platform},
    media::MediaType,
};

/// Which image of a source, where it has several.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Selection {
    /// By name or digest.
    pub image: Select,
    /// For which platform; without one, an index is taken whole.
    pub platform: Option<Platform>,
}

impl Default for Selection {
    /// The only image there is.
    fn default() -> Self {
        Self { image: Select::Only, platform: None }
    }
}

impl Selection {
    /// An image by name or digest.
    #[must_use]
    pub const fn new(image: Select) -> Self {
        Self { image, platform: None }
    }

    /// Takes the image for one platform.
    #[must_use]
    pub fn for_platform(mut self, platform: Platform) -> Self {
        self.platform = Some(platform);
        self
    }
}

/// What was found.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Source {
    /// A whole image: manifest, configuration and layers as they are sent.
    Image {
        /// The image or index.
        image: Image,
        /// What has it, or one of its children, as its subject: signatures and attestations. They are pushed after it, by
        /// digest.
        referrers: Vec<Image>,
    },
    /// An image whose layers are yet to be compressed.
    Archive(DockerArchive),
}

impl Source {
    /// The image with its layers as they are sent, and what refers to it. The layers of an archive are compressed, one after
    /// another on up to `threads` threads, into nameless files in `scratch`; [`push_archive`] does so while it sends, and
    /// leaves out what the repository has.
    ///
    /// # Errors
    /// As [`ArchiveLayer::compress`].
    pub fn into_image(self, scratch: &Path, threads: usize) -> Result<(Image, Vec<Image>), Error> {
        match self {
            Self::Image { image, referrers } => Ok((image, referrers)),
            Self::Archive(archive) => {
                let layers: Result<_, Error> =
                    archive.layers().iter().map(|layer| layer.compress(scratch, threads)).collect();
                Ok((archive.image_of(layers?)?, Vec::new()))
            }
        }
    }
}

/// Opens an OCI layout directory, an OCI tar or an archive of `docker save`; which one it is, is found out.
///
/// An archive that holds both forms, as Docker writes since version 25, is read as OCI if its layers are compressed, so that
/// the digests stay what they are, and as an archive of `docker save` if they are not.
///
/// ```
/// use ecr_push::source::{self, Selection, Source};
/// use ecr_push::{ImageBuilder, Layer, Platform, image::layout};
///
/// let directory = tempfile::tempdir()?;
/// let image = ImageBuilder::new(Platform::linux("amd64")).layer(Layer::new().file("/a", "b", 0o644)).build()?;
/// layout::write(&image, directory.path(), Some("1.0"))?;
/// let Source::Image { image: found, .. } = source::open(directory.path(), &Selection::default())? else { panic!() };
/// assert_eq!(found.digest(), image.digest());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`Error::Io`] if something cannot be read, [`Error::Document`] if something is not valid or the selection does not name
/// exactly one image, [`Error::DigestMismatch`] and [`Error::Size`] if a blob is not what its descriptor says, and
/// [`Error::Build`] for an archive that leads out of itself.
pub fn open(path: &Path, selection: &Selection) -> Result<Source, Error> {
    if path.is_dir() {
        let image = match &selection.platform {
            Some(platform) => layout::read_platform(path, &selection.image, platform)?,
            None => layout::read(path, &selection.image)?,
        };
        let referrers = layout::referrers(path, &image)?;
        return Ok(Source::Image { image, referrers });
    }
    let file = File::open(path).map_err(|error| IoError::new("read", path, error))?;
    open_archive(file, path, selection)
}

/// Reads an archive from a pipe: it is first written to a nameless file in `scratch`, of at most `limit` bytes. A compressed
/// archive is decompressed on the way; then the limit counts what it unpacks to.
///
/// # Errors
/// As [`open`], and [`Error::Build`] if there are more bytes than `limit`.
pub fn open_stream(reader: &mut dyn Read, scratch: &Path, limit: u64, selection: &Selection) -> Result<Source, Error> {
    let io = |error| IoError::new("read", "standard input", error);
    let mut magic = [0; 2];
    let mut got = 0;
    while got < magic.len() {
        match reader.read(&mut magic[got..]).map_err(io)? {
            0 => break,
            read => got += read,
        }
    }
    let whole = io::Cursor::new(magic[..got].to_vec()).chain(reader);
    let mut file = tempfile::tempfile_in(scratch).map_err(|error| IoError::new("create a file in", scratch, error))?;
    let copied = if magic == [0x1f, 0x8b] {
        copy(&mut flate2::read::MultiGzDecoder::new(whole), &mut file, limit)
    } else {
        copy(&mut { whole }, &mut file, limit)
    };
    if copied.map_err(io)? > limit {
        let advice = "write it to a file and push that, or raise the limit";
        return Err(BuildError::new("standard input", format!("it has more than {limit} bytes"), advice).into());
    }
    file.rewind().map_err(io)?;
    open_archive(file, Path::new("standard input"), selection)
}

fn copy(from: &mut dyn Read, to: &mut File, limit: u64) -> io::Result<u64> {
    let copied = io::copy(&mut from.take(limit.saturating_add(1)), to)?;
    to.flush()?;
    Ok(copied)
}

fn open_archive(mut file: File, path: &Path, selection: &Selection) -> Result<Source, Error> {
    let mut magic = [0; 2];
    if file.read_exact(&mut magic).is_ok() && magic == [0x1f, 0x8b] {
        let advice = "pipe it in (`-` as source): it is decompressed on the way";
        let problem = "it is compressed as a whole, and layers are read by position";
        return Err(BuildError::new(path.display().to_string(), problem, advice).into());
    }
    let index = TarIndex::read(&Arc::new(file), path)?;
    let platform = selection.platform.as_ref();
    let (oci, docker) =
        (index.section(MARKER).is_some() && index.section(INDEX).is_some(), index.section(MANIFEST).is_some());
    if oci {
        let reader = Reader::new(&index);
        let image = reader.image(&selection.image, platform);
        // Docker without containerd's store writes an OCI part whose layers are not compressed.
        let plain = |image: &Image| image.blobs().iter().any(|blob| *blob.media_type() == MediaType::OciLayer);
        match image {
            Ok(image) if docker && plain(&image) => {}
            Err(_) if docker => {}
            image => {
                let image = image?;
                let referrers = reader.referrers(&image)?;
                return Ok(Source::Image { image, referrers });
            }
        }
    }
    if docker {
        return Ok(Source::Archive(DockerArchive::read(&index, &selection.image, platform)?));
    }
    let why = format!("it has neither `{INDEX}` nor `{MANIFEST}`, so it is no archive of an image");
    Err(DocumentError::new(format!("archive {}", path.display()), why).into())
}

impl Files for TarIndex {
    fn document(&self, name: &str, limit: u64) -> Result<Bytes, Error> {
        let section = self.section(name).ok_or_else(|| docker::absent(self, name))?;
        if section.len() > limit {
            let why = format!("it has more than {limit} bytes");
            return Err(DocumentError::new(self.shown(name), why).into());
        }
        Ok(section.read_at(0, limit)?.into())
    }

    fn blob(&self, descriptor: &Descriptor) -> Result<Blob, Error> {
        let name = blob_name(descriptor.digest);
        let section = self.section(&name).ok_or_else(|| docker::absent(self, &name))?;
        Blob::from_section(descriptor.clone(), section)
    }

    fn shown(&self, name: &str) -> String {
        self.path().join(name).display().to_string()
    }
}
