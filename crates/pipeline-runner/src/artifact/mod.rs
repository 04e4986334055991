//! Where artifacts lie between actions: one zip archive per key, as in CodePipeline's bucket.

mod directory;
#[cfg(feature = "memory")]
mod memory;
mod s3;
mod zip;

use std::fmt;
use std::path::Path;

use async_trait::async_trait;

pub use self::directory::DirectoryStore;
#[cfg(feature = "memory")]
pub use self::memory::MemoryStore;
pub use self::s3::S3Store;
pub use self::zip::{Limits, pack, unpack};
pub(crate) use self::zip::{inside, walk};
use crate::job::ActionOutcome;
use crate::{Error, Result};

/// Keeps artifacts.
#[async_trait]
pub trait ArtifactStore: fmt::Debug + Send + Sync {
    /// Packs `directory` as the artifact `key`. A key is written once; afterwards it never changes.
    ///
    /// # Errors
    /// The directory cannot be read or the store cannot be written; nothing is then under `key`.
    async fn pack(&self, key: &str, directory: &Path) -> Result<()>;

    /// Unpacks the artifact `key` into `directory`, which is created.
    ///
    /// # Errors
    /// [`crate::Error::NoSuchArtifact`], [`crate::Error::BadArchive`], or the directory cannot be written.
    async fn unpack(&self, key: &str, directory: &Path) -> Result<()>;

    /// Where a person finds the artifact, for the summary of a run.
    fn locate(&self, key: &str) -> String;
}

const _: fn(&dyn ArtifactStore) = |_| ();

/// Bucket and key of what [`ArtifactStore::locate`] tells of an artifact in S3, for services that fetch it themselves.
///
/// # Errors
/// The outcome to answer with, when the artifact lies elsewhere.
pub(crate) fn s3_place(located: &str) -> Result<(String, String), ActionOutcome> {
    let place = located.strip_prefix("s3://").and_then(|rest| rest.split_once('/'));
    place.map(|(bucket, key)| (bucket.to_owned(), key.to_owned())).ok_or_else(|| {
        ActionOutcome::misconfigured(format!(
            "the artifact lies at {located}, where AWS cannot fetch it: keep artifacts in S3 for actions that run there"
        ))
    })
}

/// Runs work on files where it may block.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(|error| Error::Task(error.to_string()))?
}
