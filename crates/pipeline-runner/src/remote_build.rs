//! One build on CodeBuild, between two artifacts in S3, or a batch of them.
//!
//! A project whose source is `CODEPIPELINE` cannot be started by anyone else as it is; so source and artifacts are replaced
//! for the build by the objects that they are.

use std::time::Duration;

use buildspec::client::{
    BuildBatch, BuildGroup, EnvironmentVariable, ProjectArtifacts, ProjectSource, StartBuildBatchRequest,
    StartBuildRequest, VariableKind,
};
use buildspec::{BuildLogs, FollowError, FollowEvent, follow_batch, follow_polling, follow_until};

use crate::artifact::s3_place;
use crate::backends::RemoteBuilds;
use crate::job::{ActionJob, ActionOutcome, JobContext};
use crate::providers::{call_failed, primary, variables};

/// Starts the build or batch, or follows it to its end when it has been started: the action goes on with its id, so that a
/// runner that has to begin anew finds it. When the action is given up, the build is asked to stop.
///
/// # Errors
/// The outcome to answer with, when the build could not be started or was lost from sight.
pub(crate) async fn run(
    remote: &RemoteBuilds,
    job: &ActionJob,
    cx: &JobContext,
) -> Result<ActionOutcome, ActionOutcome> {
    let batch = job.flag("BatchEnabled");
    if let Some(id) = &job.continuation {
        return if batch { follow_a_batch(remote, id, cx).await } else { follow(remote, id, cx).await };
    }
    if batch && !job.outputs.is_empty() {
        // Only for artifacts of type CODEPIPELINE is it documented which build's go where.
        return Err(ActionOutcome::misconfigured(
            "CodeBuild gives the artifacts of a batch to nobody but CodePipeline: take the output artifacts out, or run the \
             builds on this machine",
        ));
    }
    let request = request(job, cx)?;
    let place = format!("project {}", request.project_name);
    let started = if batch {
        remote.batches.start_build_batch(&StartBuildBatchRequest::new(request)).await.map(|batch| batch.id)
    } else {
        remote.builds.start_build(&request).await.map(|build| build.id)
    };
    let token = started.map_err(|error| call_failed(&place, &error))?;
    Ok(ActionOutcome::Continue { token, after: Duration::ZERO })
}

async fn follow(remote: &RemoteBuilds, id: &str, cx: &JobContext) -> Result<ActionOutcome, ActionOutcome> {
    let logs: Option<&dyn BuildLogs> = remote.logs.as_deref();
    let mut tell = |event: FollowEvent| match event {
        FollowEvent::Line(line) => cx.log(line.message.trim_end()),
        FollowEvent::PhaseStarted(phase) => cx.log(&format!("phase {}", phase.phase_type)),
        _ => {}
    };
    let polling = follow_polling();
    let ended =
        follow_until(&*remote.builds, logs, id, &*cx.clock, &*cx.ids, &polling, cx.cancel.cancelled(), &mut tell);
    let followed = ended.await.map_err(|error| lost(id, &error))?;
    if !followed.is_success() {
        let status = &followed.build.build_status;
        let reason = followed.build.first_failure().unwrap_or_else(|| format!("the build ended as {status}"));
        return Ok(ActionOutcome::failed(reason).with_external_id(id));
    }
    let exported = followed.build.exported_environment_variables;
    let outcome = ActionOutcome::succeeded().with_external_id(id).with_summary("built on CodeBuild");
    Ok(exported.iter().fold(outcome, |outcome, variable| outcome.with_variable(&variable.name, &variable.value)))
}

async fn follow_a_batch(remote: &RemoteBuilds, id: &str, cx: &JobContext) -> Result<ActionOutcome, ActionOutcome> {
    let mut tell = |group: &BuildGroup| {
        if let Some(status) = &group.build_status {
            cx.log(&format!("build `{}`: {status}", group.identifier));
        }
    };
    let polling = follow_polling();
    let ended = follow_batch(&*remote.batches, id, &*cx.clock, &*cx.ids, &polling, cx.cancel.cancelled(), &mut tell);
    let batch = ended.await.map_err(|error| lost(id, &error))?;
    let outcome = if batch.is_success() {
        // Variables are handed on by builds; a batch knows none.
        ActionOutcome::succeeded().with_summary(format!("{} builds on CodeBuild", batch.build_groups.len()))
    } else {
        ActionOutcome::failed(why_failed(remote, &batch).await)
    };
    Ok(outcome.with_external_id(id))
}

/// The first of its builds that failed, and what that build says of itself if it can be asked.
async fn why_failed(remote: &RemoteBuilds, batch: &BuildBatch) -> String {
    let failed = batch
        .build_groups
        .iter()
        .filter(|group| !group.ignore_failure)
        .find_map(|group| Some((group, group.build_status.as_ref().filter(|status| status.is_failure())?)));
    let Some((group, status)) = failed else { return format!("the batch ended as {}", batch.build_batch_status) };
    let id = group.build_arn.as_deref().and_then(|arn| arn.split_once(":build/")).map(|(_, id)| id.to_owned());
    let build = match id {
        Some(id) => remote.builds.batch_get_builds(&[id]).await.ok().and_then(|found| found.builds.into_iter().next()),
        None => None,
    };
    match build.and_then(|build| build.first_failure()) {
        Some(reason) => format!("the build `{}` failed: {reason}", group.identifier),
        None => format!("the build `{}` ended as {status}", group.identifier),
    }
}

fn lost(id: &str, error: &FollowError) -> ActionOutcome {
    let why = std::error::Error::source(error).map(|source| format!(": {source}")).unwrap_or_default();
    ActionOutcome::failed(format!("{error}{why}")).with_external_id(id)
}

fn request(job: &ActionJob, cx: &JobContext) -> Result<StartBuildRequest, ActionOutcome> {
    let mut request = StartBuildRequest::new(job.required("ProjectName")?);
    let first = primary(job)?;
    let (bucket, key) = s3_place(&cx.locate(&first.1))?;
    request.source_type_override = Some("S3".to_owned());
    request.source_location_override = Some(format!("{bucket}/{key}"));
    for (artifact, key) in job.inputs.iter().filter(|(artifact, _)| *artifact != first.0) {
        let (bucket, key) = s3_place(&cx.locate(key))?;
        let mut source = ProjectSource::new("S3", format!("{bucket}/{key}"));
        source.identifier = Some(artifact.clone());
        request.secondary_sources_override.push(source);
    }
    for (artifact, key) in &job.outputs {
        let (bucket, key) = s3_place(&cx.locate(key))?;
        let (path, name) = key.rsplit_once('/').unwrap_or(("", &key));
        let mut target = ProjectArtifacts::new("S3");
        target.location = Some(bucket);
        target.path = Some(path.to_owned()).filter(|path| !path.is_empty());
        target.name = Some(name.to_owned());
        target.namespace_type = Some("NONE".to_owned());
        target.packaging = Some("ZIP".to_owned());
        target.override_artifact_name = Some(false);
        if job.outputs.len() == 1 {
            request.artifacts_override = Some(target);
        } else {
            target.identifier = Some(artifact.clone());
            request.secondary_artifacts_override.push(target);
        }
    }
    if job.outputs.len() != 1 {
        request.artifacts_override = Some(ProjectArtifacts::new("NO_ARTIFACTS"));
    }
    request.buildspec_override = job.config("BuildspecOverride").map(str::to_owned);
    for variable in variables(job)? {
        let kind = match variable.kind.as_deref() {
            None | Some("PLAINTEXT") => VariableKind::Plaintext,
            Some("PARAMETER_STORE") => VariableKind::ParameterStore,
            Some("SECRETS_MANAGER") => VariableKind::SecretsManager,
            Some(other) => {
                let (name, other) = (variable.name.escape_debug(), other.escape_debug());
                return Err(ActionOutcome::misconfigured(format!(
                    "environment variable `{name}` has the type `{other}`: it is PLAINTEXT, PARAMETER_STORE or SECRETS_MANAGER"
                )));
            }
        };
        request = request.with_variable(EnvironmentVariable::new(variable.name, variable.value, kind));
    }
    // The same job started twice, after a lost answer, is one build.
    Ok(request.with_idempotency_token(&job.id))
}
