//! What to push where, and how.

use aws_call::Backoff;

use crate::{
    digest::Digest,
    reference::{ImageRef, Registry, RepositoryName, Tag},
};

/// Where to push, and under which tags.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct PushRequest {
    /// The registry, for the names in the report.
    pub registry: Registry,
    /// The repository.
    pub repository: RepositoryName,
    /// The tags. Without any, the image is stored by its digest.
    pub tags: Vec<Tag>,
    /// The digest that the image must have, if it is known.
    pub digest: Option<Digest>,
    /// Repositories of the same registry that may have layers of the image: what they have is mounted and not sent, where
    /// the registry allows it (ECR: the account setting `BLOB_MOUNTING`).
    pub mount_from: Vec<RepositoryName>,
}

impl PushRequest {
    /// Pushes to `target`: its tag is written, its digest is compared.
    #[must_use]
    pub fn to(target: &ImageRef) -> Self {
        Self {
            registry: target.registry().clone(),
            repository: target.repository().clone(),
            tags: target.tag().cloned().into_iter().collect(),
            digest: target.digest(),
            mount_from: Vec::new(),
        }
    }

    /// Adds a tag; the layers are sent once.
    #[must_use]
    pub fn with_tag(mut self, tag: Tag) -> Self {
        if !self.tags.contains(&tag) {
            self.tags.push(tag);
        }
        self
    }

    /// Adds a repository from which layers may be mounted.
    #[must_use]
    pub fn with_mount_from(mut self, repository: RepositoryName) -> Self {
        if repository != self.repository && !self.mount_from.contains(&repository) {
            self.mount_from.push(repository);
        }
        self
    }
}

/// Who compares the digests of layers. Sizes are always compared, and so are the digests of manifests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Verify {
    /// The registry alone, when a layer is complete: every registry must. The fastest.
    #[default]
    Server,
    /// Each layer is read and hashed here before it is sent.
    Before,
    /// Each layer is hashed here while it is sent; one that is damaged is broken off before its last bytes.
    WhileSending,
}

/// How to push.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct PushOptions {
    /// How many layers are sent at a time, at most; fewer where more would not end the push earlier.
    pub parallel_layers: usize,
    /// How many bytes the layers under way may hold in memory; one layer is always under way.
    pub bytes_in_flight: u64,
    /// How often a call is made before it counts as failed, the first time included.
    pub attempts: u32,
    /// How long to wait between attempts.
    pub backoff: Backoff,
    /// How large parts are; without it, as large as the service proposes. ECR takes 5 to 20 MiB. The OCI door has no
    /// parts.
    pub part_size: Option<u64>,
    /// Who compares the digests of layers.
    pub verify: Verify,
}

impl Default for PushOptions {
    /// At most six layers at a time, in 48 MiB, five attempts, digests compared by the registry.
    fn default() -> Self {
        Self {
            parallel_layers: 6,
            bytes_in_flight: 48 << 20,
            attempts: 5,
            backoff: Backoff::default(),
            part_size: None,
            verify: Verify::Server,
        }
    }
}

impl PushOptions {
    /// Sets how many layers are sent at a time; zero counts as one.
    #[must_use]
    pub const fn with_parallel_layers(mut self, layers: usize) -> Self {
        self.parallel_layers = layers;
        self
    }

    /// Sets how many bytes the layers under way may hold in memory.
    #[must_use]
    pub const fn with_bytes_in_flight(mut self, bytes: u64) -> Self {
        self.bytes_in_flight = bytes;
        self
    }

    /// Sets how often a call is made, the first time included; zero counts as one.
    #[must_use]
    pub const fn with_attempts(mut self, attempts: u32) -> Self {
        self.attempts = attempts;
        self
    }

    /// Sets how long to wait between attempts.
    #[must_use]
    pub fn with_backoff(mut self, backoff: Backoff) -> Self {
        self.backoff = backoff;
        self
    }

    /// Sets how large parts are.
    #[must_use]
    pub const fn with_part_size(mut self, bytes: u64) -> Self {
        self.part_size = Some(bytes);
        self
    }

    /// Sets who compares the digests of layers.
    #[must_use]
    pub const fn with_verify(mut self, verify: Verify) -> Self {
        self.verify = verify;
        self
    }
}
