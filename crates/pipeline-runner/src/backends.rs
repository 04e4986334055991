//! What the builtin providers stand on: an application fills it with the in-memory services or with the real ones.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use aws_call::{AccountId, Polling, Region};
use buildspec::run::Executor;
use ecr_push::client::ImageStore;
use ecs_taskdef::client::{Services, TaskDefinitions};

use crate::settings::Project;

/// Services and directories for the builtin providers.
#[derive(Clone)]
#[allow(clippy::exhaustive_structs, reason = "a program must notice when there is one more thing to bring")]
pub struct Backends {
    /// Account whose registry and services are meant.
    pub account: AccountId,
    /// Region.
    pub region: Region,
    /// Directory that stands in for the source repository.
    pub source: PathBuf,
    /// CodeBuild projects by name.
    pub projects: BTreeMap<String, Project>,
    /// What runs the commands of a build.
    pub executor: Arc<dyn Executor>,
    /// The registry.
    pub images: Arc<dyn ImageStore>,
    /// ECS, as far as task definitions go.
    pub task_definitions: Arc<dyn TaskDefinitions>,
    /// ECS, as far as services go.
    pub services: Arc<dyn Services>,
    /// How often deployments are looked at.
    pub polling: Polling,
}

impl fmt::Debug for Backends {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Backends")
            .field("account", &self.account)
            .field("region", &self.region)
            .field("source", &self.source)
            .finish_non_exhaustive()
    }
}
