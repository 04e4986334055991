//! What can go wrong. An error says what happened, where, and what to do next; the cause stands behind it as
//! [`source`](std::error::Error::source) and is not repeated in its text.

mod given;
mod registry;

use aws_call::CallError;

pub use given::{BuildError, DigestMismatch, DockerfileError, DocumentError, IoError, NameError, SizeError};
pub use registry::{BlobElsewhere, CallFailed, Interrupted, RepositoryMissing, TagImmutable};

/// The result of this crate's functions.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Whatever this crate's functions fail with.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A call of the registry failed, after the retries it was worth.
    #[error(transparent)]
    Call(#[from] CallFailed),
    /// A text is not the digest, tag, repository, registry or reference it should be.
    #[error(transparent)]
    Name(#[from] NameError),
    /// A file could not be read or written.
    #[error(transparent)]
    Io(#[from] IoError),
    /// A manifest, configuration, layout or output file is not what it should be.
    #[error(transparent)]
    Document(#[from] DocumentError),
    /// An image cannot be assembled from what was given.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// A Dockerfile cannot be built without a container.
    #[error(transparent)]
    Dockerfile(#[from] DockerfileError),
    /// Bytes do not have the digest they are known under.
    #[error(transparent)]
    DigestMismatch(#[from] DigestMismatch),
    /// A blob does not have the size its descriptor names, or a size that ECR cannot take.
    #[error(transparent)]
    Size(#[from] SizeError),
    /// The bytes of a blob are asked for, and only the registry has them.
    #[error(transparent)]
    BlobElsewhere(#[from] BlobElsewhere),
    /// The repository does not exist.
    #[error(transparent)]
    RepositoryMissing(#[from] RepositoryMissing),
    /// The tag cannot be moved.
    #[error(transparent)]
    TagImmutable(#[from] TagImmutable),
    /// The push was broken off by its caller.
    #[error(transparent)]
    Interrupted(#[from] Interrupted),
}

// Every fallible function carries this in its `Result`.
const _: () = assert!(size_of::<Error>() <= 96);
const _: fn() = || {
    fn assert<T: std::error::Error + Send + Sync + 'static>() {}
    assert::<Error>();
};

impl Error {
    /// The failed call behind this error, if there is one.
    #[must_use]
    pub fn call(&self) -> Option<&CallError> {
        match self {
            Self::Call(error) => Some(error.call()),
            Self::RepositoryMissing(error) => Some(error.call()),
            _ => None,
        }
    }
}
