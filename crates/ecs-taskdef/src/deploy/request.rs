//! What to deploy and how, and what came of it.

use std::fmt;

use aws_call::{Polling, Retries};
use serde::Serialize;
use serde_json::{Map, Value as Json};

use super::FailureReport;
use super::follow::Before;
use crate::TaskDefinition;
use crate::client::{Registered, ServiceId, ServiceSnapshot};

/// What to deploy and how.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct DeployRequest {
    /// The service.
    pub id: ServiceId,
    /// The task definition, images filled in.
    pub task_definition: TaskDefinition,
    /// How often to look, and until when.
    pub polling: Polling,
    /// How long errors are waited out that pass once another service has caught up.
    pub retries: Retries,
    /// Uses a revision that means the same instead of registering another one, and does nothing if the service runs it.
    pub skip_if_unchanged: bool,
    /// Begins a deployment even if nothing changes.
    pub force: bool,
    /// Creates the service if it does not exist.
    pub create: Option<NewService>,
    /// How many tasks the service shall have from now on.
    pub desired: Option<u32>,
    /// Everything else to change with the same update, as `UpdateService` names it: `deploymentConfiguration`, …
    pub settings: Map<String, Json>,
    /// What to do when a lifecycle hook waits for an answer.
    pub on_pause: OnPause,
    /// Goes back to the last successful revision when the deployment has failed, or was not over in time, and ECS does not
    /// go back by itself.
    pub roll_back: bool,
}

/// What to do when a lifecycle hook waits for an answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum OnPause {
    /// Ends with [`Outcome::Paused`].
    #[default]
    Report,
    /// Waits until somebody has answered, or for the deadline.
    Wait,
}

/// How to create a service that does not exist.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct NewService {
    /// How many tasks it shall have.
    pub desired: u32,
    /// Everything else, as `CreateService` names it.
    pub settings: Map<String, Json>,
}

impl NewService {
    /// A service with this many tasks.
    #[must_use]
    pub fn new(desired: u32) -> Self {
        Self { desired, settings: Map::new() }
    }

    /// Sets a field of `CreateService`.
    #[must_use]
    pub fn with_setting(mut self, key: impl Into<String>, value: Json) -> Self {
        self.settings.insert(key.into(), value);
        self
    }
}

impl DeployRequest {
    /// Deploys a task definition to a service of a cluster.
    #[must_use]
    pub fn new(cluster: impl Into<String>, service: impl Into<String>, task_definition: TaskDefinition) -> Self {
        Self {
            id: ServiceId::new(cluster, service),
            task_definition,
            polling: Polling::default(),
            retries: Retries::propagation(),
            skip_if_unchanged: true,
            force: false,
            create: None,
            desired: None,
            settings: Map::new(),
            on_pause: OnPause::default(),
            roll_back: false,
        }
    }

    /// Sets how often to look, and until when.
    #[must_use]
    pub fn with_polling(mut self, polling: Polling) -> Self {
        self.polling = polling;
        self
    }

    /// Sets how long passing errors are waited out.
    #[must_use]
    pub fn with_retries(mut self, retries: Retries) -> Self {
        self.retries = retries;
        self
    }

    /// Registers a revision in any case.
    #[must_use]
    pub fn always_registered(mut self) -> Self {
        self.skip_if_unchanged = false;
        self
    }

    /// Begins a deployment even if nothing changes.
    #[must_use]
    pub fn forced(mut self) -> Self {
        self.force = true;
        self
    }

    /// Sets how many tasks the service shall have from now on.
    #[must_use]
    pub fn with_desired(mut self, desired: u32) -> Self {
        self.desired = Some(desired);
        self
    }

    /// Changes a field of the service with the same update.
    #[must_use]
    pub fn with_setting(mut self, key: impl Into<String>, value: Json) -> Self {
        self.settings.insert(key.into(), value);
        self
    }

    /// Sets what to do when a lifecycle hook waits for an answer.
    #[must_use]
    pub fn with_on_pause(mut self, on_pause: OnPause) -> Self {
        self.on_pause = on_pause;
        self
    }

    /// Goes back when the deployment has failed, or was not over in time, and ECS does not go back by itself.
    #[must_use]
    pub fn rolling_back(mut self) -> Self {
        self.roll_back = true;
        self
    }

    /// Creates the service if it does not exist.
    #[must_use]
    pub fn or_create(mut self, service: NewService) -> Self {
        self.create = Some(service);
        self
    }
}

/// How a deployment ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Outcome {
    /// The service runs the new task definition and nothing else.
    Succeeded,
    /// The service runs this already; nothing was done.
    NoChange,
    /// The service has gone back to what it ran before, or is on its way.
    RolledBack,
    /// The deployment has failed, and nothing goes back by itself.
    Failed,
    /// Another deployment has come in between.
    Superseded,
    /// It stands still until somebody answers a lifecycle hook.
    Paused,
    /// It was not over in time. It may go on.
    TimedOut,
    /// Somebody has stopped it, or deleted the service.
    Stopped,
}

impl Outcome {
    /// Whether the service runs what it shall run.
    #[must_use]
    pub fn is_success(self) -> bool {
        matches!(self, Self::Succeeded | Self::NoChange)
    }

    /// The word for it: `rolled-back`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Succeeded => "succeeded",
            Self::NoChange => "no-change",
            Self::RolledBack => "rolled-back",
            Self::Failed => "failed",
            Self::Superseded => "superseded",
            Self::Paused => "paused",
            Self::TimedOut => "timed-out",
            Self::Stopped => "stopped",
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// What came of a deployment.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Deployment {
    /// How it ended.
    pub outcome: Outcome,
    /// The revision that was deployed.
    pub revision: Registered,
    /// Whether the revision was registered for this deployment.
    pub newly_registered: bool,
    /// The deployment's id in the service, if there was one.
    pub id: Option<String>,
    /// The ARN of its service deployment, if that could be seen.
    pub service_deployment: Option<String>,
    /// The service before it.
    pub before: Before,
    /// The service as it was seen last.
    pub service: ServiceSnapshot,
    /// Why it did not succeed.
    pub report: Option<FailureReport>,
}

impl Deployment {
    /// Whether the service runs what it shall run.
    #[must_use]
    pub fn is_success(&self) -> bool {
        self.outcome.is_success()
    }
}
