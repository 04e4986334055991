//! What a push has done.

use serde::Serialize;

use super::progress::LayerOutcome;
use crate::{
    digest::Digest,
    reference::{ImageRef, Tag},
};

/// The result of a push.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct PushReport {
    /// The digest of the image, as the registry computed it too.
    pub digest: Digest,
    /// The image by its first tag, or by digest if it has none.
    pub uri: ImageRef,
    /// The image by its digest: a name that never means another image. Use this one in a task definition.
    pub uri_by_digest: ImageRef,
    /// The tags, in the order of the request.
    pub tags: Vec<TagReport>,
    /// Every layer and configuration once.
    pub layers: Vec<LayerReport>,
    /// What was sent.
    pub uploaded: Total,
    /// What did not have to be sent.
    pub reused: Total,
    /// How many calls were made.
    pub requests: u32,
    /// How many of them were repetitions.
    pub retries: u32,
    /// How many bytes of layers and manifests were sent, repetitions included.
    pub bytes_sent: u64,
}

/// A tag and what happened to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct TagReport {
    /// The tag.
    pub tag: Tag,
    /// Whether it was written, or named the image before.
    pub outcome: TagOutcome,
}

/// What happened to a tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum TagOutcome {
    /// It was written.
    Written,
    /// It named the image before; nothing was written.
    AlreadyThere,
}

/// A layer and how it came into the repository.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct LayerReport {
    /// Which one.
    pub digest: Digest,
    /// How it came.
    pub outcome: LayerOutcome,
    /// How many bytes it has.
    pub bytes: u64,
}

/// So many layers and bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Total {
    /// How many layers.
    pub layers: u64,
    /// How many bytes they have.
    pub bytes: u64,
}

impl Total {
    pub(super) fn of<'a>(layers: impl Iterator<Item = &'a LayerReport>) -> Self {
        layers.fold(Self::default(), |total, layer| Self { layers: total.layers + 1, bytes: total.bytes + layer.bytes })
    }
}
