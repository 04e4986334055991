//! Artifacts as objects of S3, or of whatever else plays that role.

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;

use super::{ArtifactStore, Limits};
use crate::client::{GetObject, Objects, PutObject};
use crate::{Error, Result};

/// Artifacts in a bucket, under CodePipeline's own keys and nothing else: what an action gives, AWS's own actions can take.
///
/// ```
/// use std::sync::Arc;
/// use pipeline_runner::artifact::{ArtifactStore, S3Store};
/// use pipeline_runner::client::Buckets;
///
/// let objects = Buckets::new().with_bucket("shop-artifacts", "/srv/artifacts");
/// let store = S3Store::new(Arc::new(objects), "shop-artifacts");
/// assert_eq!(store.locate("shop/Source/1a2b3c4"), "s3://shop-artifacts/shop/Source/1a2b3c4");
/// ```
#[derive(Clone, Debug)]
pub struct S3Store {
    objects: Arc<dyn Objects>,
    bucket: Option<String>,
    kms_key: Option<String>,
    limits: Limits,
}

impl S3Store {
    /// A store in this bucket.
    pub fn new(objects: Arc<dyn Objects>, bucket: impl Into<String>) -> Self {
        Self { objects, bucket: Some(bucket.into()), kms_key: None, limits: Limits::default() }
    }

    /// A store in any bucket: keys begin with the bucket's name.
    #[must_use]
    pub fn across_buckets(objects: Arc<dyn Objects>) -> Self {
        Self { objects, bucket: None, kms_key: None, limits: Limits::default() }
    }

    /// Encrypts what is written with this key of KMS.
    #[must_use]
    pub fn with_kms_key(mut self, key: impl Into<String>) -> Self {
        self.kms_key = Some(key.into());
        self
    }

    /// Bounds for what is unpacked.
    #[must_use]
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Bucket and key.
    fn place<'a>(&'a self, key: &'a str) -> (&'a str, &'a str) {
        match &self.bucket {
            Some(bucket) => (bucket, key),
            None => key.split_once('/').unwrap_or((key, "")),
        }
    }
}

#[async_trait]
impl ArtifactStore for S3Store {
    async fn pack(&self, key: &str, directory: &Path) -> Result<()> {
        let from = directory.to_owned();
        let archive = super::blocking(move || {
            let mut file = tempfile::NamedTempFile::new().map_err(|error| Error::file("a temporary file", error))?;
            super::pack(&from, file.as_file_mut())?;
            Ok(file)
        });
        let archive = archive.await?;
        let (bucket, object) = self.place(key);
        let mut put = PutObject::new(bucket, object, archive.path());
        put.content_type = Some("application/zip".to_owned());
        put.kms_key.clone_from(&self.kms_key);
        self.objects.put_object(&put).await.map(drop).map_err(|error| failed(self.locate(key), error))
    }

    async fn unpack(&self, key: &str, directory: &Path) -> Result<()> {
        let (bucket, object) = self.place(key);
        let archive =
            super::blocking(|| tempfile::NamedTempFile::new().map_err(|error| Error::file("a temporary file", error)));
        let archive = archive.await?;
        if let Err(error) = self.objects.get_object(&GetObject::new(bucket, object), archive.path()).await {
            return Err(match error.code() {
                Some("NoSuchKey") => Error::NoSuchArtifact { key: key.to_owned() },
                _ => failed(self.locate(key), error),
            });
        }
        let (key, to, limits) = (key.to_owned(), directory.to_owned(), self.limits);
        super::blocking(move || {
            // Opened again: the file may have been replaced.
            let file = std::fs::File::open(archive.path()).map_err(|error| Error::file(archive.path(), error))?;
            super::unpack(&key, file, &to, &limits)
        })
        .await
    }

    fn locate(&self, key: &str) -> String {
        let (bucket, object) = self.place(key);
        format!("s3://{bucket}/{object}")
    }
}

fn failed(place: String, error: aws_call::CallError) -> Error {
    Error::Call { place, error }
}
