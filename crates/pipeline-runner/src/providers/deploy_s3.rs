//! `Deploy/AWS/S3`: puts the artifact's files, or the archive that it is, into a bucket.
//!
//! As observed on the service: `Extract` with an object key that ends in a slash gives keys with two of them, `Extract` is
//! judged only now, and what was written before a failure stays.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;
use pipeline_model::model::ActionTypeId;

use super::call_failed;
use crate::artifact::{pack, walk};
use crate::backends::Backends;
use crate::client::PutObject;
use crate::job::{ActionJob, ActionOutcome, ActionProvider, JobContext};
use crate::{Error, Result};

pub(super) fn provider(backends: &Backends) -> Arc<dyn ActionProvider> {
    Arc::new(DeployS3 { backends: backends.clone() })
}

#[derive(Debug)]
struct DeployS3 {
    backends: Backends,
}

#[async_trait]
impl ActionProvider for DeployS3 {
    fn action_types(&self) -> Vec<ActionTypeId> {
        vec![ActionTypeId::new("Deploy", "AWS", "S3", "1")]
    }

    async fn run(&self, job: ActionJob, cx: &JobContext) -> ActionOutcome {
        match self.deploy(&job, cx).await {
            Ok(outcome) | Err(outcome) => outcome,
        }
    }
}

impl DeployS3 {
    async fn deploy(&self, job: &ActionJob, cx: &JobContext) -> Result<ActionOutcome, ActionOutcome> {
        let bucket = job.required("BucketName")?;
        let extract = match job.required("Extract")? {
            "true" => true,
            "false" => false,
            other => {
                return Err(ActionOutcome::misconfigured(format!(
                    "Invalid value for configuration property '{}': 'Extract'. Edit your pipeline and set 'Extract' to \
                     either 'true' or 'false'.",
                    other.escape_debug()
                )));
            }
        };
        let object = job.config("ObjectKey").map(|key| filled(key, cx)).transpose()?;
        if !extract && object.is_none() {
            return Err(ActionOutcome::misconfigured(
                "When the extract feature is disabled, you must provide an object. Edit your pipeline to fix the configuration.",
            ));
        }
        let (artifact, key) = job.input()?;
        let directory = cx.unpack(artifact, key).await?;
        let put = |key: String, file: PathBuf| {
            let mut put = PutObject::new(bucket, key, file);
            put.cache_control = job.config("CacheControl").map(str::to_owned);
            put.acl = job.config("CannedACL").map(str::to_owned);
            put.kms_key = job.config("KMSEncryptionKeyARN").map(str::to_owned);
            put
        };
        let mut written = 0;
        if let (false, Some(object)) = (extract, &object) {
            let archive = cx.workspace().join("archive.zip");
            zip(&directory, &archive).await?;
            let mut put = put(object.clone(), archive);
            put.content_type = Some("application/zip".to_owned());
            self.put(&put, cx).await?;
            written += 1;
        } else {
            for relative in walk(&directory)? {
                let file = directory.join(&relative);
                if !file.is_file() {
                    continue;
                }
                let name = relative.to_string_lossy().into_owned();
                let key = object.as_ref().map_or_else(|| name.clone(), |prefix| format!("{prefix}/{name}"));
                let mut put = put(key, file);
                put.content_type = Some(content_type(&name).to_owned());
                self.put(&put, cx).await?;
                written += 1;
            }
        }
        let plural = if written == 1 { "" } else { "s" };
        Ok(ActionOutcome::succeeded().with_summary(format!("{written} object{plural} put into {bucket}")))
    }

    async fn put(&self, put: &PutObject, cx: &JobContext) -> Result<(), ActionOutcome> {
        let place = format!("s3://{}/{}", put.bucket, put.key);
        cx.log(&place);
        let stored = self.backends.objects.put_object(put).await;
        stored.map(drop).map_err(|error| call_failed(&place, &error))
    }
}

/// `{datetime}` and `{uuid}` of an object key.
fn filled(key: &str, cx: &JobContext) -> Result<String, ActionOutcome> {
    let now = Timestamp::try_from(cx.clock.now()).map_err(|error| Error::Task(error.to_string()))?;
    let datetime = now.strftime("%Y-%m-%d_%H-%M-%S").to_string();
    Ok(key.replace("{datetime}", &datetime).replace("{uuid}", &cx.ids.uuid()))
}

async fn zip(directory: &Path, archive: &Path) -> Result<(), ActionOutcome> {
    let (from, to) = (directory.to_owned(), archive.to_owned());
    let packed = tokio::task::spawn_blocking(move || {
        let file = std::fs::File::create(&to).map_err(|error| Error::file(&to, error))?;
        pack(&from, file)
    });
    Ok(packed.await.map_err(|error| Error::Task(error.to_string()))??)
}

/// What the service calls a file by its name (observed); what it does not know is a stream of bytes.
fn content_type(name: &str) -> &'static str {
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension).to_ascii_lowercase();
    match extension.as_str() {
        "css" => "text/css",
        "csv" => "text/csv",
        "gif" => "image/gif",
        "htm" | "html" => "text/html",
        "jpeg" | "jpg" => "image/jpeg",
        "js" => "application/x-javascript",
        "json" => "application/json",
        "pdf" => "application/pdf",
        "png" => "image/png",
        "svg" => "image/svg+xml",
        "txt" => "text/plain",
        "xml" => "application/xml",
        "zip" => "application/zip",
        _ => "application/octet-stream",
    }
}
