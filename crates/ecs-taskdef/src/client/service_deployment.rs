//! Service deployments and service revisions: the newer API's record of rollouts, which alone tells of lifecycle stages,
//! hooks, alarms and of what was rolled back to.

use std::sync::Arc;
use std::time::SystemTime;

use async_trait::async_trait;
use aws_call::CallError;

use super::ServiceId;
use crate::model::open_enum;

open_enum! {
    /// How a service gets from one revision to the next.
    Strategy {
        /// Tasks are replaced bit by bit.
        Rolling = "ROLLING",
        /// All traffic moves at once to a second set of tasks.
        BlueGreen = "BLUE_GREEN",
        /// Traffic moves in equal steps.
        Linear = "LINEAR",
        /// A small part of the traffic moves first.
        Canary = "CANARY",
    }
}

open_enum! {
    /// How far a service deployment is (documentation page "View service history using service deployments").
    ServiceDeploymentStatus {
        /// It has not started.
        Pending = "PENDING",
        /// It runs.
        InProgress = "IN_PROGRESS",
        /// The service runs the target revision.
        Successful = "SUCCESSFUL",
        /// Somebody has asked to stop it.
        StopRequested = "STOP_REQUESTED",
        /// It was ended and nothing was rolled back.
        Stopped = "STOPPED",
        /// Somebody, an alarm or the circuit breaker wants the former revision back.
        RollbackRequested = "ROLLBACK_REQUESTED",
        /// The former revision is coming back.
        RollbackInProgress = "ROLLBACK_IN_PROGRESS",
        /// The former revision is back.
        RollbackSuccessful = "ROLLBACK_SUCCESSFUL",
        /// The former revision could not be brought back.
        RollbackFailed = "ROLLBACK_FAILED",
    }
}

impl ServiceDeploymentStatus {
    /// Whether nothing more will come of it.
    #[must_use]
    pub fn is_final(&self) -> bool {
        matches!(self, Self::Successful | Self::Stopped | Self::RollbackSuccessful | Self::RollbackFailed)
    }

    /// Whether it is on its way.
    #[must_use]
    pub fn is_active(&self) -> bool {
        matches!(
            self,
            Self::Pending | Self::InProgress | Self::StopRequested | Self::RollbackRequested | Self::RollbackInProgress
        )
    }
}

open_enum! {
    /// What runs at a lifecycle stage.
    HookTarget {
        /// A Lambda function.
        Lambda = "AWS_LAMBDA",
        /// Nothing: the deployment waits for an answer.
        Pause = "PAUSE",
    }
}

open_enum! {
    /// How far a lifecycle hook is.
    HookStatus {
        /// It waits for [`ServiceDeployments::continue_service_deployment`].
        AwaitingAction = "AWAITING_ACTION",
        /// It runs.
        InProgress = "IN_PROGRESS",
        /// The deployment may go on.
        Succeeded = "SUCCEEDED",
        /// The deployment is rolled back.
        Failed = "FAILED",
        /// Nobody answered in time.
        TimedOut = "TIMED_OUT",
    }
}

open_enum! {
    /// The answer to a paused hook, or what happens when none comes.
    HookAction {
        /// Goes on to the next lifecycle stage.
        Continue = "CONTINUE",
        /// Goes back to the former revision.
        Rollback = "ROLLBACK",
    }
}

open_enum! {
    /// How a service deployment is stopped. The documentation of the call allows only a rollback.
    StopType {
        /// Leaves the service as it is.
        Abort = "ABORT",
        /// Brings the former revision back.
        Rollback = "ROLLBACK",
    }
}

/// A lifecycle hook of a service deployment.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Hook {
    /// What answers it: the argument of [`ServiceDeployments::continue_service_deployment`].
    pub id: String,
    /// What runs.
    pub target: HookTarget,
    /// The function, if one runs.
    pub target_arn: Option<String>,
    /// How far it is.
    pub status: HookStatus,
    /// Until when an answer counts.
    pub expires_at: Option<SystemTime>,
    /// What happens then.
    pub timeout_action: Option<HookAction>,
}

impl Hook {
    /// A hook without a function and without an end.
    #[must_use]
    pub fn new(id: impl Into<String>, target: HookTarget, status: HookStatus) -> Self {
        Self { id: id.into(), target, target_arn: None, status, expires_at: None, timeout_action: None }
    }

    /// Whether the deployment stands still until somebody answers it.
    #[must_use]
    pub fn awaits_action(&self) -> bool {
        self.status == HookStatus::AwaitingAction
    }
}

/// A service deployment: the newer API's record of a rollout.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ServiceDeployment {
    /// Its ARN.
    pub arn: String,
    /// How far it is.
    pub status: ServiceDeploymentStatus,
    /// Why it has that status.
    pub status_reason: Option<String>,
    /// The ARN of the service revision it moves to.
    pub target_service_revision: Option<String>,
    /// The ARNs of the service revisions it moves from; only in descriptions.
    pub source_service_revisions: Vec<String>,
    /// When it was created.
    pub created_at: Option<SystemTime>,
    /// When it ended; only in descriptions.
    pub finished_at: Option<SystemTime>,
    /// `SCALE_UP`, `BAKE_TIME`, …; only in descriptions, and not while rolling.
    pub lifecycle_stage: Option<String>,
    /// Its hooks so far; only in descriptions.
    pub hooks: Vec<Hook>,
    /// The percentage of production traffic that the target has; only in descriptions.
    pub production_traffic: Option<f64>,
    /// The alarms that have gone off; only in descriptions.
    pub triggered_alarms: Vec<String>,
    /// The service revision that is rolled back to, and why; only in descriptions.
    pub rollback: Option<Rollback>,
}

/// What a service deployment goes back to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Rollback {
    /// Why.
    pub reason: Option<String>,
    /// The ARN of the service revision.
    pub service_revision: Option<String>,
}

impl Rollback {
    /// A rollback.
    #[must_use]
    pub fn new(reason: Option<String>, service_revision: Option<String>) -> Self {
        Self { reason, service_revision }
    }
}

impl ServiceDeployment {
    /// A record.
    #[must_use]
    pub fn new(arn: impl Into<String>, status: impl Into<ServiceDeploymentStatus>) -> Self {
        Self {
            arn: arn.into(),
            status: status.into(),
            status_reason: None,
            target_service_revision: None,
            source_service_revisions: Vec::new(),
            created_at: None,
            finished_at: None,
            lifecycle_stage: None,
            hooks: Vec::new(),
            production_traffic: None,
            triggered_alarms: Vec::new(),
            rollback: None,
        }
    }

    /// The hooks that somebody must answer.
    pub fn awaiting(&self) -> impl Iterator<Item = &Hook> {
        self.hooks.iter().filter(|hook| hook.awaits_action())
    }
}

/// A service revision: what the service was told to run, frozen.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ServiceRevision {
    /// Its ARN.
    pub arn: String,
    /// The ARN of its task definition.
    pub task_definition: String,
    /// When it was created.
    pub created_at: Option<SystemTime>,
}

impl ServiceRevision {
    /// A revision.
    #[must_use]
    pub fn new(arn: impl Into<String>, task_definition: impl Into<String>) -> Self {
        Self { arn: arn.into(), task_definition: task_definition.into(), created_at: None }
    }
}

/// The history of a service's deployments, and the say in the one that runs.
#[async_trait]
pub trait ServiceDeployments: Send + Sync {
    /// The service deployments of the last 90 days in brief, newest first.
    async fn list_service_deployments(&self, id: &ServiceId) -> Result<Vec<ServiceDeployment>, CallError>;

    /// Service deployments in full, in any order; those that do not exist are left out. At most 20.
    async fn describe_service_deployments(&self, arns: &[String]) -> Result<Vec<ServiceDeployment>, CallError>;

    /// Service revisions, in any order; those that do not exist are left out. At most 20.
    async fn describe_service_revisions(&self, arns: &[String]) -> Result<Vec<ServiceRevision>, CallError>;

    /// Ends a service deployment that is under way.
    async fn stop_service_deployment(&self, arn: &str, stop: &StopType) -> Result<(), CallError>;

    /// Answers a hook that waits.
    async fn continue_service_deployment(&self, arn: &str, hook: &str, action: &HookAction) -> Result<(), CallError>;
}

const _: fn(&dyn ServiceDeployments) = |_| ();

#[async_trait]
impl<T: ServiceDeployments + ?Sized> ServiceDeployments for Arc<T> {
    async fn list_service_deployments(&self, id: &ServiceId) -> Result<Vec<ServiceDeployment>, CallError> {
        (**self).list_service_deployments(id).await
    }

    async fn describe_service_deployments(&self, arns: &[String]) -> Result<Vec<ServiceDeployment>, CallError> {
        (**self).describe_service_deployments(arns).await
    }

    async fn describe_service_revisions(&self, arns: &[String]) -> Result<Vec<ServiceRevision>, CallError> {
        (**self).describe_service_revisions(arns).await
    }

    async fn stop_service_deployment(&self, arn: &str, stop: &StopType) -> Result<(), CallError> {
        (**self).stop_service_deployment(arn, stop).await
    }

    async fn continue_service_deployment(&self, arn: &str, hook: &str, action: &HookAction) -> Result<(), CallError> {
        (**self).continue_service_deployment(arn, hook, action).await
    }
}
