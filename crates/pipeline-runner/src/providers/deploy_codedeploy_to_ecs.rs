//! `Deploy/AWS/CodeDeployToECS`: fills the images into the task definition, registers it, fills its ARN into the AppSpec, and
//! lets CodeDeploy shift the traffic.

use std::path::PathBuf;
use std::sync::Arc;

use appspec::client::{CreateDeployment, RevisionLocation};
use async_trait::async_trait;
use ecs_taskdef::{Body, ImageDetail};
use pipeline_model::model::ActionTypeId;

use super::call_failed;
use crate::artifact::walk;
use crate::backends::Backends;
use crate::deployment;
use crate::job::{ActionJob, ActionOutcome, ActionProvider, JobContext};
use crate::{Error, Result};

/// What all input artifacts together may have (quotas page).
const LIMIT: u64 = 3 * 1024 * 1024;

pub(super) fn provider(backends: &Backends) -> Arc<dyn ActionProvider> {
    Arc::new(CodeDeployToEcs { backends: backends.clone() })
}

#[derive(Debug)]
struct CodeDeployToEcs {
    backends: Backends,
}

#[async_trait]
impl ActionProvider for CodeDeployToEcs {
    fn action_types(&self) -> Vec<ActionTypeId> {
        vec![ActionTypeId::new("Deploy", "AWS", "CodeDeployToECS", "1")]
    }

    async fn run(&self, job: ActionJob, cx: &JobContext) -> ActionOutcome {
        match self.deploy(&job, cx).await {
            Ok(outcome) | Err(outcome) => outcome,
        }
    }
}

impl CodeDeployToEcs {
    async fn deploy(&self, job: &ActionJob, cx: &JobContext) -> Result<ActionOutcome, ActionOutcome> {
        let (application, group) = (job.required("ApplicationName")?, job.required("DeploymentGroupName")?);
        if let (Some(id), Some(deployments)) = (&job.continuation, &self.backends.deployments) {
            return deployment::follow(deployments, id, &format!("{application}/{group}"), cx).await;
        }
        let task_artifact = job.required("TaskDefinitionTemplateArtifact")?;
        let spec_artifact = job.required("AppSpecTemplateArtifact")?;
        let inputs = Inputs::unpack(job, cx).await?;
        let task_definition = inputs.read(job, task_artifact, "TaskDefinitionTemplatePath", "taskdef.json").await?;
        let app_spec = inputs.read(job, spec_artifact, "AppSpecTemplatePath", "appspec.yaml").await?;
        let mut filled = task_definition.text;
        for number in 1..=4 {
            let Some((placeholder, image)) = inputs.image(job, number).await? else { continue };
            filled = fill(&filled, &format!("<{placeholder}>"), &image, &task_definition.name)?;
        }
        let Some(deployments) = &self.backends.deployments else {
            return Err(ActionOutcome::misconfigured(format!(
                "shifting traffic in `{application}/{group}` needs CodeDeploy, which is not here: give the backends its \
                 client, or script the action's outcome"
            )));
        };
        let revision = self.register(&task_definition.name, &filled).await?;
        cx.log(&format!("registered {revision}"));
        let content = fill(&app_spec.text, "<TASK_DEFINITION>", &revision, &app_spec.name)?;
        let create = CreateDeployment::new(application, group, RevisionLocation::content(content));
        deployment::begin(deployments, &create).await
    }

    async fn register(&self, name: &str, text: &str) -> Result<String, ActionOutcome> {
        let parsed = ecs_taskdef::read_bytes(name, text.as_bytes());
        let read = parsed.value.filter(|_| !parsed.report.has_errors()).ok_or_else(|| {
            let first = parsed.report.iter().next().map(|problem| format!(": {}", problem.message)).unwrap_or_default();
            ActionOutcome::failed(format!("`{name}` is no task definition{first}"))
        })?;
        let body = Body::of(&read).map_err(|error| ActionOutcome::failed(format!("`{name}`: {error}")))?;
        let registered = self.backends.task_definitions.register(&body).await;
        Ok(registered.map_err(|error| call_failed(&format!("`{name}`"), &error))?.arn)
    }
}

/// A placeholder that is not there would leave the old image or revision: never a silent success.
fn fill(text: &str, placeholder: &str, value: &str, name: &str) -> Result<String, ActionOutcome> {
    if !text.contains(placeholder) {
        return Err(ActionOutcome::failed(format!(
            "`{name}` does not have the placeholder `{placeholder}`: put it there"
        )));
    }
    Ok(text.replace(placeholder, value))
}

/// The input artifacts, unpacked.
struct Inputs(Vec<(String, PathBuf)>);

/// A template.
struct Template {
    name: String,
    text: String,
}

impl Inputs {
    async fn unpack(job: &ActionJob, cx: &JobContext) -> Result<Self, ActionOutcome> {
        let (mut found, mut bytes) = (Vec::new(), 0);
        for (name, key) in &job.inputs {
            let directory = cx.unpack(name, key).await?;
            for file in walk(&directory)? {
                let path = directory.join(file);
                bytes += std::fs::symlink_metadata(&path).map_err(|error| Error::file(&path, error))?.len();
            }
            found.push((name.clone(), directory));
        }
        if bytes > LIMIT {
            return Err(ActionOutcome::failed(format!(
                "the input artifacts have {bytes} bytes, and the action takes at most {LIMIT}: give it an artifact with \
                 only the templates"
            )));
        }
        Ok(Self(found))
    }

    /// The directory of an artifact.
    fn directory(&self, job: &ActionJob, artifact: &str) -> Result<&PathBuf, ActionOutcome> {
        job.input_named(artifact)?;
        let found = self.0.iter().find(|(name, _)| name == artifact);
        found.map(|(_, directory)| directory).ok_or_else(|| ActionOutcome::misconfigured("an input artifact is lost"))
    }

    async fn read(&self, job: &ActionJob, artifact: &str, key: &str, default: &str) -> Result<Template, ActionOutcome> {
        let path = job.file_in_artifact(key, default)?;
        let name = path.display().to_string();
        let text = tokio::fs::read_to_string(self.directory(job, artifact)?.join(&path)).await;
        let text = text.map_err(|error| {
            ActionOutcome::failed(format!("artifact `{artifact}` has no readable `{name}`: {error}"))
        })?;
        Ok(Template { name, text })
    }

    /// Placeholder and image of `Image<number>…`, which come in pairs.
    async fn image(&self, job: &ActionJob, number: u8) -> Result<Option<(String, String)>, ActionOutcome> {
        let (artifact, container) = (format!("Image{number}ArtifactName"), format!("Image{number}ContainerName"));
        let (artifact, placeholder) = match (job.config(&artifact), job.config(&container)) {
            (None, None) => return Ok(None),
            (Some(name), Some(placeholder)) => (name, placeholder),
            _ => {
                let message = format!("`{artifact}` and `{container}` come together: set both, or none");
                return Err(ActionOutcome::misconfigured(message));
            }
        };
        const FILE: &str = "imageDetail.json";
        let text = tokio::fs::read_to_string(self.directory(job, artifact)?.join(FILE)).await;
        let text = text.map_err(|error| {
            ActionOutcome::failed(format!("artifact `{artifact}` has no readable `{FILE}`: {error}"))
        })?;
        let detail = ImageDetail::parse(FILE, &text).map_err(|error| ActionOutcome::failed(error.to_string()))?;
        Ok(Some((placeholder.to_owned(), detail.image_uri)))
    }
}
