//! Artifacts as files below a directory: `<root>/<key>.zip`.

use std::path::{Component, Path, PathBuf};

use async_trait::async_trait;

use super::{ArtifactStore, Limits};
use crate::{Error, Result};

/// A directory that holds artifacts under CodePipeline's own keys.
#[derive(Clone, Debug)]
pub struct DirectoryStore {
    root: PathBuf,
    limits: Limits,
}

impl DirectoryStore {
    /// A store below `root`, which is created when the first artifact is written.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into(), limits: Limits::default() }
    }

    /// Bounds for what is unpacked.
    #[must_use]
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    fn path(&self, key: &str) -> Result<PathBuf> {
        let relative = Path::new(key);
        let inside = relative.components().all(|part| matches!(part, Component::Normal(_)));
        if key.is_empty() || !inside {
            return Err(Error::BadArchive {
                key: key.to_owned(),
                message: "a key is a relative path without `..`".to_owned(),
            });
        }
        let mut path = self.root.join(relative).into_os_string();
        path.push(".zip");
        Ok(path.into())
    }
}

#[async_trait]
impl ArtifactStore for DirectoryStore {
    async fn pack(&self, key: &str, directory: &Path) -> Result<()> {
        let path = self.path(key)?;
        let directory = directory.to_owned();
        super::blocking(move || {
            if let Some(parent) = path.parent() {
                std::fs::create_dir_all(parent).map_err(|error| Error::file(parent, error))?;
            }
            // A reader never sees half an archive: written beside its place, then renamed.
            let parent = path.parent().unwrap_or(Path::new("."));
            let mut file = tempfile::NamedTempFile::new_in(parent).map_err(|error| Error::file(parent, error))?;
            super::pack(&directory, file.as_file_mut())?;
            file.persist(&path).map_err(|error| Error::file(&path, error.error))?;
            Ok(())
        })
        .await
    }

    async fn unpack(&self, key: &str, directory: &Path) -> Result<()> {
        let path = self.path(key)?;
        let (key, directory, limits) = (key.to_owned(), directory.to_owned(), self.limits);
        super::blocking(move || {
            let file = match std::fs::File::open(&path) {
                Ok(file) => file,
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                    return Err(Error::NoSuchArtifact { key });
                }
                Err(error) => return Err(Error::file(path, error)),
            };
            super::unpack(&key, file, &directory, &limits)
        })
        .await
    }

    fn locate(&self, key: &str) -> String {
        self.root.join(format!("{key}.zip")).display().to_string()
    }
}
