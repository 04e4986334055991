//! What a push will do, decided before it does anything: which blobs are uploaded and in which order, which are there, and
//! in which order manifests and tags follow. Pure, so it can be printed, compared and tested.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use serde::Serialize;

use crate::{
    digest::Digest,
    error::SizeError,
    image::Image,
    media::MediaType,
    reference::{RepositoryName, Tag},
};

/// The largest layer ECR takes (quota "layer size": 52,000 MiB).
const LAYER_LIMIT: u64 = 52_000 << 20;

/// The plan of a push.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct PushPlan {
    /// Into which repository.
    pub repository: RepositoryName,
    /// The digest of the whole image.
    pub digest: Digest,
    /// Every blob once: those to upload, the largest first, then those that are there.
    pub blobs: Vec<PlannedBlob>,
    /// Every manifest once, children before their index. Only the last, which is the image itself, gets tags.
    pub manifests: Vec<PlannedManifest>,
}

/// A blob of the image and what happens to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct PlannedBlob {
    /// Which one.
    pub digest: Digest,
    /// How many bytes it has.
    pub size: u64,
    /// What it is.
    pub media_type: MediaType,
    /// What happens to it.
    pub action: BlobAction,
}

/// What happens to a blob, and why.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum BlobAction {
    /// It is sent: the registry does not have it.
    Upload,
    /// Another repository of the registry has it: it is mounted from there, or sent if the registry declines.
    Mount {
        /// Which one.
        from: RepositoryName,
    },
    /// It is in the repository.
    Exists,
    /// It is in the repository, and the image was made to name it: its content is that of a layer to push.
    Reuse,
}

/// What a registry was found to have before a push.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Found {
    /// The blobs of the repository.
    pub available: BTreeSet<Digest>,
    /// Blobs of other repositories that can be mounted from there.
    pub mountable: BTreeMap<Digest, RepositoryName>,
}

/// A manifest and the tags that will name it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct PlannedManifest {
    /// Which one.
    pub digest: Digest,
    /// What it is.
    pub media_type: MediaType,
    /// How many bytes it has.
    pub size: u64,
    /// The tags to write, in this order; without any it is stored by digest.
    pub tags: Vec<Tag>,
}

impl PushPlan {
    /// Plans the push of `image`, given what the registry was `found` to have. `tags` are those to write; tags that name the
    /// image already are left out by the caller.
    ///
    /// # Errors
    /// [`SizeError`] if a blob to upload is empty or larger than ECR takes.
    pub fn new(repository: RepositoryName, image: &Image, tags: &[Tag], found: &Found) -> Result<Self, SizeError> {
        let mut blobs = Vec::new();
        for blob in image.blobs() {
            let (digest, size) = (blob.digest(), blob.size());
            let action = match found.mountable.get(&digest) {
                _ if found.available.contains(&digest) && blob.is_elsewhere() => BlobAction::Reuse,
                _ if found.available.contains(&digest) => BlobAction::Exists,
                Some(from) => BlobAction::Mount { from: from.clone() },
                None => BlobAction::Upload,
            };
            let sent = matches!(action, BlobAction::Upload | BlobAction::Mount { .. });
            if sent && size == 0 {
                return Err(SizeError::new(
                    digest,
                    "it is empty, and ECR takes no empty layer; leave it out of the image",
                ));
            }
            if sent && size > LAYER_LIMIT {
                let problem = format!("it has {size} bytes, and ECR takes at most {LAYER_LIMIT}; split the layer");
                return Err(SizeError::new(digest, problem));
            }
            blobs.push(PlannedBlob { digest, size, media_type: blob.media_type().clone(), action });
        }
        // The largest first: it decides how long the push takes, so it must not begin last. The digest makes the order
        // the same on every run.
        blobs.sort_by_key(|blob| (!blob.is_sent(), std::cmp::Reverse(blob.size), blob.digest));
        let planned = image.manifests().into_iter().map(|manifest| PlannedManifest {
            digest: manifest.digest(),
            media_type: manifest.media_type().clone(),
            size: manifest.bytes().len() as u64,
            tags: if manifest.digest() == image.digest() { tags.to_vec() } else { Vec::new() },
        });
        Ok(Self { repository, digest: image.digest(), blobs, manifests: planned.collect() })
    }

    /// The blobs to upload or mount, in order.
    pub fn uploads(&self) -> impl Iterator<Item = &PlannedBlob> {
        self.blobs.iter().filter(|blob| blob.is_sent())
    }

    /// How many bytes will be sent as layers, if every mount succeeds.
    #[must_use]
    pub fn upload_bytes(&self) -> u64 {
        self.blobs.iter().map(PlannedBlob::upload_bytes).sum()
    }
}

impl PlannedBlob {
    /// How many bytes will be sent: none of a blob that is mounted.
    pub(crate) fn upload_bytes(&self) -> u64 {
        if self.action == BlobAction::Upload { self.size } else { 0 }
    }

    const fn is_sent(&self) -> bool {
        matches!(self.action, BlobAction::Upload | BlobAction::Mount { .. })
    }
}

impl fmt::Display for PushPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "push {} to {}", self.digest, self.repository)?;
        for blob in &self.blobs {
            let (action, why) = match &blob.action {
                BlobAction::Upload => ("upload", String::new()),
                BlobAction::Mount { from } => ("mount ", format!(", from {from}")),
                BlobAction::Exists => ("exists", String::new()),
                BlobAction::Reuse => ("reuse ", ", same content as a layer to push".to_owned()),
            };
            writeln!(f, "  {action} {} {:>12} bytes  {}{why}", blob.digest.short(), blob.size, blob.media_type)?;
        }
        for manifest in &self.manifests {
            let tags: Vec<&str> = manifest.tags.iter().map(Tag::as_str).collect();
            let names = if tags.is_empty() { "by digest".to_owned() } else { format!("as {}", tags.join(", ")) };
            let size = manifest.size;
            writeln!(f, "  put    {} {size:>12} bytes  {}, {names}", manifest.digest.short(), manifest.media_type)?;
        }
        Ok(())
    }
}
