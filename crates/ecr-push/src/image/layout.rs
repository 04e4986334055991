//! OCI image layouts: the directory form in which builders hand over images (OCI image specification, `image-layout`).
//!
//! Reading checks the digests of manifests and configurations and the sizes of layers; the digests of layers are left to
//! the registry, or to [`Blob::verify`].

use std::{
    cell::Cell,
    collections::BTreeMap,
    fs,
    io::Read,
    path::{Path, PathBuf},
};

use bytes::Bytes;
use serde::Deserialize;

use crate::{
    digest::Digest,
    error::{DigestMismatch, DocumentError, Error, IoError},
    image::{Blob, Image},
    manifest::{Descriptor, IndexManifest, MANIFEST_LIMIT, Manifest, RawManifest},
};

/// The annotation under which an entry of `index.json` carries its tag.
const REF_NAME: &str = "org.opencontainers.image.ref.name";
const MARKER: &str = r#"{"imageLayoutVersion":"1.0.0"}"#;
/// Deeper nesting is not made by any tool; without a bound, a hostile layout could exhaust the stack.
const DEPTH: usize = 8;
/// Entries of indexes in all, each counted as often as it is reached: a hostile layout could let a few files stand for
/// billions of images.
const MANIFESTS: usize = 10_000;
/// The most bytes of `index.json` and of a configuration.
const DOCUMENT_LIMIT: u64 = 8 << 20;

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

#[derive(Deserialize)]
struct Marker {
    #[serde(rename = "imageLayoutVersion")]
    version: String,
}

/// Reads an image from the layout in `dir`. Layers stay in their files.
///
/// # Errors
/// [`Error::Io`] if a file cannot be read, [`Error::Document`] if one is not valid or the selection does not name exactly
/// one image, [`Error::DigestMismatch`] and [`Error::Size`] if a blob is not what its descriptor says.
pub fn read(dir: &Path, select: &Select) -> Result<Image, Error> {
    let layout = Layout::new(dir);
    layout.check_marker()?;
    let index = layout.index()?;
    let choice = |descriptor: &&Descriptor| match select {
        Select::Only => true,
        Select::Name(name) => descriptor.annotations.get(REF_NAME) == Some(name),
        Select::Digest(digest) => descriptor.digest == *digest,
    };
    let mut found: Vec<&Descriptor> = index.manifests.iter().filter(choice).collect();
    found.dedup_by_key(|descriptor| descriptor.digest);
    match found.as_slice() {
        [descriptor] => layout.image(descriptor, DEPTH),
        other => {
            let names: Vec<&str> =
                index.manifests.iter().filter_map(|d| d.annotations.get(REF_NAME)).map(String::as_str).collect();
            let why =
                format!("{} entries fit the selection {select:?}; its names are [{}]", other.len(), names.join(", "));
            Err(DocumentError::new(layout.path("index.json").display().to_string(), why).into())
        }
    }
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
    let mut index = if layout.path("index.json").exists() {
        layout.check_marker()?;
        layout.index()?
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
    replace(&layout.path("oci-layout"), MARKER.as_bytes())?;
    replace(&layout.path("index.json"), &text)
}

struct Layout<'a> {
    dir: &'a Path,
    /// How many more manifests may be read.
    left: Cell<usize>,
}

impl<'a> Layout<'a> {
    const fn new(dir: &'a Path) -> Self {
        Self { dir, left: Cell::new(MANIFESTS) }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    fn blob(&self, digest: Digest) -> PathBuf {
        // The name consists of hexadecimal digits by construction, so it cannot lead out of the directory.
        self.path("blobs").join("sha256").join(digest.hex())
    }

    fn check_marker(&self) -> Result<(), Error> {
        let path = self.path("oci-layout");
        let marker: Marker = json(&path, &read_bounded(&path, DOCUMENT_LIMIT)?)?;
        if marker.version.starts_with("1.") {
            return Ok(());
        }
        let why = format!("layout version `{}` is not known; 1.x is", marker.version);
        Err(DocumentError::new(path.display().to_string(), why).into())
    }

    fn index(&self) -> Result<IndexManifest, Error> {
        let path = self.path("index.json");
        json(&path, &read_bounded(&path, DOCUMENT_LIMIT)?)
    }

    fn image(&self, descriptor: &Descriptor, depth: usize) -> Result<Image, Error> {
        let path = self.blob(descriptor.digest);
        let (Some(depth), Some(left)) = (depth.checked_sub(1), self.left.get().checked_sub(1)) else {
            let why = format!("indexes are nested more than {DEPTH} deep, or name more than {MANIFESTS} manifests");
            return Err(DocumentError::new(path.display().to_string(), why).into());
        };
        self.left.set(left);
        let bytes = read_bounded(&path, MANIFEST_LIMIT as u64)?;
        check(&path, descriptor.digest, Digest::of(&bytes))?;
        let manifest = RawManifest::parse(bytes, Some(&descriptor.media_type))?;
        match manifest.manifest() {
            Manifest::Index(index) => {
                let children: Result<_, Error> = index.manifests.iter().map(|d| self.image(d, depth)).collect();
                let children = children?;
                Image::from_index(manifest, children)
            }
            Manifest::Image(parsed) => {
                let config_path = self.blob(parsed.config.digest);
                let config = read_bounded(&config_path, DOCUMENT_LIMIT)?;
                check(&config_path, parsed.config.digest, Digest::of(&config))?;
                let config = Blob::hashed(parsed.config.media_type.clone(), parsed.config.digest, config);
                let local = parsed.layers.iter().filter(|layer| !layer.media_type.is_foreign());
                let layers: Result<_, Error> =
                    local.map(|layer| Blob::from_file(layer.clone(), &self.blob(layer.digest))).collect();
                let layers = layers?;
                Image::new(manifest, config, layers)
            }
        }
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
        check(&path, blob.digest(), digest)?;
        fs::rename(&partial, &path).map_err(io)?;
        Ok(())
    }
}

fn check(path: &Path, expected: Digest, actual: Digest) -> Result<(), Error> {
    if expected == actual {
        return Ok(());
    }
    let what = path.display().to_string();
    Err(DigestMismatch::new(what, "reading it", expected, actual, "the file was damaged: make the image again").into())
}

fn json<T: serde::de::DeserializeOwned>(path: &Path, bytes: &[u8]) -> Result<T, Error> {
    serde_json::from_slice(bytes).map_err(|error| DocumentError::new(path.display().to_string(), error).into())
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
