//! Where ECS and CodeDeploy meet: a service with the deployment controller `CODE_DEPLOY` is handed over as an AppSpec.
//!
//! `ecs-taskdef` and `appspec` stand on one floor and do not know one another; this crate knows both.

use std::fmt;
use std::sync::Arc;

use appspec::client::{CreateDeployment, RevisionLocation};
use appspec::deploy::DeployOptions;
use appspec::{Deployments, Error, Outcome as Ended};
use async_trait::async_trait;
use aws_call::{CallError, Clock, IdSource};
use ecs_taskdef::Outcome;
use ecs_taskdef::deploy::{HandOff, HandedOff, Progress, TrafficController};
use serde_json::Value as Json;

/// Rolls services out through a deployment group of CodeDeploy.
///
/// ```
/// use std::sync::Arc;
/// use pipeline_runner::CodeDeploy;
///
/// fn controller(
///     deployments: Arc<dyn appspec::Deployments>,
///     clock: Arc<dyn aws_call::Clock>,
///     ids: Arc<dyn aws_call::IdSource>,
/// ) -> CodeDeploy {
///     CodeDeploy::new(deployments, "shop", "shop-production", clock, ids)
/// }
/// ```
#[derive(Clone)]
pub struct CodeDeploy {
    deployments: Arc<dyn Deployments>,
    application: String,
    group: String,
    config: Option<String>,
    hooks: Option<Json>,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdSource>,
}

impl fmt::Debug for CodeDeploy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CodeDeploy")
            .field("application", &self.application)
            .field("group", &self.group)
            .finish_non_exhaustive()
    }
}

impl CodeDeploy {
    /// Through this deployment group of an application.
    #[must_use]
    pub fn new(
        deployments: Arc<dyn Deployments>,
        application: impl Into<String>,
        group: impl Into<String>,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn IdSource>,
    ) -> Self {
        Self {
            deployments,
            application: application.into(),
            group: group.into(),
            config: None,
            hooks: None,
            clock,
            ids,
        }
    }

    /// With another configuration than the group's: `CodeDeployDefault.ECSAllAtOnce`.
    #[must_use]
    pub fn with_config(mut self, config: impl Into<String>) -> Self {
        self.config = Some(config.into());
        self
    }

    /// With the AppSpec's `Hooks`: `[{"BeforeInstall": "check"}]`.
    #[must_use]
    pub fn with_hooks(mut self, hooks: Json) -> Self {
        self.hooks = Some(hooks);
        self
    }
}

#[async_trait]
impl TrafficController for CodeDeploy {
    async fn hand_off(&self, request: &HandOff, _: &dyn Progress) -> Result<HandedOff, CallError> {
        let mut spec = request.app_spec();
        if let Some(hooks) = &self.hooks {
            spec["Hooks"] = hooks.clone();
        }
        let revision = RevisionLocation::content(spec.to_string());
        let mut create = CreateDeployment::new(&self.application, &self.group, revision);
        create.deployment_config_name.clone_from(&self.config);
        let options = DeployOptions::default().with_polling(request.polling.clone());
        let deployer =
            appspec::Deployer::new(Arc::clone(&self.deployments), Arc::clone(&self.clock), Arc::clone(&self.ids));
        let deployed = match deployer.with_options(options).deploy(&create).await {
            Ok(deployed) => deployed,
            Err(Error::Call(error)) => return Err(error),
            Err(lost) => {
                // It may still be running: the sentence says so.
                let error = CallError::new("GetDeployment", aws_call::Fault::Other).with_message(lost.to_string());
                return Err(error.with_source(lost));
            }
        };
        let outcome = match deployed.outcome {
            Ended::Succeeded => Outcome::Succeeded,
            Ended::RolledBack => Outcome::RolledBack,
            Ended::Stopped => Outcome::Stopped,
            Ended::TimedOut => Outcome::TimedOut,
            _ => Outcome::Failed,
        };
        let reason = (!outcome.is_success()).then(|| deployed.cause().unwrap_or_else(|| deployed.to_string()));
        Ok(HandedOff::new(outcome, deployed.deployment.deployment_id.to_string(), reason))
    }
}
