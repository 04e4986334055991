//! What this crate needs from CodeDeploy, as small roles.
//!
//! [`Deployments`] is what [`crate::Deployer`] drives, [`Targets`] is what [`crate::explain()`] reads,
//! [`HookStatus`] is what a validation hook calls back; the others set up what a deployment needs. All
//! speak this crate's own types, so an in-memory service, the AWS adapter and a user's wrapper look the
//! same to everything above.

mod application;
#[cfg(any(feature = "sdk", feature = "memory"))]
mod digest;
#[cfg(feature = "memory")]
mod faulty;
mod group;
mod group_settings;
#[cfg(feature = "memory")]
pub mod memory;
mod open_enum;
#[cfg(feature = "sdk")]
pub mod sdk;
mod shared;
mod target;
mod types;

use async_trait::async_trait;
use aws_call::CallError;

pub use application::{Application, RegisteredRevision};
#[cfg(feature = "memory")]
pub use aws_call::faulty::{Fault, Script};
#[cfg(feature = "memory")]
pub use faulty::Faulty;
pub use group::{
    Alarms, BlueGreen, DeploymentGroup, DeploymentOption, DeploymentType, EcsService, GreenFleet, LoadBalancers,
    OutdatedInstances, ReadyAction, TagFilter, TagFilterType, TargetGroupPair, TerminationAction, Trigger,
    TriggerEvent,
};
pub use target::{Diagnostics, EventStatus, LifecycleErrorCode, Target, TargetEvent, TargetKind, TargetStatus};
pub use types::{
    AutoRollbackEvent, BundleType, ComputePlatform, CreateDeployment, Deployment, DeploymentId, DeploymentOverview,
    DeploymentStatus, DeploymentWaitType, ErrorInformation, HookExecutionStatus, PutHookStatus, RevisionLocation,
    RollbackInfo, StopDeployment, StopStatus,
};

use crate::config::DeploymentConfig;

/// Makes, reads and removes applications.
#[async_trait]
pub trait Applications: Send + Sync {
    /// Makes an application; answers its id.
    async fn create_application(&self, application: &Application) -> Result<String, CallError>;

    /// Reads an application.
    async fn get_application(&self, name: &str) -> Result<Application, CallError>;

    /// The names of all applications.
    async fn list_applications(&self) -> Result<Vec<String>, CallError>;

    /// Gives an application another name (`UpdateApplication`).
    async fn rename_application(&self, name: &str, new_name: &str) -> Result<(), CallError>;

    /// Removes an application and everything in it. One that does not exist is no error.
    async fn delete_application(&self, name: &str) -> Result<(), CallError>;
}

/// Makes, reads, changes and removes deployment groups.
#[async_trait]
pub trait DeploymentGroups: Send + Sync {
    /// Makes a deployment group; answers its id.
    async fn create_deployment_group(&self, group: &DeploymentGroup) -> Result<String, CallError>;

    /// Reads a deployment group.
    async fn get_deployment_group(&self, application: &str, name: &str) -> Result<DeploymentGroup, CallError>;

    /// The names of the groups of an application.
    async fn list_deployment_groups(&self, application: &str) -> Result<Vec<String>, CallError>;

    /// Makes the group that is called `current_name` just what `group` says, its name included.
    async fn update_deployment_group(&self, current_name: &str, group: &DeploymentGroup) -> Result<(), CallError>;

    /// Removes a deployment group. One that does not exist is no error.
    async fn delete_deployment_group(&self, application: &str, name: &str) -> Result<(), CallError>;
}

/// Makes, reads and removes custom deployment configurations.
#[async_trait]
pub trait DeploymentConfigs: Send + Sync {
    /// Makes a configuration; answers its id.
    async fn create_deployment_config(&self, config: &DeploymentConfig) -> Result<String, CallError>;

    /// Reads a configuration, predefined or custom.
    async fn get_deployment_config(&self, name: &str) -> Result<DeploymentConfig, CallError>;

    /// The names of all configurations, predefined ones included.
    async fn list_deployment_configs(&self) -> Result<Vec<String>, CallError>;

    /// Removes a custom configuration that no group uses.
    async fn delete_deployment_config(&self, name: &str) -> Result<(), CallError>;
}

/// Registers revisions with an application and reads what became of them.
#[async_trait]
pub trait Revisions: Send + Sync {
    /// Registers a revision.
    async fn register_application_revision(
        &self,
        application: &str,
        location: &RevisionLocation,
        description: Option<&str>,
    ) -> Result<(), CallError>;

    /// Reads a registered revision.
    async fn get_application_revision(
        &self,
        application: &str,
        location: &RevisionLocation,
    ) -> Result<RegisteredRevision, CallError>;

    /// Every registered revision of an application.
    async fn list_application_revisions(&self, application: &str) -> Result<Vec<RevisionLocation>, CallError>;
}

/// Starts, reads, continues and stops deployments.
#[async_trait]
pub trait Deployments: Send + Sync {
    /// Starts a deployment. Not idempotent: a call whose answer was lost may have started one.
    async fn create_deployment(&self, request: &CreateDeployment) -> Result<DeploymentId, CallError>;

    /// Reads the present state of a deployment.
    async fn get_deployment(&self, id: &DeploymentId) -> Result<Deployment, CallError>;

    /// The deployments to a group, the newest first.
    async fn list_deployments(&self, application: &str, group: &str) -> Result<Vec<DeploymentId>, CallError>;

    /// Ends a wait of a blue/green deployment: approves that the traffic moves, or that the original ends.
    async fn continue_deployment(&self, id: &DeploymentId, wait: &DeploymentWaitType) -> Result<(), CallError>;

    /// Asks a deployment to stop.
    async fn stop_deployment(&self, request: &StopDeployment) -> Result<StopStatus, CallError>;
}

/// Reads what became of a deployment on each of its targets.
#[async_trait]
pub trait Targets: Send + Sync {
    /// The ids of a deployment's targets.
    async fn list_deployment_targets(&self, id: &DeploymentId) -> Result<Vec<String>, CallError>;

    /// Reads targets with their lifecycle events, at most 100 at a time.
    async fn batch_get_deployment_targets(
        &self,
        id: &DeploymentId,
        targets: &[String],
    ) -> Result<Vec<Target>, CallError>;
}

/// Reports the verdict of a validation hook.
#[async_trait]
pub trait HookStatus: Send + Sync {
    /// Reports `Succeeded` or `Failed` for one execution of a hook; must arrive within one hour of
    /// the invocation. Answers the execution id.
    async fn put_lifecycle_event_hook_execution_status(&self, request: &PutHookStatus) -> Result<String, CallError>;
}

const _: fn(&dyn Applications) = |_| ();
const _: fn(&dyn DeploymentGroups) = |_| ();
const _: fn(&dyn DeploymentConfigs) = |_| ();
const _: fn(&dyn Revisions) = |_| ();
const _: fn(&dyn Deployments) = |_| ();
const _: fn(&dyn Targets) = |_| ();
const _: fn(&dyn HookStatus) = |_| ();
