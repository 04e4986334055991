//! `Deploy/AWS/ECS`: puts the images of `imagedefinitions.json` into the service's task definition, registers it, and
//! follows the rollout to its honest end.
//!
//! As on the service, the task definition that runs now is the base: only its images change.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use ecs_taskdef::client::{ServiceId, short_name};
use ecs_taskdef::deploy::{DeployRequest, Deployer, Deployment, Event, Outcome};
use ecs_taskdef::{ImageDefinitions, TaskDefinition};
use pipeline_model::model::ActionTypeId;
use spec_report::Source;

use super::call_failed;
use crate::backends::Backends;
use crate::job::{ActionJob, ActionOutcome, ActionProvider, JobContext};

pub(super) fn provider(backends: &Backends) -> Arc<dyn ActionProvider> {
    Arc::new(Ecs { backends: backends.clone() })
}

#[derive(Debug)]
struct Ecs {
    backends: Backends,
}

#[async_trait]
impl ActionProvider for Ecs {
    fn action_types(&self) -> Vec<ActionTypeId> {
        vec![ActionTypeId::new("Deploy", "AWS", "ECS", "1")]
    }

    async fn run(&self, job: ActionJob, cx: &JobContext) -> ActionOutcome {
        match self.deploy(&job, cx).await {
            Ok(outcome) | Err(outcome) => outcome,
        }
    }
}

impl Ecs {
    async fn deploy(&self, job: &ActionJob, cx: &JobContext) -> Result<ActionOutcome, ActionOutcome> {
        let id = ServiceId::new(job.required("ClusterName")?, job.required("ServiceName")?);
        let time = timeout(job)?;
        let images = images(job, cx).await?;
        let current = self.current(&id).await?;
        let task_definition =
            current.with_image_definitions(&images).map_err(|error| ActionOutcome::misconfigured(error.to_string()))?;
        let request = DeployRequest::new(&id.cluster, &id.service, task_definition)
            .with_polling(self.backends.polling.clone().with_deadline(time));
        let backends = &self.backends;
        let deployer = Deployer::new(
            Arc::clone(&backends.task_definitions),
            Arc::clone(&backends.services),
            Arc::clone(&cx.clock),
            Arc::clone(&cx.ids),
        );
        let tell = |event: &Event<'_>| tell(event, cx);
        let deployed = tokio::select! {
            deployed = deployer.deploy(&request, &tell) => deployed,
            () = cx.cancel.cancelled() => {
                return Err(ActionOutcome::failed(format!("no longer watched: what ECS has begun in {id} goes on there")));
            }
        };
        let deployment = deployed.map_err(|error| ActionOutcome::failed(format!("{id}: {error}")))?;
        Ok(outcome(&id, &deployment))
    }

    /// The task definition that the service runs now.
    async fn current(&self, id: &ServiceId) -> Result<TaskDefinition, ActionOutcome> {
        let service =
            self.backends.services.describe_service(id).await.map_err(|error| call_failed(&id.to_string(), &error))?;
        let described = self
            .backends
            .task_definitions
            .describe(&service.task_definition)
            .await
            .map_err(|error| call_failed(&id.to_string(), &error))?;
        let name = format!("{}.json", short_name(&service.task_definition));
        let parsed = ecs_taskdef::read(Source::new(name, described.to_string()));
        parsed.value.ok_or_else(|| ActionOutcome::failed(format!("{id}: ECS answered with no task definition")))
    }
}

/// `DeploymentTimeout` in minutes, 1 to 60; without it an ECS deployment has an hour (quotas page).
fn timeout(job: &ActionJob) -> Result<Duration, ActionOutcome> {
    let Some(text) = job.config("DeploymentTimeout") else { return Ok(Duration::from_secs(60 * 60)) };
    match text.parse::<u64>() {
        Ok(minutes @ 1..=60) => Ok(Duration::from_secs(60 * minutes)),
        _ => Err(ActionOutcome::misconfigured(format!(
            "`DeploymentTimeout` `{text}` is not a number of minutes from 1 to 60"
        ))),
    }
}

async fn images(job: &ActionJob, cx: &JobContext) -> Result<ImageDefinitions, ActionOutcome> {
    let (artifact, key) = job
        .inputs
        .first()
        .ok_or_else(|| ActionOutcome::misconfigured("the action needs an input artifact with the image definitions"))?;
    let path = job.file_in_artifact("FileName", "imagedefinitions.json")?;
    let directory = cx.unpack(artifact, key).await?;
    let file = &path.display().to_string();
    let text = tokio::fs::read_to_string(directory.join(&path)).await.map_err(|error| {
        ActionOutcome::failed(format!("artifact `{artifact}` has no readable `{file}`: {error}; let the build write it and list it under `artifacts`"))
    })?;
    let images = ImageDefinitions::parse(file, &text).map_err(|error| ActionOutcome::failed(error.to_string()))?;
    if images.is_empty() {
        return Err(ActionOutcome::failed(format!("`{file}` names no container, so nothing would be deployed")));
    }
    Ok(images)
}

fn outcome(id: &ServiceId, deployment: &Deployment) -> ActionOutcome {
    let (revision, tasks) = (deployment.revision.short_name(), deployment.service.running);
    let ended = match deployment.outcome {
        Outcome::Succeeded => ActionOutcome::succeeded()
            .with_summary(format!("{id} runs {revision} ({tasks} of {} tasks)", deployment.service.desired)),
        Outcome::NoChange => {
            ActionOutcome::succeeded().with_summary(format!("{id} runs {revision} already; nothing was done"))
        }
        other => {
            let report = deployment.report.clone().unwrap_or_default();
            let rolled_back = match (&report.rolled_back_to, other) {
                (Some(to), _) => format!("; rolled back to {}", short_name(to)),
                (None, Outcome::RolledBack) => "; rolled back".to_owned(),
                (None, _) => "; nothing was rolled back".to_owned(),
            };
            let advice = report.advice.map(|advice| format!(" ({advice})")).unwrap_or_default();
            ActionOutcome::failed(format!(
                "{revision} in {id} has {}: {}{rolled_back}{advice}",
                words(other),
                report.cause()
            ))
        }
    };
    match &deployment.id {
        Some(deployment) => ended.with_external_id(deployment),
        None => ended,
    }
}

fn words(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Superseded => "been superseded by another deployment",
        Outcome::TimedOut => "not ended in time and may go on",
        Outcome::Stopped => "been stopped",
        _ => "failed",
    }
}

fn tell(event: &Event<'_>, cx: &JobContext) {
    match event {
        Event::Registered(revision) => cx.log(&format!("registered {}", revision.short_name())),
        Event::Reused(arn) => cx.log(&format!("{} means the same and is used", short_name(arn))),
        Event::Began(id) => cx.log(&format!("deployment {id}")),
        Event::Rollout(rollout) => cx.log(&format!(
            "{}: {} of {} running, {} pending, {} failed",
            short_name(&rollout.task_definition),
            rollout.running,
            rollout.desired,
            rollout.pending,
            rollout.failed
        )),
        Event::Service(event) => cx.log(&event.message),
        Event::RollingBack(to) => cx.log(&format!("rolling back to {}", short_name(to))),
        Event::Retrying { error, hint } => {
            cx.log(&format!(
                "{error}; trying again{}",
                hint.map(|hint| format!(": {}", hint.meaning)).unwrap_or_default()
            ));
        }
        Event::PollFailed(error) => cx.log(&format!("could not look this time: {error}")),
        _ => {}
    }
}
