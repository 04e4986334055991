//! `Source/AWS/S3`: the object that the action names becomes the source artifact.

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use aws_call::CallError;
use pipeline_model::model::ActionTypeId;

use super::call_failed;
use crate::artifact::{Limits, unpack};
use crate::backends::Backends;
use crate::client::GetObject;
use crate::core::FailureKind;
use crate::job::{ActionJob, ActionOutcome, ActionProvider, JobContext};
use crate::{Error, Result};

pub(super) fn provider(backends: &Backends) -> Arc<dyn ActionProvider> {
    Arc::new(S3 { backends: backends.clone() })
}

#[derive(Debug)]
struct S3 {
    backends: Backends,
}

#[async_trait]
impl ActionProvider for S3 {
    fn action_types(&self) -> Vec<ActionTypeId> {
        vec![ActionTypeId::new("Source", "AWS", "S3", "1")]
    }

    async fn run(&self, job: ActionJob, cx: &JobContext) -> ActionOutcome {
        match self.fetch(&job, cx).await {
            Ok(outcome) | Err(outcome) => outcome,
        }
    }
}

impl S3 {
    async fn fetch(&self, job: &ActionJob, cx: &JobContext) -> Result<ActionOutcome, ActionOutcome> {
        let (bucket, key) = (job.required("S3Bucket")?, job.required("S3ObjectKey")?);
        let output = job.output()?;
        let mut request = GetObject::new(bucket, key);
        request.version.clone_from(&job.revision);
        let archive = cx.workspace().join("object");
        tokio::fs::create_dir_all(cx.workspace()).await.map_err(|error| Error::file(cx.workspace(), error))?;
        let found = self.backends.objects.get_object(&request, &archive).await;
        let found = found.map_err(|error| failed(&request, &error))?;
        let directory = cx.workspace().join("source");
        unzip(key, &archive, &directory).await?;
        cx.pack(output, &directory).await?;
        let version = found.version.unwrap_or_default();
        let mut outcome = ActionOutcome::succeeded()
            .with_variable("BucketName", bucket)
            .with_variable("ObjectKey", key)
            .with_variable("VersionId", &version)
            .with_summary(format!("Amazon S3 version id: {version}"))
            .with_revision(version);
        if let Some(tag) = found.e_tag {
            outcome = outcome.with_variable("ETag", tag);
        }
        Ok(outcome)
    }
}

fn failed(request: &GetObject, error: &CallError) -> ActionOutcome {
    let place = format!("s3://{}/{}", request.bucket, request.key);
    match (call_failed(&place, error), error.code()) {
        (ActionOutcome::Failed { message, external_id, .. }, Some("NoSuchVersion")) => {
            ActionOutcome::Failed { kind: FailureKind::RevisionUnavailable, message, external_id }
        }
        (outcome, _) => outcome,
    }
}

/// CodePipeline hands an object of any kind on; the actions that take it can only work with an archive.
async fn unzip(key: &str, archive: &Path, directory: &Path) -> Result<(), ActionOutcome> {
    let (name, from, to) = (key.to_owned(), archive.to_owned(), directory.to_owned());
    let unpacked = tokio::task::spawn_blocking(move || {
        let file = std::fs::File::open(&from).map_err(|error| Error::file(&from, error))?;
        unpack(&name, file, &to, &Limits::default())
    });
    let unpacked = unpacked.await.map_err(|error| Error::Task(error.to_string()))?;
    unpacked.map_err(|error| ActionOutcome::failed(format!("{error}; put a zip archive of the source there")))
}
