//! Requests and answers of the CodeDeploy roles, in the API's field words. Values that this version
//! does not know survive as `Unknown`.

use std::fmt;
use std::time::SystemTime;

use super::open_enum::open_enum;

open_enum! {
    /// What an application deploys to.
    ComputePlatform {
        /// EC2 instances and on-premises hosts.
        Server => "Server",
        /// Lambda functions.
        Lambda => "Lambda",
        /// Amazon ECS services.
        Ecs => "ECS",
    }
}

open_enum! {
    /// The state of a deployment.
    DeploymentStatus {
        /// Accepted, nothing happened yet.
        Created => "Created",
        /// Waiting for its turn.
        Queued => "Queued",
        /// Lifecycle events run.
        InProgress => "InProgress",
        /// Between two zones of a zonal deployment.
        Baking => "Baking",
        /// Everything took the revision.
        Succeeded => "Succeeded",
        /// It ended without success.
        Failed => "Failed",
        /// Somebody, an alarm or the service stopped it.
        Stopped => "Stopped",
        /// The replacement fleet waits for traffic.
        Ready => "Ready",
    }
}

impl DeploymentStatus {
    /// Whether nothing more will happen.
    #[must_use]
    pub fn is_final(&self) -> bool {
        matches!(self, Self::Succeeded | Self::Failed | Self::Stopped)
    }
}

open_enum! {
    /// The kind of object that an S3 revision is.
    BundleType {
        /// A tar archive.
        Tar => "tar",
        /// A compressed tar archive.
        Tgz => "tgz",
        /// A zip archive.
        Zip => "zip",
        /// An AppSpec in YAML (ECS, Lambda).
        Yaml => "YAML",
        /// An AppSpec in JSON (ECS, Lambda).
        Json => "JSON",
    }
}

open_enum! {
    /// What makes CodeDeploy roll back by itself.
    AutoRollbackEvent {
        /// The deployment failed.
        DeploymentFailure => "DEPLOYMENT_FAILURE",
        /// An alarm stopped the deployment.
        DeploymentStopOnAlarm => "DEPLOYMENT_STOP_ON_ALARM",
        /// Somebody stopped the deployment.
        DeploymentStopOnRequest => "DEPLOYMENT_STOP_ON_REQUEST",
    }
}

open_enum! {
    /// The verdict of a validation hook.
    HookExecutionStatus {
        /// The deployment may go on.
        Succeeded => "Succeeded",
        /// The deployment fails.
        Failed => "Failed",
    }
}

open_enum! {
    /// Which wait of a blue/green deployment to end.
    DeploymentWaitType {
        /// The replacement waits for traffic.
        ReadyWait => "READY_WAIT",
        /// The original waits for its end.
        TerminationWait => "TERMINATION_WAIT",
    }
}

open_enum! {
    /// The answer to a stop request.
    StopStatus {
        /// The deployment is being stopped.
        Pending => "Pending",
        /// The deployment is stopped.
        Succeeded => "Succeeded",
    }
}

/// The id of a deployment, `d-` and capitals.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DeploymentId(String);

impl DeploymentId {
    /// Takes an id as the service wrote it.
    pub fn new(id: impl Into<String>) -> Self {
        Self(id.into())
    }

    /// The id's text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for DeploymentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Where the revision to deploy is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RevisionLocation {
    /// An object in S3.
    S3 {
        /// The bucket.
        bucket: String,
        /// The key.
        key: String,
        /// What the object is.
        bundle_type: BundleType,
        /// A version of the object, if the bucket keeps versions.
        version: Option<String>,
        /// The entity tag that the object must have.
        e_tag: Option<String>,
    },
    /// A commit on GitHub (EC2/on-premises only).
    GitHub {
        /// `owner/name`.
        repository: String,
        /// The commit's id.
        commit_id: String,
    },
    /// The AppSpec itself (ECS, Lambda).
    AppSpecContent {
        /// The AppSpec's text, YAML or JSON.
        content: String,
        /// The hexadecimal SHA-256 of the text, if the service shall compare it.
        sha256: Option<String>,
    },
}

impl RevisionLocation {
    /// An object in S3, its newest version.
    pub fn s3(bucket: impl Into<String>, key: impl Into<String>, bundle_type: BundleType) -> Self {
        Self::S3 { bucket: bucket.into(), key: key.into(), bundle_type, version: None, e_tag: None }
    }

    /// A commit on GitHub.
    pub fn git_hub(repository: impl Into<String>, commit_id: impl Into<String>) -> Self {
        Self::GitHub { repository: repository.into(), commit_id: commit_id.into() }
    }

    /// The text of an ECS or Lambda AppSpec.
    pub fn content(text: impl Into<String>) -> Self {
        Self::AppSpecContent { content: text.into(), sha256: None }
    }

    /// The text of an ECS or Lambda AppSpec and its digest, which the service compares: the same text
    /// is the same revision, however often it is deployed (features `sdk` and `memory`).
    ///
    /// ```
    /// use appspec::client::RevisionLocation;
    ///
    /// let revision = RevisionLocation::content_with_sha256("version: 0.0\n");
    /// let RevisionLocation::AppSpecContent { sha256: Some(digest), .. } = revision else { panic!() };
    /// assert_eq!(digest, "6a41e44aabcfd2527a82894a58f037eb82f3ccca36a3dd2fa70f7ee7a182cd56");
    /// ```
    #[cfg(any(feature = "sdk", feature = "memory"))]
    pub fn content_with_sha256(text: impl Into<String>) -> Self {
        let content = text.into();
        let sha256 = Some(super::digest::sha256_hex(content.as_bytes()));
        Self::AppSpecContent { content, sha256 }
    }
}

/// What to deploy where.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct CreateDeployment {
    /// The application's name.
    pub application_name: String,
    /// The deployment group's name.
    pub deployment_group_name: Option<String>,
    /// What to deploy.
    pub revision: Option<RevisionLocation>,
    /// A configuration other than the group's.
    pub deployment_config_name: Option<String>,
    /// A comment of at most 256 characters.
    pub description: Option<String>,
    /// When to roll back, instead of what the group says; an empty list switches it off.
    pub auto_rollback: Option<Vec<AutoRollbackEvent>>,
    /// `DISALLOW`, `OVERWRITE` or `RETAIN`; an AppSpec that says it itself wins.
    pub file_exists_behavior: Option<String>,
    /// Whether the failure of ApplicationStop, BeforeBlockTraffic and AfterBlockTraffic is ignored.
    pub ignore_application_stop_failures: bool,
}

impl CreateDeployment {
    /// Deploys `revision` to a group of an application.
    pub fn new(
        application_name: impl Into<String>,
        deployment_group_name: impl Into<String>,
        revision: RevisionLocation,
    ) -> Self {
        Self {
            application_name: application_name.into(),
            deployment_group_name: Some(deployment_group_name.into()),
            revision: Some(revision),
            ..Self::default()
        }
    }

    /// Takes another configuration than the group's.
    #[must_use]
    pub fn with_config(mut self, name: impl Into<String>) -> Self {
        self.deployment_config_name = Some(name.into());
        self
    }

    /// Adds a comment.
    #[must_use]
    pub fn with_description(mut self, description: impl Into<String>) -> Self {
        self.description = Some(description.into());
        self
    }

    /// Says when to roll back, instead of what the group says.
    #[must_use]
    pub fn with_auto_rollback(mut self, events: impl IntoIterator<Item = AutoRollbackEvent>) -> Self {
        self.auto_rollback = Some(events.into_iter().collect());
        self
    }
}

/// Which deployment to stop, and what happens to its group.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StopDeployment {
    /// The deployment.
    pub deployment_id: DeploymentId,
    /// Whether the group goes back to its last good revision.
    pub auto_rollback_enabled: Option<bool>,
}

impl StopDeployment {
    /// Stops a deployment; whether it rolls back is for the deployment's own settings to say.
    #[must_use]
    pub fn new(deployment_id: DeploymentId) -> Self {
        Self { deployment_id, auto_rollback_enabled: None }
    }

    /// Stops and rolls back.
    #[must_use]
    pub fn with_rollback(mut self) -> Self {
        self.auto_rollback_enabled = Some(true);
        self
    }
}

/// The verdict of one execution of a hook.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PutHookStatus {
    /// The deployment, from the payload that the hook was invoked with.
    pub deployment_id: DeploymentId,
    /// The execution, from the payload that the hook was invoked with.
    pub lifecycle_event_hook_execution_id: String,
    /// The verdict.
    pub status: HookExecutionStatus,
}

impl PutHookStatus {
    /// A verdict.
    pub fn new(deployment_id: DeploymentId, execution_id: impl Into<String>, status: HookExecutionStatus) -> Self {
        Self { deployment_id, lifecycle_event_hook_execution_id: execution_id.into(), status }
    }
}

/// Why a deployment failed or stopped.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ErrorInformation {
    /// The service's code, for example `HEALTH_CONSTRAINTS`.
    pub code: String,
    /// The service's sentence.
    pub message: String,
}

impl ErrorInformation {
    /// A code and its sentence.
    pub fn new(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self { code: code.into(), message: message.into() }
    }
}

/// How a deployment and its rollback know each other.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RollbackInfo {
    /// On the failed deployment: the deployment that rolls it back.
    pub rollback_deployment_id: Option<DeploymentId>,
    /// On the rollback: the deployment that it rolls back.
    pub rollback_triggering_deployment_id: Option<DeploymentId>,
    /// The service's sentence.
    pub rollback_message: Option<String>,
}

/// Targets of a deployment by state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct DeploymentOverview {
    /// Not begun.
    pub pending: u64,
    /// Running.
    pub in_progress: u64,
    /// Took the revision.
    pub succeeded: u64,
    /// Did not take it.
    pub failed: u64,
    /// Left out.
    pub skipped: u64,
    /// Replacement instances that wait for traffic.
    pub ready: u64,
}

/// The state of a deployment at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Deployment {
    /// Its id.
    pub deployment_id: DeploymentId,
    /// The application.
    pub application_name: String,
    /// The group.
    pub deployment_group_name: Option<String>,
    /// The configuration in force.
    pub deployment_config_name: Option<String>,
    /// What it deploys to.
    pub compute_platform: Option<ComputePlatform>,
    /// What it deploys.
    pub revision: Option<RevisionLocation>,
    /// Its state.
    pub status: DeploymentStatus,
    /// Why it failed or stopped.
    pub error_information: Option<ErrorInformation>,
    /// Its rollback, or what it rolls back.
    pub rollback_info: Option<RollbackInfo>,
    /// Who made it: `user`, `autoscaling`, `codeDeployRollback`, …
    pub creator: Option<String>,
    /// When it rolls back by itself; empty: never.
    pub auto_rollback: Vec<AutoRollbackEvent>,
    /// Its targets by state.
    pub overview: DeploymentOverview,
    /// Whether the wait before the original instances or tasks end has begun.
    pub instance_termination_wait_time_started: bool,
    /// The comment it was created with.
    pub description: Option<String>,
    /// When it was made.
    pub create_time: Option<SystemTime>,
    /// When its first lifecycle event began.
    pub start_time: Option<SystemTime>,
    /// When it ended.
    pub complete_time: Option<SystemTime>,
}

impl Deployment {
    /// A deployment of which only id, application and state are known.
    pub fn new(deployment_id: DeploymentId, application_name: impl Into<String>, status: DeploymentStatus) -> Self {
        Self {
            deployment_id,
            application_name: application_name.into(),
            deployment_group_name: None,
            deployment_config_name: None,
            compute_platform: None,
            revision: None,
            status,
            error_information: None,
            rollback_info: None,
            creator: None,
            auto_rollback: Vec::new(),
            overview: DeploymentOverview::default(),
            instance_termination_wait_time_started: false,
            description: None,
            create_time: None,
            start_time: None,
            complete_time: None,
        }
    }

    /// Whether this deployment itself is a rollback of another one.
    #[must_use]
    pub fn is_rollback(&self) -> bool {
        self.creator.as_deref() == Some("codeDeployRollback")
            || self.rollback_info.as_ref().is_some_and(|info| info.rollback_triggering_deployment_id.is_some())
    }
}
