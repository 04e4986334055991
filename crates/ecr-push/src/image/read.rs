//! Reads images out of the files of an OCI layout, wherever those files lie: in a directory or in an archive.

use std::{cell::Cell, collections::BTreeSet};

use bytes::Bytes;
use serde::{Deserialize, de::DeserializeOwned};

use super::layout::Select;
use crate::{
    digest::Digest,
    error::{DigestMismatch, DocumentError, Error},
    image::{Blob, Image, ImageConfig},
    manifest::{Descriptor, IndexManifest, MANIFEST_LIMIT, Manifest, Platform, RawManifest},
    media::MediaType,
};

/// The annotation under which an entry of `index.json` carries its tag.
pub(crate) const REF_NAME: &str = "org.opencontainers.image.ref.name";
/// The one under which containerd and Docker write the whole name.
const CONTAINERD_NAME: &str = "io.containerd.image.name";
/// The file that makes a directory a layout.
pub(crate) const MARKER: &str = "oci-layout";
/// The file that names the images.
pub(crate) const INDEX: &str = "index.json";
/// Deeper nesting is not made by any tool; without a bound, a hostile layout could exhaust the stack.
const DEPTH: usize = 8;
/// Entries of indexes in all, each counted as often as it is reached: a hostile layout could let a few files stand for
/// billions of images.
const MANIFESTS: usize = 10_000;
/// The most bytes of `index.json` and of a configuration.
pub(crate) const DOCUMENT_LIMIT: u64 = 8 << 20;

/// The files of a layout.
pub(crate) trait Files {
    /// The bytes of a file of at most `limit` bytes.
    fn document(&self, name: &str, limit: u64) -> Result<Bytes, Error>;
    /// A layer, which stays where it is.
    fn blob(&self, descriptor: &Descriptor) -> Result<Blob, Error>;
    /// How messages name a file.
    fn shown(&self, name: &str) -> String;
}

#[derive(Deserialize)]
struct Marker {
    #[serde(rename = "imageLayoutVersion")]
    version: String,
}

/// The entries of the layout.
pub(crate) fn index_of(files: &dyn Files) -> Result<IndexManifest, Error> {
    let marker: Marker = json(files, MARKER)?;
    if !marker.version.starts_with("1.") {
        let why = format!("layout version `{}` is not known; 1.x is", marker.version);
        return Err(DocumentError::new(files.shown(MARKER), why).into());
    }
    json(files, INDEX)
}

pub(crate) struct Reader<'a> {
    files: &'a dyn Files,
    /// How many more manifests may be read.
    left: Cell<usize>,
}

impl<'a> Reader<'a> {
    pub(crate) const fn new(files: &'a dyn Files) -> Self {
        Self { files, left: Cell::new(MANIFESTS) }
    }

    pub(crate) fn image(&self, select: &Select, platform: Option<&Platform>) -> Result<Image, Error> {
        let index = index_of(self.files)?;
        let mut found: Vec<&Descriptor> = index.manifests.iter().filter(|entry| fits(entry, select)).collect();
        found.dedup_by_key(|descriptor| descriptor.digest);
        let Some(platform) = platform else {
            return match found.as_slice() {
                [descriptor] => self.read(descriptor, DEPTH),
                other => Err(self.not_one(other.len(), &format!("the selection {select:?}"), &index)),
            };
        };
        let mut fitting: Vec<Descriptor> = Vec::new();
        for entry in found {
            self.search(entry, platform, DEPTH, &mut fitting)?;
        }
        match fitting.as_slice() {
            [descriptor] => self.read(descriptor, DEPTH),
            other => {
                Err(self.not_one(other.len(), &format!("the selection {select:?} and the platform {platform}"), &index))
            }
        }
    }

    /// Whatever has `image`, one of its children or one of what was found as its subject.
    pub(crate) fn referrers(&self, image: &Image) -> Result<Vec<Image>, Error> {
        let index = index_of(self.files)?;
        let mut subjects: BTreeSet<Digest> = image.manifests().into_iter().map(RawManifest::digest).collect();
        let mut open: Vec<(&Descriptor, Digest)> = Vec::new();
        for entry in &index.manifests {
            if !subjects.contains(&entry.digest)
                && let Some(subject) = self.manifest(entry)?.subject()
            {
                open.push((entry, subject));
            }
        }
        let mut found = Vec::new();
        // Signatures can be of attestations, so each round may make room for the next.
        loop {
            let (fit, rest): (Vec<_>, Vec<_>) = open.into_iter().partition(|(_, subject)| subjects.contains(subject));
            if fit.is_empty() {
                return Ok(found);
            }
            for (entry, _) in fit {
                if subjects.insert(entry.digest) {
                    found.push(self.read(entry, DEPTH)?);
                }
            }
            open = rest;
        }
    }

    fn not_one(&self, count: usize, selection: &str, index: &IndexManifest) -> Error {
        let names: Vec<&str> =
            index.manifests.iter().filter_map(|entry| entry.annotations.get(REF_NAME)).map(String::as_str).collect();
        let why = format!("{count} entries fit {selection}; its names are [{}]", names.join(", "));
        DocumentError::new(self.files.shown(INDEX), why).into()
    }

    /// The images for the platform at or below `entry`.
    fn search(
        &self,
        entry: &Descriptor,
        platform: &Platform,
        depth: usize,
        found: &mut Vec<Descriptor>,
    ) -> Result<(), Error> {
        let Some(depth) = depth.checked_sub(1) else { return Err(self.too_deep(entry)) };
        if let Some(said) = &entry.platform
            && !entry.media_type.is_index()
        {
            if said.fits(platform) && found.iter().all(|other| other.digest != entry.digest) {
                found.push(entry.clone());
            }
            return Ok(());
        }
        match self.manifest(entry)?.manifest() {
            Manifest::Index(index) => {
                for child in &index.manifests {
                    self.search(child, platform, depth, found)?;
                }
            }
            Manifest::Image(parsed) => {
                if matches!(parsed.config.media_type, MediaType::OciConfig | MediaType::DockerConfig) {
                    let config: ImageConfig = json(self.files, &blob_name(parsed.config.digest))?;
                    if config.platform().fits(platform) && found.iter().all(|other| other.digest != entry.digest) {
                        found.push(entry.clone());
                    }
                }
            }
        }
        Ok(())
    }

    fn too_deep(&self, descriptor: &Descriptor) -> Error {
        let why = format!("indexes are nested more than {DEPTH} deep, or name more than {MANIFESTS} manifests");
        DocumentError::new(self.files.shown(&blob_name(descriptor.digest)), why).into()
    }

    fn manifest(&self, descriptor: &Descriptor) -> Result<RawManifest, Error> {
        let Some(left) = self.left.get().checked_sub(1) else { return Err(self.too_deep(descriptor)) };
        self.left.set(left);
        let bytes = self.checked(descriptor.digest, MANIFEST_LIMIT as u64)?;
        Ok(RawManifest::parse(bytes, Some(&descriptor.media_type))?)
    }

    fn read(&self, descriptor: &Descriptor, depth: usize) -> Result<Image, Error> {
        let Some(depth) = depth.checked_sub(1) else { return Err(self.too_deep(descriptor)) };
        let manifest = self.manifest(descriptor)?;
        match manifest.manifest() {
            Manifest::Index(index) => {
                let children: Result<_, Error> = index.manifests.iter().map(|entry| self.read(entry, depth)).collect();
                let children = children?;
                Image::from_index(manifest, children)
            }
            Manifest::Image(parsed) => {
                let config = self.checked(parsed.config.digest, DOCUMENT_LIMIT)?;
                let config = Blob::hashed(parsed.config.media_type.clone(), parsed.config.digest, config);
                let local = parsed.layers.iter().filter(|layer| !layer.media_type.is_foreign());
                let layers: Result<_, Error> = local.map(|layer| self.files.blob(layer)).collect();
                let layers = layers?;
                Image::new(manifest, config, layers)
            }
        }
    }

    fn checked(&self, digest: Digest, limit: u64) -> Result<Bytes, Error> {
        let name = blob_name(digest);
        let bytes = self.files.document(&name, limit)?;
        check(&self.files.shown(&name), digest, Digest::of(&bytes))?;
        Ok(bytes)
    }
}

fn fits(entry: &Descriptor, select: &Select) -> bool {
    match select {
        Select::Only => true,
        Select::Name(name) => {
            let long = entry.annotations.get(CONTAINERD_NAME);
            entry.annotations.get(REF_NAME) == Some(name)
                || long.is_some_and(|long| {
                    long == name || long.strip_suffix(name).is_some_and(|r| r.ends_with([':', '/']))
                })
        }
        Select::Digest(digest) => entry.digest == *digest,
    }
}

/// The file of a blob within a layout.
pub(crate) fn blob_name(digest: Digest) -> String {
    // The name consists of hexadecimal digits by construction, so it cannot lead out of the directory.
    format!("blobs/sha256/{}", digest.hex())
}

pub(crate) fn check(what: &str, expected: Digest, actual: Digest) -> Result<(), Error> {
    if expected == actual {
        return Ok(());
    }
    Err(DigestMismatch::new(what, "reading it", expected, actual, "the file was damaged: make the image again").into())
}

fn json<T: DeserializeOwned>(files: &dyn Files, name: &str) -> Result<T, Error> {
    let bytes = files.document(name, DOCUMENT_LIMIT)?;
    serde_json::from_slice(&bytes).map_err(|error| DocumentError::new(files.shown(name), error).into())
}
