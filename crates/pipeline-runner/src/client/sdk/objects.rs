//! S3.

use std::path::Path;

use async_trait::async_trait;
use aws_call::{CallError, Fault};
use aws_sdk_s3::Client;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{ObjectCannedAcl, ServerSideEncryption};

use crate::client::{GetObject, ObjectVersion, Objects, PutObject};

/// The most bytes of an object that is sent in one request (S3 User Guide, "Uploading objects").
const LARGEST: u64 = 5 << 30;

/// S3 in one region.
#[derive(Clone, Debug)]
pub struct S3 {
    client: Client,
}

impl S3 {
    /// The service that a client talks to.
    #[must_use]
    pub const fn new(client: Client) -> Self {
        Self { client }
    }
}

impl From<Client> for S3 {
    fn from(client: Client) -> Self {
        Self::new(client)
    }
}

#[async_trait]
impl Objects for S3 {
    async fn get_object(&self, request: &GetObject, file: &Path) -> Result<ObjectVersion, CallError> {
        const OPERATION: &str = "GetObject";
        let call = self.client.get_object().bucket(&request.bucket).key(&request.key);
        let got = call.set_version_id(request.version.clone()).send().await;
        let got = got.map_err(|error| CallError::from_sdk(OPERATION, error))?;
        let found = version(got.version_id(), got.e_tag());
        let expected = got.content_length().and_then(|length| u64::try_from(length).ok());
        let failed = |error: std::io::Error| local(OPERATION, file, error);
        let mut target = tokio::fs::File::create(file).await.map_err(failed)?;
        let mut body = got.body.into_async_read();
        // What breaks here is the connection; a file that cannot be written says so itself.
        let written = tokio::io::copy(&mut body, &mut target).await.map_err(|error| {
            CallError::new(OPERATION, Fault::Connection).with_message(error.to_string()).with_source(error)
        })?;
        tokio::io::AsyncWriteExt::flush(&mut target).await.map_err(failed)?;
        match expected {
            Some(expected) if expected != written => {
                let message = format!("{written} of {expected} bytes came");
                Err(CallError::new(OPERATION, Fault::Connection).with_message(message))
            }
            _ => Ok(found),
        }
    }

    async fn put_object(&self, request: &PutObject) -> Result<ObjectVersion, CallError> {
        const OPERATION: &str = "PutObject";
        let file = &request.file;
        let size = tokio::fs::metadata(file).await.map_err(|error| local(OPERATION, file, error))?.len();
        if size > LARGEST {
            let message = format!(
                "{} has {size} bytes, and one request takes at most {LARGEST}: make it smaller",
                file.display()
            );
            return Err(CallError::new(OPERATION, Fault::InvalidRequest).with_message(message));
        }
        let body = ByteStream::from_path(file).await.map_err(|error| {
            CallError::new(OPERATION, Fault::Other).with_message(error.to_string()).with_source(error)
        })?;
        let encryption = request.kms_key.as_ref().map(|_| ServerSideEncryption::AwsKms);
        let call = self.client.put_object().bucket(&request.bucket).key(&request.key).body(body);
        let sent = call
            .set_content_type(request.content_type.clone())
            .set_cache_control(request.cache_control.clone())
            .set_acl(request.acl.as_deref().map(ObjectCannedAcl::from))
            .set_server_side_encryption(encryption)
            .set_ssekms_key_id(request.kms_key.clone())
            .send()
            .await;
        let sent = sent.map_err(|error| CallError::from_sdk(OPERATION, error))?;
        Ok(version(sent.version_id(), sent.e_tag()))
    }
}

fn version(version: Option<&str>, e_tag: Option<&str>) -> ObjectVersion {
    ObjectVersion::new(version.map(str::to_owned), e_tag.map(|tag| tag.trim_matches('"').to_owned()))
}

fn local(operation: &'static str, file: &Path, error: std::io::Error) -> CallError {
    let message = format!("{}: {error}", file.display());
    CallError::new(operation, Fault::Other).with_message(message).with_source(error)
}
