//! What only the account knows: whether the images, roles, log groups, secrets and target groups that a task definition
//! names are there, asked before ECS finds out task by task.
//!
//! Each service is asked through a trait of its own, and only those that were given are. Answers become diagnostics at the
//! place in the file; what cannot be looked at, for lack of a permission or of a client, is said as such and never taken
//! for good.
//!
//! ```
//! use std::sync::Arc;
//! use ecs_taskdef::read;
//! use ecs_taskdef::verify::{MemoryAccount, Platform, Verifier};
//! use spec_report::{Levels, Source};
//!
//! # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
//! let text = r#"{"family": "web", "containerDefinitions": [{"name": "app", "image": "web:1.4", "memory": 64}]}"#;
//! let account = Arc::new(MemoryAccount::new().with_image("web:1.4.2", [Platform::new("linux", "amd64")]));
//! let report = Verifier::new().with_images(account).verify(&read(Source::new("t.json", text)), &Levels::default()).await;
//! assert!(report.iter().any(|found| found.rule.name() == "image-not-found"));
//! # });
//! # Ok::<(), std::io::Error>(())
//! ```

mod account;
mod ask;
#[cfg(feature = "memory")]
mod memory;
mod reference;
mod rules;

use std::fmt;
use std::sync::Arc;

use spec_report::{Levels, Parsed, Report};

pub use account::{
    Images, LogGroupId, LogGroups, PARAMETERS_PER_CALL, Parameters, Platform, Role, Roles, SecretId, SecretShape,
    Secrets, TargetGroup, TargetGroups,
};
#[cfg(feature = "memory")]
pub use memory::MemoryAccount;
pub(crate) use rules::VERIFYING;

use self::ask::Asker;
use crate::client::LoadBalancer;
use crate::{TaskDefinition, rules as local};

/// Holds task definitions against an account.
#[derive(Clone, Default)]
pub struct Verifier {
    images: Option<Arc<dyn Images>>,
    roles: Option<Arc<dyn Roles>>,
    log_groups: Option<Arc<dyn LogGroups>>,
    secrets: Option<Arc<dyn Secrets>>,
    parameters: Option<Arc<dyn Parameters>>,
    target_groups: Option<Arc<dyn TargetGroups>>,
    load_balancers: Vec<LoadBalancer>,
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verifier")
            .field("images", &self.images.is_some())
            .field("roles", &self.roles.is_some())
            .field("log_groups", &self.log_groups.is_some())
            .field("secrets", &self.secrets.is_some())
            .field("parameters", &self.parameters.is_some())
            .field("target_groups", &self.target_groups.is_some())
            .field("load_balancers", &self.load_balancers)
            .finish()
    }
}

impl Verifier {
    /// A verifier that asks nobody yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Asks for the images and their platforms.
    #[must_use]
    pub fn with_images(mut self, images: Arc<dyn Images>) -> Self {
        self.images = Some(images);
        self
    }

    /// Asks for the task role and the execution role, and whether tasks may assume them.
    #[must_use]
    pub fn with_roles(mut self, roles: Arc<dyn Roles>) -> Self {
        self.roles = Some(roles);
        self
    }

    /// Asks for the log groups of the driver `awslogs`.
    #[must_use]
    pub fn with_log_groups(mut self, log_groups: Arc<dyn LogGroups>) -> Self {
        self.log_groups = Some(log_groups);
        self
    }

    /// Asks for the secrets of Secrets Manager and the JSON keys that are read from them.
    #[must_use]
    pub fn with_secrets(mut self, secrets: Arc<dyn Secrets>) -> Self {
        self.secrets = Some(secrets);
        self
    }

    /// Asks for the parameters of Parameter Store.
    #[must_use]
    pub fn with_parameters(mut self, parameters: Arc<dyn Parameters>) -> Self {
        self.parameters = Some(parameters);
        self
    }

    /// Asks for the target groups of [`with_load_balancers`](Self::with_load_balancers).
    #[must_use]
    pub fn with_target_groups(mut self, target_groups: Arc<dyn TargetGroups>) -> Self {
        self.target_groups = Some(target_groups);
        self
    }

    /// Sets the load balancers of the service that is to run the task definition, as
    /// [`ServiceSnapshot`](crate::client::ServiceSnapshot) has them.
    #[must_use]
    pub fn with_load_balancers(mut self, load_balancers: Vec<LoadBalancer>) -> Self {
        self.load_balancers = load_balancers;
        self
    }

    /// Everything that [`check`](crate::check) finds, and what the account says besides. Each thing is asked for once,
    /// also if several containers name it; what still holds a placeholder is not asked for.
    ///
    /// Cancel-safe: only questions are asked.
    pub async fn verify(&self, parsed: &Parsed<TaskDefinition>, levels: &Levels) -> Report {
        let mut report = local::findings(parsed);
        if let Some(task_definition) = &parsed.value {
            let mut asker = Asker::new(task_definition);
            if let Some(images) = &self.images {
                asker.images(&**images).await;
            }
            if let Some(roles) = &self.roles {
                asker.roles(&**roles).await;
            }
            if let Some(log_groups) = &self.log_groups {
                asker.log_groups(&**log_groups).await;
            }
            if let Some(secrets) = &self.secrets {
                asker.secrets(&**secrets).await;
            }
            if let Some(parameters) = &self.parameters {
                asker.parameters(&**parameters).await;
            }
            for load_balancer in &self.load_balancers {
                asker.load_balancer(load_balancer, self.target_groups.as_deref()).await;
            }
            report.extend(asker.found);
        }
        local::levels(parsed, levels).apply(&mut report);
        report
    }
}
