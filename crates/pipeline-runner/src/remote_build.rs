//! One build on CodeBuild, between two artifacts in S3.
//!
//! A project whose source is `CODEPIPELINE` cannot be started by anyone else as it is; so source and artifacts are replaced
//! for the build by the objects that they are.

use std::time::Duration;

use buildspec::client::{EnvironmentVariable, ProjectArtifacts, ProjectSource, StartBuildRequest, VariableKind};
use buildspec::{BuildLogs, FollowEvent, follow_polling, follow_until};

use crate::artifact::s3_place;
use crate::backends::RemoteBuilds;
use crate::job::{ActionJob, ActionOutcome, JobContext};
use crate::providers::{call_failed, primary, variables};

/// Starts the build, or follows it to its end when it has been started: the action goes on with the build's id, so that a
/// runner that has to begin anew finds it. When the action is given up, the build is asked to stop.
///
/// # Errors
/// The outcome to answer with, when the build could not be started or was lost from sight.
pub(crate) async fn run(
    remote: &RemoteBuilds,
    job: &ActionJob,
    cx: &JobContext,
) -> Result<ActionOutcome, ActionOutcome> {
    match &job.continuation {
        Some(id) => follow(remote, id, cx).await,
        None => {
            let request = request(job, cx)?;
            let started = remote.builds.start_build(&request).await;
            let build = started.map_err(|error| call_failed(&format!("project {}", request.project_name), &error))?;
            Ok(ActionOutcome::Continue { token: build.id, after: Duration::ZERO })
        }
    }
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
    let followed = ended.await.map_err(|error| {
        let why = std::error::Error::source(&error).map(|source| format!(": {source}")).unwrap_or_default();
        ActionOutcome::failed(format!("{error}{why}")).with_external_id(id)
    })?;
    if !followed.is_success() {
        let status = &followed.build.build_status;
        let reason = followed.build.first_failure().unwrap_or_else(|| format!("the build ended as {status}"));
        return Ok(ActionOutcome::failed(reason).with_external_id(id));
    }
    let exported = followed.build.exported_environment_variables;
    let outcome = ActionOutcome::succeeded().with_external_id(id).with_summary("built on CodeBuild");
    Ok(exported.iter().fold(outcome, |outcome, variable| outcome.with_variable(&variable.name, &variable.value)))
}

fn request(job: &ActionJob, cx: &JobContext) -> Result<StartBuildRequest, ActionOutcome> {
    let mut request = StartBuildRequest::new(job.required("ProjectName")?);
    if job.config("BatchEnabled").is_some_and(|value| value.eq_ignore_ascii_case("true")) {
        return Err(ActionOutcome::misconfigured("an action whose `BatchEnabled` is true cannot be run from here"));
    }
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
