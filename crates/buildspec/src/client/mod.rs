//! CodeBuild as roles: who starts builds needs [`Builds`] or [`BuildBatches`], who shows their logs [`BuildLogs`], who
//! sets projects up [`Projects`] and [`SourceCredentials`].

mod batch;
mod credentials;
#[cfg(feature = "memory")]
mod memory;
mod project;
#[cfg(feature = "sdk")]
mod sdk;
mod start;

use std::fmt::Debug;
use std::sync::Arc;
use std::time::SystemTime;

use async_trait::async_trait;
use aws_call::CallError;
use serde::Serialize;

pub use batch::{BuildBatch, BuildBatches, BuildGroup, StartBuildBatchRequest};
pub use credentials::{
    ImportSourceCredentials, MissingScope, SourceCredentials, SourceCredentialsInfo, missing_github_scopes,
};
#[cfg(feature = "memory")]
pub use memory::{BatchPlan, BuildPlan, MemoryCodeBuild};
pub use project::{
    BatchConfig, BatchGetProjects, BuildStatusConfig, CloudWatchLogs, LogsConfig, Project, ProjectArtifacts,
    ProjectCache, ProjectEnvironment, ProjectSource, Projects, S3Logs, SourceAuth, SourceVersion, VpcConfig,
    put_project,
};
#[cfg(feature = "sdk")]
pub use sdk::{SdkCloudWatchLogs, SdkCodeBuild};
pub use start::StartBuildRequest;

use crate::build::{BuildPhase, BuildStatus, ExportedVariable, optional_seconds};
use crate::phases::PhaseType;

/// Starts, watches and stops builds.
#[async_trait]
pub trait Builds: Debug + Send + Sync {
    /// Starts a build.
    ///
    /// Not cancel-safe: a dropped call may have started a build. With an idempotency token it can be repeated.
    ///
    /// # Errors
    /// The call failed, or the service refused it.
    async fn start_build(&self, request: &StartBuildRequest) -> Result<Build, CallError>;

    /// What is known about builds.
    ///
    /// # Errors
    /// The call failed. Builds that do not exist are no error: they are in the answer.
    async fn batch_get_builds(&self, ids: &[String]) -> Result<BatchGetBuilds, CallError>;

    /// Asks a build to stop.
    ///
    /// # Errors
    /// The call failed, or there is no such build.
    async fn stop_build(&self, id: &str) -> Result<Build, CallError>;
}

const _: fn(&dyn Builds) = |_| ();

/// Reads the log of a build, page by page.
#[async_trait]
pub trait BuildLogs: Debug + Send + Sync {
    /// The page behind `token`, or the first one. At the end of what is written the page is empty and its token is the
    /// one that was asked for.
    ///
    /// # Errors
    /// The call failed, or there is no such log (yet).
    async fn log_page(&self, logs: &LogsLocation, token: Option<&str>) -> Result<LogPage, CallError>;
}

const _: fn(&dyn BuildLogs) = |_| ();

#[async_trait]
impl<T: Builds + ?Sized> Builds for Arc<T> {
    async fn start_build(&self, request: &StartBuildRequest) -> Result<Build, CallError> {
        (**self).start_build(request).await
    }

    async fn batch_get_builds(&self, ids: &[String]) -> Result<BatchGetBuilds, CallError> {
        (**self).batch_get_builds(ids).await
    }

    async fn stop_build(&self, id: &str) -> Result<Build, CallError> {
        (**self).stop_build(id).await
    }
}

#[async_trait]
impl<T: BuildLogs + ?Sized> BuildLogs for Arc<T> {
    async fn log_page(&self, logs: &LogsLocation, token: Option<&str>) -> Result<LogPage, CallError> {
        (**self).log_page(logs, token).await
    }
}

/// A variable of a build.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct EnvironmentVariable {
    /// Its name.
    pub name: String,
    /// Its value, or what refers to it.
    pub value: String,
    /// What `value` is.
    pub kind: VariableKind,
}

impl EnvironmentVariable {
    /// A variable whose value everyone may see.
    #[must_use]
    pub fn plaintext(name: impl Into<String>, value: impl Into<String>) -> Self {
        Self { name: name.into(), value: value.into(), kind: VariableKind::Plaintext }
    }

    /// A variable of another kind.
    #[must_use]
    pub fn new(name: impl Into<String>, value: impl Into<String>, kind: VariableKind) -> Self {
        Self { name: name.into(), value: value.into(), kind }
    }
}

/// What the value of a variable is.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum VariableKind {
    /// The value itself.
    Plaintext,
    /// The name of a parameter of the Systems Manager Parameter Store.
    ParameterStore,
    /// A reference to a secret.
    SecretsManager,
}

/// What is known about a build.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Build {
    /// `<project>:<uuid>`
    pub id: String,
    /// Its ARN.
    pub arn: String,
    /// The project.
    pub project_name: String,
    /// Its number within the project, if the service told it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub build_number: Option<i64>,
    /// How it stands.
    pub build_status: BuildStatus,
    /// The phase it is in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub current_phase: Option<PhaseType>,
    /// Whether it is over.
    pub build_complete: bool,
    /// When it was submitted.
    #[serde(serialize_with = "optional_seconds", skip_serializing_if = "Option::is_none")]
    pub start_time: Option<SystemTime>,
    /// When it was over.
    #[serde(serialize_with = "optional_seconds", skip_serializing_if = "Option::is_none")]
    pub end_time: Option<SystemTime>,
    /// What was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_version: Option<String>,
    /// What that turned out to be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resolved_source_version: Option<String>,
    /// The phases so far.
    pub phases: Vec<BuildPhase>,
    /// The variables that it hands on.
    pub exported_environment_variables: Vec<ExportedVariable>,
    /// Where its log is; absent until it is provisioned.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub logs: Option<LogsLocation>,
}

impl Build {
    /// A build that has been submitted and of which nothing else is known.
    #[must_use]
    pub fn new(id: impl Into<String>, arn: impl Into<String>, project_name: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            arn: arn.into(),
            project_name: project_name.into(),
            build_number: None,
            build_status: BuildStatus::InProgress,
            current_phase: None,
            build_complete: false,
            start_time: None,
            end_time: None,
            source_version: None,
            resolved_source_version: None,
            phases: Vec::new(),
            exported_environment_variables: Vec::new(),
            logs: None,
        }
    }

    /// Whether the build is over and succeeded.
    #[must_use]
    pub fn is_success(&self) -> bool {
        self.build_complete && self.build_status == BuildStatus::Succeeded
    }

    /// Phase and reason of the first failure, in one line.
    #[must_use]
    pub fn first_failure(&self) -> Option<String> {
        let failed = |phase: &&BuildPhase| {
            !matches!(phase.phase_status, None | Some(BuildStatus::Succeeded | BuildStatus::InProgress))
        };
        let phase = self.phases.iter().find(failed)?;
        let status = phase.phase_status.as_ref().map_or("", |status| status.as_str());
        let reason = phase.contexts.iter().find(|context| !context.message.trim().is_empty());
        let reason = reason.map_or_else(|| status.to_owned(), ToString::to_string);
        Some(format!("{}: {}", phase.phase_type, reason.lines().next().unwrap_or_default()))
    }
}

/// The answer to [`Builds::batch_get_builds`].
#[non_exhaustive]
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BatchGetBuilds {
    /// The builds that exist.
    pub builds: Vec<Build>,
    /// The ids of those that do not.
    pub builds_not_found: Vec<String>,
}

impl BatchGetBuilds {
    /// An answer from its two parts.
    #[must_use]
    pub const fn new(builds: Vec<Build>, builds_not_found: Vec<String>) -> Self {
        Self { builds, builds_not_found }
    }
}

/// Where a log is.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LogsLocation {
    /// The group of CloudWatch Logs.
    pub group_name: String,
    /// The stream in it.
    pub stream_name: String,
}

impl LogsLocation {
    /// A place from its two parts.
    #[must_use]
    pub fn new(group_name: impl Into<String>, stream_name: impl Into<String>) -> Self {
        Self { group_name: group_name.into(), stream_name: stream_name.into() }
    }
}

/// A piece of a log.
#[non_exhaustive]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogPage {
    /// What was written.
    pub events: Vec<LogLine>,
    /// Where the next piece begins.
    pub next_token: Option<String>,
}

impl LogPage {
    /// A page from its two parts.
    #[must_use]
    pub const fn new(events: Vec<LogLine>, next_token: Option<String>) -> Self {
        Self { events, next_token }
    }
}

/// What was written at once.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    /// When.
    pub at: SystemTime,
    /// What, with its line break if it has one.
    pub message: String,
}

impl LogLine {
    /// A line from its two parts.
    #[must_use]
    pub fn new(at: SystemTime, message: impl Into<String>) -> Self {
        Self { at, message: message.into() }
    }
}
