//! `Build/AWS/ECRBuildAndPublish`: builds the image of the artifact's Dockerfile, as far as that needs no container, and
//! pushes it to the repository.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use ecr_push::push::{Event, LayerOutcome};
use ecr_push::{
    Image, ImageRef, Platform, PushOptions, PushReport, PushRequest, Pusher, Registry, RepositoryName, Tag, dockerfile,
};
use pipeline_model::model::ActionTypeId;

use crate::backends::Backends;
use crate::core::FailureKind;
use crate::job::{ActionJob, ActionOutcome, ActionProvider, JobContext};
use crate::{Error, Result};

pub(super) fn provider(backends: &Backends) -> Arc<dyn ActionProvider> {
    Arc::new(EcrBuildAndPublish { backends: backends.clone() })
}

#[derive(Debug)]
struct EcrBuildAndPublish {
    backends: Backends,
}

#[async_trait]
impl ActionProvider for EcrBuildAndPublish {
    fn action_types(&self) -> Vec<ActionTypeId> {
        vec![ActionTypeId::new("Build", "AWS", "ECRBuildAndPublish", "1")]
    }

    async fn run(&self, job: ActionJob, cx: &JobContext) -> ActionOutcome {
        match self.publish(&job, cx).await {
            Ok(outcome) | Err(outcome) => outcome,
        }
    }
}

impl EcrBuildAndPublish {
    async fn publish(&self, job: &ActionJob, cx: &JobContext) -> Result<ActionOutcome, ActionOutcome> {
        let request = self.request(job)?;
        let (artifact, key) = job
            .inputs
            .first()
            .ok_or_else(|| ActionOutcome::misconfigured("the action needs an input artifact with the Dockerfile"))?;
        let dockerfile = job.file_in_artifact("DockerFilePath", "Dockerfile")?;
        let context = cx.unpack(artifact, key).await?;
        let image = build(context, &dockerfile).await?;
        cx.log(&format!("built {}", image.digest()));
        let pusher = Pusher::new(Arc::clone(&self.backends.images), Arc::clone(&cx.clock), Arc::clone(&cx.ids));
        let tell = |event: &Event<'_>| tell(event, cx);
        let options = PushOptions::default();
        let pushed = tokio::select! {
            pushed = pusher.push(&image, &request, &options, &tell) => pushed,
            // Dropping the push leaves no tag, only layers that the next one reuses.
            () = cx.cancel.cancelled() => return Err(ActionOutcome::failed("the push was given up; no tag was written")),
        };
        let report = pushed.map_err(|error| failed(&error))?;
        Ok(ActionOutcome::succeeded()
            .with_variable("ECRImageDigestId", report.digest.to_string())
            .with_variable("ECRRepositoryName", request.repository.to_string())
            .with_external_id(report.uri_by_digest.to_string())
            .with_summary(summary(&report)))
    }

    fn request(&self, job: &ActionJob) -> Result<PushRequest, ActionOutcome> {
        if job.config("RegistryType").is_some_and(|kind| kind != "private") {
            return Err(ActionOutcome::misconfigured(
                "only private registries can be pushed to here: set `RegistryType` to `private`",
            ));
        }
        let invalid = |error: ecr_push::NameError| ActionOutcome::misconfigured(error.to_string());
        let repository = RepositoryName::parse(job.required("ECRRepositoryName")?).map_err(invalid)?;
        let registry = Registry::ecr_private(&self.backends.account, &self.backends.region);
        let mut request = PushRequest::to(&ImageRef::new(registry, repository));
        for tag in job.config("ImageTags").unwrap_or("latest").split(',') {
            request = request.with_tag(Tag::parse(tag.trim()).map_err(invalid)?);
        }
        Ok(request)
    }
}

async fn build(context: PathBuf, dockerfile: &Path) -> Result<Image, ActionOutcome> {
    let path = context.join(dockerfile);
    let built =
        tokio::task::spawn_blocking(move || dockerfile::build(&context, &path, &Platform::linux("amd64"))).await;
    built.map_err(|error| Error::Task(error.to_string()))?.map_err(|error| failed(&error))
}

fn failed(error: &ecr_push::Error) -> ActionOutcome {
    let kind = match error.call().map(aws_call::CallError::fault) {
        Some(aws_call::Fault::AccessDenied | aws_call::Fault::Credentials) => FailureKind::PermissionError,
        _ if matches!(error, ecr_push::Error::RepositoryMissing(_)) => FailureKind::ConfigurationError,
        _ => FailureKind::JobFailed,
    };
    let mut message = error.to_string();
    if let ecr_push::Error::Call(failed) = error {
        message.push_str(&format!(": {}", failed.call()));
    }
    if let Some(hint) = error.call().and_then(aws_call::CallError::hint) {
        message.push_str(&format!(" ({})", hint.advice));
    }
    ActionOutcome::Failed { kind, message, external_id: None }
}

fn tell(event: &Event<'_>, cx: &JobContext) {
    match event {
        Event::LayerDone { digest, outcome: LayerOutcome::Uploaded } => cx.log(&format!("pushed {digest}")),
        Event::LayerDone { digest, .. } => cx.log(&format!("layer {digest} was there")),
        Event::Retry { operation, attempt, delay, cause } => {
            cx.log(&format!("{operation} failed at attempt {attempt}, again in {delay:.1?}: {cause}"));
        }
        Event::ManifestStored { digest, tag: Some(tag) } => cx.log(&format!("tagged {digest} as {tag}")),
        Event::TagPresent(tag) => cx.log(&format!("tag {tag} names this image already")),
        _ => {}
    }
}

fn summary(report: &PushReport) -> String {
    let tags: Vec<_> = report.tags.iter().map(|tag| tag.tag.as_str()).collect();
    format!(
        "{} as {} ({} layers sent, {} reused)",
        report.digest,
        tags.join(", "),
        report.uploaded.layers,
        report.reused.layers
    )
}
