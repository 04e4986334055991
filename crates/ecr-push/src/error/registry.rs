//! What the registry refuses, and what it was left with.

use aws_call::CallError;

use crate::{
    digest::Digest,
    reference::{ImageRef, Registry, RepositoryName},
};

/// A call of the registry failed, after the retries it was worth.
#[derive(Debug, thiserror::Error)]
#[error("{what} failed after {attempts} attempt(s); {left}")]
pub struct CallFailed {
    what: Box<str>,
    left: &'static str,
    attempts: u32,
    #[source]
    call: CallError,
}

impl CallFailed {
    pub(crate) fn new(what: impl Into<String>, attempts: u32, left: &'static str, call: CallError) -> Self {
        Self { what: what.into().into(), left, attempts, call }
    }

    /// What was being done, such as `uploading layer sha256:…`.
    #[must_use]
    pub fn what(&self) -> &str {
        &self.what
    }

    /// How often the call was made.
    #[must_use]
    pub const fn attempts(&self) -> u32 {
        self.attempts
    }

    /// What stays behind in the registry.
    #[must_use]
    pub const fn left(&self) -> &'static str {
        self.left
    }

    /// The error of the last attempt.
    #[must_use]
    pub const fn call(&self) -> &CallError {
        &self.call
    }
}

/// The bytes of a blob are asked for, and only the registry has them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("blob {0} is in the registry alone and cannot be read here; open the source again and push without reuse")]
pub struct BlobElsewhere(Box<Digest>);

impl BlobElsewhere {
    pub(crate) fn new(digest: Digest) -> Self {
        Self(Box::new(digest))
    }

    /// Which blob.
    #[must_use]
    pub fn digest(&self) -> Digest {
        *self.0
    }
}

/// The repository does not exist.
#[derive(Debug, thiserror::Error)]
#[error(
    "repository `{}` does not exist in {}; create it first, or check account and region in the name of the registry",
    .0.0, .0.1
)]
pub struct RepositoryMissing(Box<(RepositoryName, Registry)>, #[source] CallError);

impl RepositoryMissing {
    pub(crate) fn new(repository: RepositoryName, registry: Registry, call: CallError) -> Self {
        Self(Box::new((repository, registry)), call)
    }

    /// Which repository.
    #[must_use]
    pub fn repository(&self) -> &RepositoryName {
        &self.0.0
    }

    /// In which registry.
    #[must_use]
    pub fn registry(&self) -> &Registry {
        &self.0.1
    }

    /// The service's answer.
    #[must_use]
    pub const fn call(&self) -> &CallError {
        &self.1
    }
}

/// The tag names another image, and the repository does not let it move.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "tag `{}` is immutable and names {} already, so it cannot be moved to {}; push under a new tag",
    .0.image, .0.existing, .0.pushed
)]
pub struct TagImmutable(Box<TagConflict>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct TagConflict {
    image: ImageRef,
    existing: Digest,
    pushed: Digest,
}

impl TagImmutable {
    pub(crate) fn new(image: ImageRef, existing: Digest, pushed: Digest) -> Self {
        Self(Box::new(TagConflict { image, existing, pushed }))
    }

    /// The tag, with repository and registry.
    #[must_use]
    pub fn image(&self) -> &ImageRef {
        &self.0.image
    }

    /// The image the tag names.
    #[must_use]
    pub fn existing(&self) -> Digest {
        self.0.existing
    }

    /// The image it was to name. It lies in the repository, without this tag, if its layers were uploaded.
    #[must_use]
    pub fn pushed(&self) -> Digest {
        self.0.pushed
    }
}

/// A push was broken off by its caller.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.sentence())]
pub struct Interrupted(Box<Remains>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Remains {
    target: ImageRef,
    layers: usize,
    manifests: usize,
    tags: Vec<ImageRef>,
}

impl Interrupted {
    pub(crate) fn new(target: ImageRef, layers: usize, manifests: usize, tags: Vec<ImageRef>) -> Self {
        Self(Box::new(Remains { target, layers, manifests, tags }))
    }

    /// How many layers this push has brought into the repository.
    #[must_use]
    pub fn layers(&self) -> usize {
        self.0.layers
    }

    /// How many manifests it has stored.
    #[must_use]
    pub fn manifests(&self) -> usize {
        self.0.manifests
    }

    /// The tags it has written; what they name is whole.
    #[must_use]
    pub fn tags(&self) -> &[ImageRef] {
        &self.0.tags
    }

    fn sentence(&self) -> String {
        let Remains { target, layers, manifests, tags } = &*self.0;
        let tags = match tags.as_slice() {
            [] => "no tag was written".to_owned(),
            tags => {
                let names: Vec<String> = tags.iter().map(|tag| format!("`{tag}`")).collect();
                format!("{} was written and is whole", names.join(", "))
            }
        };
        format!(
            "the push to `{target}` was interrupted: {tags}, {layers} layer(s) and {manifests} manifest(s) of it are there; push again, and only what is missing is sent"
        )
    }
}
