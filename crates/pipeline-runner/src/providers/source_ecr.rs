//! `Source/AWS/ECR`: an image of the registry becomes the source artifact, as an `imageDetail.json` that names it by its
//! digest.

use std::sync::Arc;

use async_trait::async_trait;
use ecr_push::client::{GetImage, ImageId};
use ecr_push::outputs::{IMAGE_DETAIL, ImageDetail};
use ecr_push::{Digest, ImageRef, Registry, RepositoryName, Tag};
use pipeline_model::model::ActionTypeId;

use super::call_failed;
use crate::backends::Backends;
use crate::core::FailureKind;
use crate::job::{ActionJob, ActionOutcome, ActionProvider, JobContext};
use crate::{Error, Result};

pub(super) fn provider(backends: &Backends) -> Arc<dyn ActionProvider> {
    Arc::new(SourceEcr { backends: backends.clone() })
}

#[derive(Debug)]
struct SourceEcr {
    backends: Backends,
}

#[async_trait]
impl ActionProvider for SourceEcr {
    fn action_types(&self) -> Vec<ActionTypeId> {
        vec![ActionTypeId::new("Source", "AWS", "ECR", "1")]
    }

    async fn run(&self, job: ActionJob, cx: &JobContext) -> ActionOutcome {
        match self.find(&job, cx).await {
            Ok(outcome) | Err(outcome) => outcome,
        }
    }
}

impl SourceEcr {
    async fn find(&self, job: &ActionJob, cx: &JobContext) -> Result<ActionOutcome, ActionOutcome> {
        let invalid = |error: ecr_push::NameError| ActionOutcome::misconfigured(error.to_string());
        let repository = RepositoryName::parse(job.required("RepositoryName")?).map_err(invalid)?;
        let tag = Tag::parse(job.config("ImageTag").unwrap_or("latest")).map_err(invalid)?;
        let output = job.output()?;
        let id = match &job.revision {
            None => ImageId::Tag(tag.clone()),
            Some(digest) => ImageId::Digest(digest.parse::<Digest>().map_err(|error| unavailable(&error.to_string()))?),
        };
        let image = self.backends.images.get_image(&GetImage::new(repository.clone(), id)).await;
        let image = image.map_err(|error| call_failed(repository.as_str(), &error))?.ok_or_else(|| {
            let wanted = job.revision.clone().unwrap_or_else(|| tag.to_string());
            unavailable(&format!("there is no image `{wanted}` in the repository `{repository}`: push it first"))
        })?;
        let registry = Registry::ecr_private(&self.backends.account, &self.backends.region);
        let uri = ImageRef::new(registry, repository.clone()).with_digest(image.digest).to_string();
        let mut detail = ImageDetail::new(&uri);
        detail.image_digest = Some(image.digest);
        detail.image_tags = vec![tag.clone()];
        detail.registry_id = Some(self.backends.account.clone());
        detail.repository_name = Some(repository.clone());
        detail.version = Some("1.0".to_owned());
        let text = detail.to_json().map_err(|error| ActionOutcome::failed(error.to_string()))?;
        let directory = cx.workspace().join("source");
        let file = directory.join(IMAGE_DETAIL);
        tokio::fs::create_dir_all(&directory).await.map_err(|error| Error::file(&directory, error))?;
        tokio::fs::write(&file, text).await.map_err(|error| Error::file(&file, error))?;
        cx.pack(output, &directory).await?;
        Ok(ActionOutcome::succeeded()
            .with_variable("ImageDigest", image.digest.to_string())
            .with_variable("ImageTag", tag.to_string())
            .with_variable("ImageURI", &uri)
            .with_variable("RegistryId", self.backends.account.to_string())
            .with_variable("RepositoryName", repository.to_string())
            .with_summary(uri)
            .with_revision(image.digest.to_string()))
    }
}

fn unavailable(message: &str) -> ActionOutcome {
    ActionOutcome::Failed { kind: FailureKind::RevisionUnavailable, message: message.to_owned(), external_id: None }
}
