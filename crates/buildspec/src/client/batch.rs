//! Batches: one call that starts several builds, as `batch` in the buildspec says.

use std::fmt::Debug;
use std::sync::Arc;
use std::time::SystemTime;

use async_trait::async_trait;
use aws_call::CallError;
use serde::Serialize;

use super::{BatchConfig, StartBuildRequest};
use crate::build::{BuildStatus, optional_seconds};

/// Starts, watches and stops batches of builds.
#[async_trait]
pub trait BuildBatches: Debug + Send + Sync {
    /// Starts a batch.
    ///
    /// Not cancel-safe: a dropped call may have started a batch. With an idempotency token it can be repeated.
    ///
    /// # Errors
    /// The call failed, the service refused it, or the request has an override that batches do not have.
    async fn start_build_batch(&self, request: &StartBuildBatchRequest) -> Result<BuildBatch, CallError>;

    /// What is known about batches. Those that do not exist are left out.
    ///
    /// # Errors
    /// The call failed.
    async fn batch_get_build_batches(&self, ids: &[String]) -> Result<Vec<BuildBatch>, CallError>;

    /// Asks a batch to stop, with all of its builds.
    ///
    /// # Errors
    /// The call failed, or there is no such batch.
    async fn stop_build_batch(&self, id: &str) -> Result<BuildBatch, CallError>;
}

const _: fn(&dyn BuildBatches) = |_| ();

#[async_trait]
impl<T: BuildBatches + ?Sized> BuildBatches for Arc<T> {
    async fn start_build_batch(&self, request: &StartBuildBatchRequest) -> Result<BuildBatch, CallError> {
        (**self).start_build_batch(request).await
    }

    async fn batch_get_build_batches(&self, ids: &[String]) -> Result<Vec<BuildBatch>, CallError> {
        (**self).batch_get_build_batches(ids).await
    }

    async fn stop_build_batch(&self, id: &str) -> Result<BuildBatch, CallError> {
        (**self).stop_build_batch(id).await
    }
}

/// What to build as a batch.
#[non_exhaustive]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StartBuildBatchRequest {
    /// What each build starts from. Batches have no `build_status_config_override`, `fleet_override`,
    /// `auto_retry_limit_override` and `host_kernel_override`: a request with one of them is refused.
    pub build: StartBuildRequest,
    /// Replaces the project's settings of batches.
    pub batch_config_override: Option<BatchConfig>,
}

impl StartBuildBatchRequest {
    /// A batch of what a build would start from.
    #[must_use]
    pub const fn new(build: StartBuildRequest) -> Self {
        Self { build, batch_config_override: None }
    }

    /// The first override that builds have and batches do not.
    #[cfg(any(feature = "memory", feature = "sdk"))]
    pub(super) fn unsupported(&self) -> Option<&'static str> {
        let build = &self.build;
        [
            ("build_status_config_override", build.build_status_config_override.is_some()),
            ("fleet_override", build.fleet_override.is_some()),
            ("auto_retry_limit_override", build.auto_retry_limit_override.is_some()),
            ("host_kernel_override", build.host_kernel_override.is_some()),
        ]
        .into_iter()
        .find_map(|(name, given)| given.then_some(name))
    }
}

/// What is known about a batch.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BuildBatch {
    /// `<project>:<uuid>`
    pub id: String,
    /// Its ARN.
    pub arn: String,
    /// The project.
    pub project_name: String,
    /// How it stands.
    pub build_batch_status: BuildStatus,
    /// Such as `DOWNLOAD_BATCHSPEC` or `IN_PROGRESS`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub current_phase: Option<String>,
    /// Whether it is over.
    pub complete: bool,
    /// When it was submitted.
    #[serde(serialize_with = "optional_seconds", skip_serializing_if = "Option::is_none")]
    pub start_time: Option<SystemTime>,
    /// When it was over.
    #[serde(serialize_with = "optional_seconds", skip_serializing_if = "Option::is_none")]
    pub end_time: Option<SystemTime>,
    /// What that turned out to be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resolved_source_version: Option<String>,
    /// Its builds.
    pub build_groups: Vec<BuildGroup>,
}

impl BuildBatch {
    /// A batch that has been submitted and of which nothing else is known.
    #[must_use]
    pub fn new(id: impl Into<String>, arn: impl Into<String>, project_name: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            arn: arn.into(),
            project_name: project_name.into(),
            build_batch_status: BuildStatus::InProgress,
            current_phase: None,
            complete: false,
            start_time: None,
            end_time: None,
            resolved_source_version: None,
            build_groups: Vec::new(),
        }
    }

    /// Whether the batch is over and succeeded.
    #[must_use]
    pub fn is_success(&self) -> bool {
        self.complete && self.build_batch_status == BuildStatus::Succeeded
    }
}

/// One build of a batch, with its repetitions.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BuildGroup {
    /// Its identifier in the buildspec.
    pub identifier: String,
    /// The identifiers of those that come before it.
    pub depends_on: Vec<String>,
    /// Whether the batch goes on if it fails.
    pub ignore_failure: bool,
    /// How its build stands; absent until there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub build_status: Option<BuildStatus>,
    /// The ARN of its build; absent until there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub build_arn: Option<String>,
}

impl BuildGroup {
    /// A group that has not started.
    #[must_use]
    pub fn new(identifier: impl Into<String>) -> Self {
        Self {
            identifier: identifier.into(),
            depends_on: Vec::new(),
            ignore_failure: false,
            build_status: None,
            build_arn: None,
        }
    }

    /// Lets it wait for others.
    #[must_use]
    pub fn depending_on(mut self, identifiers: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.depends_on.extend(identifiers.into_iter().map(Into::into));
        self
    }

    /// Lets the batch go on if it fails.
    #[must_use]
    pub const fn ignoring_failure(mut self) -> Self {
        self.ignore_failure = true;
        self
    }
}
