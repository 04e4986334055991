//! OCI image layouts: the directory form in which builders hand over images (OCI image specification, `image-layout`).
//!
//! Reading checks the digests of manifests and configurations and the sizes of layers; the digests of layers are left to
//! the registry, or to [`Blob::verify`].

use std::{
    collections::BTreeMap,
    fs,
    io::Read,
    path::{Path, PathBuf},
};

use bytes::Bytes;

use super::read::{Files, INDEX, MARKER, REF_NAME, Reader, blob_name, check, index_of};
use crate::{
    digest::Digest,
    error::{DocumentError, Error, IoError},
    image::{Blob, Image},
    manifest::{Descriptor, IndexManifest, Platform},
};

const MARKER_TEXT: &str = r#"{"imageLayoutVersion":"1.0.0"}"#;

/// Which image of a layout.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Select {
    /// The only one there is.
    Only,
    /// The one with this `org.opencontainers.image.ref.name`.
    Name(String),
    /// The one with this digest.
    Digest(Digest),
}

/// Reads an image from the layout in `dir`. Layers stay in their files.
///
/// # Errors
/// [`Error::Io`] if a file cannot be read, [`Error::Document`] if one is not valid or the selection does not name exactly
/// one image, [`Error::DigestMismatch`] and [`Error::Size`] if a blob is not what its descriptor says.
pub fn read(dir: &Path, select: &Select) -> Result<Image, Error> {
    Reader::new(&Layout::new(dir)).image(select, None)
}

/// Reads the image for one platform; of an index, the other images need not be there.
///
/// # Errors
/// As [`read`].
pub fn read_platform(dir: &Path, select: &Select, platform: &Platform) -> Result<Image, Error> {
    Reader::new(&Layout::new(dir)).image(select, Some(platform))
}

/// The artifacts of the layout in `dir` that name `image` or one of its children as their subject: signatures,
/// attestations, and what refers to those in turn.
///
/// # Errors
/// As [`read`].
pub fn referrers(dir: &Path, image: &Image) -> Result<Vec<Image>, Error> {
    Reader::new(&Layout::new(dir)).referrers(image)
}

/// Writes `image` into the layout in `dir`, which is created if need be. Images that are there stay; an entry with the
/// same name is replaced. `index.json` is written last, so a layout never names a blob that is not there.
///
/// # Errors
/// [`Error::Io`] if a file cannot be written, [`Error::DigestMismatch`] if a blob is not what its descriptor says.
pub fn write(image: &Image, dir: &Path, name: Option<&str>) -> Result<(), Error> {
    let layout = Layout::new(dir);
    let blobs = layout.path("blobs").join("sha256");
    fs::create_dir_all(&blobs).map_err(|error| IoError::new("create", &blobs, error))?;
    for blob in image.blobs() {
        layout.write_blob(blob)?;
    }
    for manifest in image.manifests() {
        replace(&layout.blob(manifest.digest()), manifest.bytes())?;
    }
    let mut index = if layout.path(INDEX).exists() {
        index_of(&layout)?
    } else {
        IndexManifest {
            schema_version: 2,
            media_type: Some(crate::media::MediaType::OciIndex),
            manifests: Vec::new(),
            annotations: BTreeMap::new(),
            other: BTreeMap::new(),
        }
    };
    let mut descriptor = image.manifest().descriptor();
    descriptor.platform = image.platform()?;
    descriptor.annotations.extend(name.map(|name| (REF_NAME.to_owned(), name.to_owned())));
    index.manifests.retain(|entry| match name {
        Some(name) => entry.annotations.get(REF_NAME).map(String::as_str) != Some(name),
        None => entry.digest != descriptor.digest || entry.annotations.contains_key(REF_NAME),
    });
    index.manifests.push(descriptor);
    let text = serde_json::to_vec(&index).map_err(|error| DocumentError::new("the new index.json", error))?;
    replace(&layout.path(MARKER), MARKER_TEXT.as_bytes())?;
    replace(&layout.path(INDEX), &text)
}

struct Layout<'a> {
    dir: &'a Path,
}

impl<'a> Layout<'a> {
    const fn new(dir: &'a Path) -> Self {
        Self { dir }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    fn blob(&self, digest: Digest) -> PathBuf {
        self.path(&blob_name(digest))
    }

    fn write_blob(&self, blob: &Blob) -> Result<(), Error> {
        let path = self.blob(blob.digest());
        if path.metadata().is_ok_and(|metadata| metadata.len() == blob.size()) {
            return Ok(());
        }
        let io = |error| IoError::new("write", &path, error);
        let partial = path.with_extension("partial");
        let file = fs::File::create(&partial).map_err(io)?;
        let mut writer = crate::digest::HashingWriter::new(file);
        let mut offset = 0;
        while offset < blob.size() {
            let bytes = blob.read_at(offset, (1 << 20).min(blob.size() - offset))?;
            std::io::Write::write_all(&mut writer, &bytes).map_err(io)?;
            offset += bytes.len() as u64;
        }
        let (_, digest, _) = writer.finish();
        check(&path.display().to_string(), blob.digest(), digest)?;
        fs::rename(&partial, &path).map_err(io)?;
        Ok(())
    }
}

impl Files for Layout<'_> {
    fn document(&self, name: &str, limit: u64) -> Result<Bytes, Error> {
        read_bounded(&self.path(name), limit)
    }

    fn blob(&self, descriptor: &Descriptor) -> Result<Blob, Error> {
        Blob::from_file(descriptor.clone(), &Layout::blob(self, descriptor.digest))
    }

    fn shown(&self, name: &str) -> String {
        self.path(name).display().to_string()
    }
}

fn read_bounded(path: &Path, limit: u64) -> Result<Bytes, Error> {
    let mut bytes = Vec::new();
    fs::File::open(path)
        .and_then(|file| file.take(limit + 1).read_to_end(&mut bytes))
        .map_err(|error| IoError::new("read", path, error))?;
    if bytes.len() as u64 > limit {
        return Err(DocumentError::new(path.display().to_string(), format!("it has more than {limit} bytes")).into());
    }
    Ok(bytes.into())
}

/// Writes beside and renames, so that a reader sees the old file or the new one.
fn replace(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let partial = path.with_extension("partial");
    fs::write(&partial, bytes)
        .and_then(|()| fs::rename(&partial, path))
        .map_err(|error| IoError::new("write", path, error).into())
}
