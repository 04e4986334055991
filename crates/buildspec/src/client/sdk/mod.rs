//! CodeBuild and its logs through the AWS SDK (feature `sdk`): one file a role.

mod batch;
mod convert;
mod credentials;
mod logs;
mod project;
mod start;

use std::time::SystemTime;

use async_trait::async_trait;
use aws_call::CallError;
use aws_sdk_codebuild::Client;
use aws_sdk_codebuild::error::BuildError;
use aws_sdk_codebuild::types;

pub use self::logs::SdkCloudWatchLogs;
use super::{BatchGetBuilds, Build, Builds, LogsLocation, StartBuildRequest};
use crate::build::{BuildPhase, BuildStatus, ExportedVariable, PhaseContext};
use crate::phases::PhaseType;

/// The real service.
#[derive(Clone, Debug)]
pub struct SdkCodeBuild {
    client: Client,
}

impl SdkCodeBuild {
    /// Over a client of the SDK, whose configuration brings credentials, region and TLS.
    #[must_use]
    pub const fn new(client: Client) -> Self {
        Self { client }
    }
}

impl From<Client> for SdkCodeBuild {
    fn from(client: Client) -> Self {
        Self::new(client)
    }
}

#[async_trait]
impl Builds for SdkCodeBuild {
    async fn start_build(&self, request: &StartBuildRequest) -> Result<Build, CallError> {
        const OPERATION: &str = "StartBuild";
        let call = start::build(&self.client, request).map_err(|error| invalid(OPERATION, error))?;
        let answer = call.send().await.map_err(|error| CallError::from_sdk(OPERATION, error))?;
        of_answer(OPERATION, answer.build_value)
    }

    async fn batch_get_builds(&self, ids: &[String]) -> Result<BatchGetBuilds, CallError> {
        let call = self.client.batch_get_builds().set_ids(Some(ids.to_vec()));
        let answer = call.send().await.map_err(|error| CallError::from_sdk("BatchGetBuilds", error))?;
        let builds = answer.builds.unwrap_or_default().into_iter().map(of_sdk).collect();
        Ok(BatchGetBuilds::new(builds, answer.builds_not_found.unwrap_or_default()))
    }

    async fn stop_build(&self, id: &str) -> Result<Build, CallError> {
        const OPERATION: &str = "StopBuild";
        let answer =
            self.client.stop_build().id(id).send().await.map_err(|error| CallError::from_sdk(OPERATION, error))?;
        of_answer(OPERATION, answer.build_value)
    }
}

/// An answer without the build that it is about is no success.
fn of_answer(operation: &'static str, build: Option<types::Build>) -> Result<Build, CallError> {
    build
        .map(of_sdk)
        .ok_or_else(|| CallError::new(operation, aws_call::Fault::Other).with_message("the answer holds no build"))
}

/// A request that lacks what the service requires is not sent.
fn invalid(operation: &'static str, error: BuildError) -> CallError {
    CallError::new(operation, aws_call::Fault::InvalidRequest).with_source(error)
}

fn of_sdk(from: types::Build) -> Build {
    let mut build =
        Build::new(from.id.unwrap_or_default(), from.arn.unwrap_or_default(), from.project_name.unwrap_or_default());
    build.build_number = from.build_number;
    // A build without a status is not known to be anything.
    build.build_status = status(from.build_status.as_ref()).unwrap_or_else(|| BuildStatus::Unknown(String::new()));
    build.current_phase = from.current_phase.as_deref().map(PhaseType::from_word);
    build.build_complete = from.build_complete;
    build.start_time = time(from.start_time);
    build.end_time = time(from.end_time);
    build.source_version = from.source_version;
    build.resolved_source_version = from.resolved_source_version;
    build.phases = from.phases.unwrap_or_default().into_iter().map(phase).collect();
    let exported = from.exported_environment_variables.unwrap_or_default();
    build.exported_environment_variables = exported
        .into_iter()
        .filter_map(|variable| Some(ExportedVariable::new(variable.name?, variable.value.unwrap_or_default())))
        .collect();
    build.logs = from.logs.and_then(|logs| Some(LogsLocation::new(logs.group_name?, logs.stream_name?)));
    build
}

fn phase(from: types::BuildPhase) -> BuildPhase {
    let word = from.phase_type.as_ref().map_or("", types::BuildPhaseType::as_str);
    BuildPhase {
        phase_type: PhaseType::from_word(word),
        phase_status: status(from.phase_status.as_ref()),
        start_time: time(from.start_time),
        end_time: time(from.end_time),
        contexts: from
            .contexts
            .unwrap_or_default()
            .into_iter()
            // Phases that succeed carry a context of two empty texts.
            .filter(|context| {
                [&context.status_code, &context.message]
                    .iter()
                    .any(|text| text.as_deref().is_some_and(|text| !text.is_empty()))
            })
            .map(|context| {
                PhaseContext::new(context.status_code.unwrap_or_default(), context.message.unwrap_or_default())
            })
            .collect(),
    }
}

fn status(from: Option<&types::StatusType>) -> Option<BuildStatus> {
    from.map(|status| BuildStatus::from_word(status.as_str()))
}

fn time(from: Option<aws_sdk_codebuild::primitives::DateTime>) -> Option<SystemTime> {
    from.and_then(|time| SystemTime::try_from(time).ok())
}
