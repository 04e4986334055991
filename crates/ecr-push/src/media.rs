//! Media types of what a registry stores. The set is open: an unknown one is kept as it is and sent as it is.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What a blob or manifest is.
///
/// ```
/// use ecr_push::MediaType;
///
/// assert!(MediaType::from("application/vnd.oci.image.index.v1+json").is_index());
/// assert_eq!(MediaType::from("application/x-own").as_str(), "application/x-own");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
#[non_exhaustive]
pub enum MediaType {
    /// Image manifest, OCI.
    OciManifest,
    /// Image index, OCI.
    OciIndex,
    /// Image configuration, OCI.
    OciConfig,
    /// Layer, an uncompressed tar, OCI.
    OciLayer,
    /// Layer, a tar compressed with gzip, OCI.
    OciLayerGzip,
    /// Layer, a tar compressed with zstd, OCI.
    OciLayerZstd,
    /// Image manifest, Docker schema 2.
    DockerManifest,
    /// Manifest list, Docker.
    DockerIndex,
    /// Image configuration, Docker.
    DockerConfig,
    /// Layer, a tar compressed with gzip, Docker.
    DockerLayerGzip,
    /// Layer that is fetched from elsewhere and never pushed, Docker.
    DockerForeignLayer,
    /// Any other.
    Other(Box<str>),
}

static KNOWN: &[(MediaType, &str)] = &[
    (MediaType::OciManifest, "application/vnd.oci.image.manifest.v1+json"),
    (MediaType::OciIndex, "application/vnd.oci.image.index.v1+json"),
    (MediaType::OciConfig, "application/vnd.oci.image.config.v1+json"),
    (MediaType::OciLayer, "application/vnd.oci.image.layer.v1.tar"),
    (MediaType::OciLayerGzip, "application/vnd.oci.image.layer.v1.tar+gzip"),
    (MediaType::OciLayerZstd, "application/vnd.oci.image.layer.v1.tar+zstd"),
    (MediaType::DockerManifest, "application/vnd.docker.distribution.manifest.v2+json"),
    (MediaType::DockerIndex, "application/vnd.docker.distribution.manifest.list.v2+json"),
    (MediaType::DockerConfig, "application/vnd.docker.container.image.v1+json"),
    (MediaType::DockerLayerGzip, "application/vnd.docker.image.rootfs.diff.tar.gzip"),
    (MediaType::DockerForeignLayer, "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"),
];

impl MediaType {
    /// The manifests and indexes this crate knows: what to accept, so that a registry does not convert.
    pub const MANIFESTS: &'static [Self] =
        &[Self::OciManifest, Self::OciIndex, Self::DockerManifest, Self::DockerIndex];

    /// The text, as it stands in manifests and headers.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Other(text) => text,
            known => KNOWN.iter().find(|(media_type, _)| media_type == known).map_or("", |(_, text)| text),
        }
    }

    /// Whether it is an image manifest.
    #[must_use]
    pub const fn is_manifest(&self) -> bool {
        matches!(self, Self::OciManifest | Self::DockerManifest)
    }

    /// Whether it is an index of manifests.
    #[must_use]
    pub const fn is_index(&self) -> bool {
        matches!(self, Self::OciIndex | Self::DockerIndex)
    }

    /// Whether it is a layer that stays where it is: a registry does not ask for it.
    #[must_use]
    pub fn is_foreign(&self) -> bool {
        match self {
            Self::DockerForeignLayer => true,
            Self::Other(text) => text.starts_with("application/vnd.oci.image.layer.nondistributable."),
            _ => false,
        }
    }
}

impl From<&str> for MediaType {
    fn from(text: &str) -> Self {
        let known = KNOWN.iter().find(|(_, known)| *known == text);
        known.map_or_else(|| Self::Other(text.into()), |(media_type, _)| media_type.clone())
    }
}

impl From<String> for MediaType {
    fn from(text: String) -> Self {
        Self::from(text.as_str())
    }
}

impl From<MediaType> for String {
    fn from(media_type: MediaType) -> Self {
        media_type.as_str().to_owned()
    }
}

impl fmt::Display for MediaType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_known_text_comes_back() {
        for (media_type, text) in KNOWN {
            assert_eq!(MediaType::from(*text), *media_type);
            assert_eq!(media_type.as_str(), *text);
        }
        assert!(MediaType::from("application/vnd.oci.image.layer.nondistributable.v1.tar+gzip").is_foreign());
    }
}
