//! Images: a manifest with its blobs, or an index with its images. An [`Image`] is whole by construction: whatever its
//! manifest names is there, with the size that the manifest says.

mod blob;
mod buffers;
mod config;
#[cfg(feature = "local")]
pub mod layout;
#[cfg(feature = "local")]
pub(crate) mod read;
#[cfg(feature = "https")]
mod remote;
#[cfg(feature = "local")]
pub(crate) mod section;

use std::collections::BTreeSet;

#[cfg(feature = "https")]
pub(crate) use self::buffers::Buffers;
pub use self::{
    blob::Blob,
    config::{Empty, History, ImageConfig, RootFs, RunConfig},
};
use crate::{
    digest::Digest,
    error::{DocumentError, Error},
    manifest::{Descriptor, IndexManifest, Manifest, Platform, RawManifest},
    media::MediaType,
};

/// An image for one platform, or an index of several. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Image {
    manifest: RawManifest,
    content: Content,
}

#[derive(Debug, Clone)]
enum Content {
    Single { config: Blob, layers: Vec<Blob> },
    Index { children: Vec<Image> },
}

impl Image {
    /// An image from its manifest and the blobs that the manifest names. Foreign layers are left out: they stay where
    /// they are.
    ///
    /// # Errors
    /// [`Error::Document`] if the manifest is that of an index or names other blobs than those given.
    pub fn new(manifest: RawManifest, config: Blob, layers: Vec<Blob>) -> Result<Self, Error> {
        let err = |why: String| DocumentError::new(format!("manifest {}", manifest.digest()), why);
        let Manifest::Image(parsed) = manifest.manifest() else {
            return Err(err("it is an index, and an index is made of images".to_owned()).into());
        };
        let named: Vec<&Descriptor> = parsed.layers.iter().filter(|layer| !layer.media_type.is_foreign()).collect();
        if named.len() != layers.len() {
            return Err(err(format!("it names {} layers to push, and {} are given", named.len(), layers.len())).into());
        }
        let pairs = std::iter::once((&parsed.config, &config)).chain(named.into_iter().zip(&layers));
        for (descriptor, blob) in pairs {
            if (descriptor.digest, descriptor.size) != (blob.digest(), blob.size()) {
                let why = format!(
                    "it names {} of {} bytes where {} of {} bytes is given",
                    descriptor.digest,
                    descriptor.size,
                    blob.digest(),
                    blob.size()
                );
                return Err(err(why).into());
            }
        }
        Ok(Self { manifest, content: Content::Single { config, layers } })
    }

    /// A new OCI index over `children`, in the given order, with the platform of each.
    ///
    /// # Errors
    /// [`Error::Document`] if the configuration of a child cannot be read.
    pub fn index(children: Vec<Self>) -> Result<Self, Error> {
        let mut manifests = Vec::with_capacity(children.len());
        for child in &children {
            let mut descriptor = child.manifest.descriptor();
            descriptor.platform = child.platform()?;
            manifests.push(descriptor);
        }
        let index = IndexManifest {
            schema_version: 2,
            media_type: Some(MediaType::OciIndex),
            manifests,
            annotations: std::collections::BTreeMap::new(),
            other: std::collections::BTreeMap::new(),
        };
        let bytes = serde_json::to_vec(&index).map_err(|error| DocumentError::new("the new index", error))?;
        Self::from_index(RawManifest::parse(bytes, None)?, children)
    }

    /// An index from its bytes and the images that it names.
    ///
    /// # Errors
    /// [`Error::Document`] if the manifest is no index or names other images than those given.
    pub fn from_index(manifest: RawManifest, children: Vec<Self>) -> Result<Self, Error> {
        let err = |why: &str| DocumentError::new(format!("index {}", manifest.digest()), why);
        let Manifest::Index(parsed) = manifest.manifest() else {
            return Err(err("it is the manifest of a single image").into());
        };
        let named = parsed.manifests.iter().map(|descriptor| (descriptor.digest, descriptor.size));
        if !named.eq(children.iter().map(|child| (child.digest(), child.manifest.bytes().len() as u64))) {
            return Err(err("it names other images than those given").into());
        }
        Ok(Self { manifest, content: Content::Index { children } })
    }

    /// The digest, by which the image is pulled.
    #[must_use]
    pub const fn digest(&self) -> Digest {
        self.manifest.digest()
    }

    /// The manifest or index itself.
    #[must_use]
    pub const fn manifest(&self) -> &RawManifest {
        &self.manifest
    }

    /// The images of an index; nothing for a single image.
    #[must_use]
    pub fn children(&self) -> &[Self] {
        match &self.content {
            Content::Single { .. } => &[],
            Content::Index { children } => children,
        }
    }

    /// The configuration blob; none for an index.
    #[must_use]
    pub const fn config_blob(&self) -> Option<&Blob> {
        match &self.content {
            Content::Single { config, .. } => Some(config),
            Content::Index { .. } => None,
        }
    }

    /// The layers, the lowest first, without foreign ones; nothing for an index.
    #[must_use]
    pub fn layers(&self) -> &[Blob] {
        match &self.content {
            Content::Single { layers, .. } => layers,
            Content::Index { .. } => &[],
        }
    }

    /// The configuration, read; none for an index and for artifacts that are no images.
    ///
    /// # Errors
    /// [`Error::Io`] if its file cannot be read, [`Error::Document`] if it is not valid.
    pub fn config(&self) -> Result<Option<ImageConfig>, Error> {
        let Some(blob) = self.config_blob() else { return Ok(None) };
        if !matches!(blob.media_type(), MediaType::OciConfig | MediaType::DockerConfig) {
            return Ok(None);
        }
        let bytes = blob.read()?;
        let config = serde_json::from_slice(&bytes)
            .map_err(|error| DocumentError::new(format!("configuration {}", blob.digest()), error))?;
        Ok(Some(config))
    }

    /// For which platform a single image is, by its configuration.
    ///
    /// # Errors
    /// As [`config`](Self::config).
    pub fn platform(&self) -> Result<Option<Platform>, Error> {
        Ok(self.config()?.map(|config| config.platform()))
    }

    /// Every blob of the image and its children once, in the order of first use.
    #[must_use]
    pub fn blobs(&self) -> Vec<&Blob> {
        let mut seen = BTreeSet::new();
        let mut blobs = Vec::new();
        self.visit(&mut |image| {
            blobs.extend(image.layers().iter().chain(image.config_blob()).filter(|blob| seen.insert(blob.digest())));
        });
        blobs
    }

    /// Every manifest once, children before their index: an order in which a registry accepts them.
    #[must_use]
    pub fn manifests(&self) -> Vec<&RawManifest> {
        let mut seen = BTreeSet::new();
        let mut manifests = Vec::new();
        self.visit(&mut |image| {
            if seen.insert(image.digest()) {
                manifests.push(&image.manifest);
            }
        });
        manifests
    }

    /// Children first. The depth is bounded by whoever built the value.
    fn visit<'a>(&'a self, f: &mut dyn FnMut(&'a Self)) {
        for child in self.children() {
            child.visit(f);
        }
        f(self);
    }
}
