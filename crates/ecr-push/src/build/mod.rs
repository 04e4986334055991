//! Builds images without Docker: from nothing, with layers of files, links and directories, and one digest on every
//! machine and every run.

mod archive;
#[cfg(feature = "local")]
pub mod dockerfile;
mod layer;
#[cfg(feature = "local")]
mod walk;

use std::collections::BTreeMap;

pub use self::layer::{BuiltLayer, Layer};
use crate::{
    digest::Digest,
    error::{DocumentError, Error},
    image::{Blob, Empty, History, Image, ImageConfig, RootFs, RunConfig},
    manifest::{Descriptor, ImageManifest, Manifest, OtherFields, Platform, RawManifest},
    media::MediaType,
};

/// The time an image says it was made. A true one would change the digest on every run.
const CREATED: &str = "1970-01-01T00:00:00Z";

/// Assembles an image.
///
/// ```
/// use ecr_push::{ImageBuilder, Layer, Platform};
///
/// let image = ImageBuilder::new(Platform::linux("amd64"))
///     .layer(Layer::new().file("/bin/shop", "#!/bin/true\n", 0o755))
///     .entrypoint(["/bin/shop"])
///     .exposed_port("8080/tcp")
///     .build()?;
/// assert_eq!(image.layers().len(), 1);
/// # Ok::<(), ecr_push::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct ImageBuilder {
    platform: Platform,
    base: Base,
    layers: Vec<Layer>,
    run: RunConfig,
    annotations: BTreeMap<String, String>,
}

/// What lies below the new layers.
#[derive(Debug, Clone, Default)]
struct Base {
    layers: Vec<Descriptor>,
    blobs: Vec<Blob>,
    diff_ids: Vec<Digest>,
    history: Vec<History>,
    /// Fields of the base's configuration that this crate has no name for.
    other: OtherFields,
}

impl ImageBuilder {
    /// Begins with nothing, as `FROM scratch` does.
    #[must_use]
    pub fn new(platform: Platform) -> Self {
        let (layers, run, annotations) = (Vec::new(), RunConfig::default(), BTreeMap::new());
        Self { platform, base: Base::default(), layers, run, annotations }
    }

    /// Begins with another image, as `FROM` does: its layers stay as they are, and its configuration is what the new one
    /// starts from. Of an index, take one of its [`children`](Image::children).
    ///
    /// ```
    /// use ecr_push::{ImageBuilder, Layer, Platform};
    ///
    /// let base = ImageBuilder::new(Platform::linux("arm64")).layer(Layer::new().directory("/tmp", 0o755)).build()?;
    /// let image = ImageBuilder::from_image(&base)?.layer(Layer::new().file("/a", "b", 0o644)).build()?;
    /// assert_eq!(image.layers()[0].digest(), base.layers()[0].digest());
    /// # Ok::<(), ecr_push::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Document`] if `base` is an index or an artifact, or its configuration does not fit its layers;
    /// [`Error::Io`] if that cannot be read.
    pub fn from_image(base: &Image) -> Result<Self, Error> {
        let invalid = |why: &str| DocumentError::new(format!("base image {}", base.digest()), why);
        let (Manifest::Image(manifest), Some(config)) = (base.manifest().manifest(), base.config()?) else {
            return Err(invalid("it is not the image for one platform, so nothing can be built on it").into());
        };
        if config.rootfs.diff_ids.len() != manifest.layers.len() {
            return Err(invalid("its configuration names other layers than its manifest").into());
        }
        let platform = config.platform();
        let base = Base {
            layers: manifest.layers.clone(),
            blobs: base.layers().to_vec(),
            diff_ids: config.rootfs.diff_ids,
            history: config.history,
            other: config.other,
        };
        Ok(Self { platform, base, layers: Vec::new(), run: config.config, annotations: BTreeMap::new() })
    }

    /// Adds a layer on top of the others.
    #[must_use]
    pub fn layer(mut self, layer: Layer) -> Self {
        self.layers.push(layer);
        self
    }

    /// Sets the program and its fixed arguments.
    #[must_use]
    pub fn entrypoint(mut self, arguments: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.run.entrypoint = Some(arguments.into_iter().map(Into::into).collect());
        self
    }

    /// Sets the default arguments.
    #[must_use]
    pub fn cmd(mut self, arguments: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.run.cmd = Some(arguments.into_iter().map(Into::into).collect());
        self
    }

    /// Sets a variable; an earlier value is replaced in its place.
    #[must_use]
    pub fn env(mut self, name: &str, value: &str) -> Self {
        let text = format!("{name}={value}");
        let prefix = format!("{name}=");
        match self.run.env.iter_mut().find(|variable| variable.starts_with(&prefix)) {
            Some(variable) => *variable = text,
            None => self.run.env.push(text),
        }
        self
    }

    /// Sets a label.
    #[must_use]
    pub fn label(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.run.labels.insert(name.into(), value.into());
        self
    }

    /// Sets the user, or user and group, by name or number.
    #[must_use]
    pub fn user(mut self, user: impl Into<String>) -> Self {
        self.run.user = user.into();
        self
    }

    /// Names a port on which the program listens, such as `8080/tcp`.
    #[must_use]
    pub fn exposed_port(mut self, port: impl Into<String>) -> Self {
        self.run.exposed_ports.insert(port.into(), Empty {});
        self
    }

    /// Sets the directory in which the program starts.
    #[must_use]
    pub fn working_dir(mut self, directory: impl Into<String>) -> Self {
        self.run.working_dir = directory.into();
        self
    }

    /// Sets an annotation of the manifest.
    #[must_use]
    pub fn annotation(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.annotations.insert(name.into(), value.into());
        self
    }

    /// Writes layers, configuration and manifest.
    ///
    /// Compressed layers are held in memory; files are read while they are compressed.
    ///
    /// # Errors
    /// As [`Layer::build`].
    pub fn build(self) -> Result<Image, Error> {
        let Base { layers: mut descriptors, mut blobs, mut diff_ids, mut history, other } = self.base;
        for layer in self.layers {
            let (blob, diff_id, created_by) = layer.build()?.into_parts();
            descriptors.push(blob.descriptor().clone());
            blobs.push(blob);
            diff_ids.push(diff_id);
            history.push(History { created: Some(CREATED.to_owned()), created_by, empty_layer: false });
        }
        let config = ImageConfig {
            created: Some(CREATED.to_owned()),
            architecture: self.platform.architecture,
            os: self.platform.os,
            variant: self.platform.variant,
            config: self.run,
            rootfs: RootFs::layers(diff_ids),
            history,
            other,
        };
        let config = serde_json::to_vec(&config).map_err(|error| DocumentError::new("the new configuration", error))?;
        let config = Blob::from_bytes(MediaType::OciConfig, config);
        let manifest = ImageManifest {
            schema_version: 2,
            media_type: Some(MediaType::OciManifest),
            config: config.descriptor().clone(),
            layers: descriptors,
            annotations: self.annotations,
            other: BTreeMap::new(),
        };
        let manifest = serde_json::to_vec(&manifest).map_err(|error| DocumentError::new("the new manifest", error))?;
        Image::new(RawManifest::parse(manifest, None)?, config, blobs)
    }
}
