//! The doors of a registry: what a push needs of it, whichever protocol it speaks. [`Native`] goes through ECR's own API,
//! `oci::OciRegistry` (feature `https`) through the OCI Distribution API; so can a door of your own.
//!
//! A door makes its requests through [`Calls`], which repeats and counts them: what is worth another attempt, and how long
//! to wait before it, is the same behind every door.

mod calls;
mod native;
pub mod refusal;

use std::collections::BTreeSet;

use async_trait::async_trait;

#[cfg(feature = "https")]
pub(crate) use self::native::{same, which_side};
pub use self::{
    calls::{Calls, Failed},
    native::Native,
    refusal::Refusal,
};
use crate::{
    client::{ImageId, PutImage},
    digest::Digest,
    error::Error,
    image::Blob,
    push::{LayerOutcome, Verify},
    reference::RepositoryName,
};

/// A registry as a push sees it.
#[async_trait]
pub trait Door: Send + Sync {
    /// The digest of the image that a tag or digest names; `None` if there is none.
    async fn find(
        &self,
        calls: &Calls<'_>,
        repository: &RepositoryName,
        id: &ImageId,
    ) -> Result<Option<Digest>, Failed>;

    /// Which of these blobs the repository has.
    async fn available(
        &self,
        calls: &Calls<'_>,
        repository: &RepositoryName,
        digests: &[Digest],
    ) -> Result<BTreeSet<Digest>, Failed>;

    /// Sends a blob, or mounts it from where the request says. The registry has compared its digest when this returns.
    async fn upload(&self, calls: &Calls<'_>, request: &UploadBlob) -> Result<LayerOutcome, UploadFailed>;

    /// Stores a manifest, and lets a tag name it. Returns the digest that the registry computed.
    async fn put_image(&self, calls: &Calls<'_>, request: &PutImage) -> Result<Digest, Failed>;

    /// Whether a blob of another repository of the same registry can be mounted.
    fn mounts(&self) -> bool;

    /// How many bytes of memory it takes to send a blob of this size.
    fn held(&self, size: u64) -> u64;
}

const _: fn(&dyn Door) = |_| ();

/// A blob to send.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct UploadBlob {
    /// Into which repository.
    pub repository: RepositoryName,
    /// The blob.
    pub blob: Blob,
    /// Who compares its digest beside the registry.
    pub verify: Verify,
    /// The repository that has it, if it is to be mounted. A registry that declines gets the bytes.
    pub mount_from: Option<RepositoryName>,
    /// How large parts are, where the protocol has any; without it, as large as the service proposes.
    pub part_size: Option<u64>,
}

impl UploadBlob {
    /// Sends `blob` into `repository`; the registry alone compares the digest.
    #[must_use]
    pub const fn new(repository: RepositoryName, blob: Blob) -> Self {
        Self { repository, blob, verify: Verify::Server, mount_from: None, part_size: None }
    }
}

/// Why a blob was not sent.
#[derive(Debug)]
#[non_exhaustive]
pub enum UploadFailed {
    /// The registry refused it, or could not be reached.
    Call(Failed),
    /// The blob cannot be read, or is not what its digest says.
    Source(Error),
}

impl From<Failed> for UploadFailed {
    fn from(failed: Failed) -> Self {
        Self::Call(failed)
    }
}

impl<E: Into<Error>> From<E> for UploadFailed {
    fn from(error: E) -> Self {
        Self::Source(error.into())
    }
}

#[async_trait]
impl<T: Door + ?Sized> Door for std::sync::Arc<T> {
    async fn find(
        &self,
        calls: &Calls<'_>,
        repository: &RepositoryName,
        id: &ImageId,
    ) -> Result<Option<Digest>, Failed> {
        (**self).find(calls, repository, id).await
    }

    async fn available(
        &self,
        calls: &Calls<'_>,
        repository: &RepositoryName,
        digests: &[Digest],
    ) -> Result<BTreeSet<Digest>, Failed> {
        (**self).available(calls, repository, digests).await
    }

    async fn upload(&self, calls: &Calls<'_>, request: &UploadBlob) -> Result<LayerOutcome, UploadFailed> {
        (**self).upload(calls, request).await
    }

    async fn put_image(&self, calls: &Calls<'_>, request: &PutImage) -> Result<Digest, Failed> {
        (**self).put_image(calls, request).await
    }

    fn mounts(&self) -> bool {
        (**self).mounts()
    }

    fn held(&self, size: u64) -> u64 {
        (**self).held(size)
    }
}
