//! Directories as buckets, for pipelines that take from S3 or give to it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use aws_call::CallError;
use ring::digest::{Context, SHA256};

use super::{GetObject, ObjectVersion, Objects, PutObject};
use crate::artifact::inside;

/// Buckets by name, each a directory of this machine whose files are its objects.
///
/// A directory keeps one version of each file. Its id is made of the content, so that the same file has the same version
/// everywhere; asking for another one is `NoSuchVersion`.
#[derive(Clone, Debug, Default)]
pub struct Buckets {
    directories: BTreeMap<String, PathBuf>,
}

impl Buckets {
    /// No bucket.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a bucket.
    #[must_use]
    pub fn with_bucket(mut self, name: impl Into<String>, directory: impl Into<PathBuf>) -> Self {
        self.directories.insert(name.into(), directory.into());
        self
    }

    fn file(&self, operation: &'static str, bucket: &str, key: &str) -> Result<PathBuf, CallError> {
        let directory = self.directories.get(bucket).ok_or_else(|| {
            let message = format!("The specified bucket does not exist: `{}`", bucket.escape_debug());
            CallError::service(operation, "NoSuchBucket", message)
        })?;
        // S3 refuses nothing here, a directory must: `prefix//file` is the file `prefix/file`.
        let relative = inside(Path::new(key)).ok_or_else(|| {
            let message = format!("the key `{}` leaves the bucket's directory", key.escape_debug());
            CallError::service(operation, "InvalidArgument", message)
        })?;
        Ok(directory.join(relative))
    }
}

#[async_trait]
impl Objects for Buckets {
    async fn get_object(&self, request: &GetObject, file: &Path) -> Result<ObjectVersion, CallError> {
        const OPERATION: &str = "GetObject";
        let (from, to) = (self.file(OPERATION, &request.bucket, &request.key)?, file.to_owned());
        let (key, wanted) = (request.key.clone(), request.version.clone());
        blocking(OPERATION, move || {
            if !from.is_file() {
                return Err(CallError::service(
                    OPERATION,
                    "NoSuchKey",
                    format!("The specified key does not exist: `{}`", key.escape_debug()),
                ));
            }
            fs::copy(&from, &to).map_err(|error| failed(OPERATION, &from, error))?;
            let found = version(&to).map_err(|error| failed(OPERATION, &to, error))?;
            match wanted {
                Some(wanted) if Some(&wanted) != found.version.as_ref() => {
                    let message = format!("The specified version does not exist: `{}`", wanted.escape_debug());
                    Err(CallError::service(OPERATION, "NoSuchVersion", message))
                }
                _ => Ok(found),
            }
        })
        .await
    }

    async fn put_object(&self, request: &PutObject) -> Result<ObjectVersion, CallError> {
        const OPERATION: &str = "PutObject";
        let (from, to) = (request.file.clone(), self.file(OPERATION, &request.bucket, &request.key)?);
        blocking(OPERATION, move || {
            let above = to.parent().unwrap_or(Path::new("."));
            fs::create_dir_all(above).map_err(|error| failed(OPERATION, above, error))?;
            // A reader never sees half an object.
            let file = tempfile::NamedTempFile::new_in(above).map_err(|error| failed(OPERATION, above, error))?;
            fs::copy(&from, file.path()).map_err(|error| failed(OPERATION, &from, error))?;
            file.persist(&to).map_err(|error| failed(OPERATION, &to, error.error))?;
            version(&to).map_err(|error| failed(OPERATION, &to, error))
        })
        .await
    }
}

fn failed(operation: &'static str, path: &Path, error: std::io::Error) -> CallError {
    let message = format!("{}: {error}", path.display());
    CallError::new(operation, aws_call::Fault::Other).with_message(message).with_source(error)
}

fn version(file: &Path) -> std::io::Result<ObjectVersion> {
    let (mut digest, mut file, mut block) = (Context::new(&SHA256), fs::File::open(file)?, vec![0; 64 << 10]);
    loop {
        match std::io::Read::read(&mut file, &mut block)? {
            0 => break,
            read => digest.update(&block[..read]),
        }
    }
    let hex: String = digest.finish().as_ref()[..16].iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(ObjectVersion::new(Some(hex.clone()), Some(hex)))
}

async fn blocking<T: Send + 'static>(
    operation: &'static str,
    work: impl FnOnce() -> Result<T, CallError> + Send + 'static,
) -> Result<T, CallError> {
    let broken = |error: tokio::task::JoinError| {
        CallError::new(operation, aws_call::Fault::Other).with_message(error.to_string())
    };
    tokio::task::spawn_blocking(work).await.map_err(broken)?
}
