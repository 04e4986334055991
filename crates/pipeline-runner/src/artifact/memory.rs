//! Artifacts in memory (feature `memory`), for tests and for programs that keep nothing.

use std::collections::BTreeMap;
use std::fmt;
use std::io::Cursor;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;

use super::{ArtifactStore, Limits};
use crate::{Error, Result};

/// Keeps archives in memory, under the same keys and with the same bounds as [`super::DirectoryStore`].
#[derive(Default)]
pub struct MemoryStore {
    archives: Mutex<BTreeMap<String, Vec<u8>>>,
    limits: Limits,
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryStore").field("keys", &self.keys()).finish_non_exhaustive()
    }
}

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    /// Bounds for what is unpacked.
    #[must_use]
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// The keys of all artifacts, sorted.
    pub fn keys(&self) -> Vec<String> {
        self.lock().keys().cloned().collect()
    }

    /// The archive under a key.
    pub fn archive(&self, key: &str) -> Option<Vec<u8>> {
        self.lock().get(key).cloned()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, Vec<u8>>> {
        // Nothing that can panic runs under the lock, so a poisoned map is still whole.
        self.archives.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl ArtifactStore for MemoryStore {
    async fn pack(&self, key: &str, directory: &Path) -> Result<()> {
        let directory = directory.to_owned();
        let bytes = super::blocking(move || {
            let mut bytes = Cursor::new(Vec::new());
            super::pack(&directory, &mut bytes)?;
            Ok(bytes.into_inner())
        });
        let bytes = bytes.await?;
        self.lock().insert(key.to_owned(), bytes);
        Ok(())
    }

    async fn unpack(&self, key: &str, directory: &Path) -> Result<()> {
        let bytes = self.archive(key).ok_or_else(|| Error::NoSuchArtifact { key: key.to_owned() })?;
        let (key, directory, limits) = (key.to_owned(), directory.to_owned(), self.limits);
        super::blocking(move || super::unpack(&key, Cursor::new(bytes), &directory, &limits)).await
    }

    fn locate(&self, key: &str) -> String {
        format!("memory:{key}")
    }
}
