//! What the builtin providers stand on: an application fills it with the in-memory services or with the real ones.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use aws_call::{AccountId, Polling, Region};
use buildspec::client::BuildBatches;
use buildspec::run::Executor;
use buildspec::{BuildLogs, Builds};
use ecr_push::client::ImageStore;
use ecs_taskdef::client::{Services, TaskDefinitions};
use pipeline_model::client::Executions;
use pipeline_model::stacks::{ChangeSets, Stacks};

use crate::client::{Functions, Objects, StateMachines};
use crate::settings::Project;

/// Services and directories for the builtin providers. What is `None` is not here, and an action that needs it says so.
#[derive(Clone)]
#[allow(clippy::exhaustive_structs, reason = "a program must notice when there is one more thing to bring")]
pub struct Backends {
    /// Account whose registry and services are meant.
    pub account: AccountId,
    /// Region.
    pub region: Region,
    /// Directory that stands in for source repositories that have none of their own.
    pub source: PathBuf,
    /// Directories that stand in for single repositories, by the name that the action gives them: `shop`, `example/shop`.
    pub sources: BTreeMap<String, PathBuf>,
    /// CodeBuild projects by name.
    pub projects: BTreeMap<String, Project>,
    /// What runs the commands of a build.
    pub executor: Arc<dyn Executor>,
    /// Names of the caller's variables that builds see: what a build image and a service role would bring.
    pub build_environment: Vec<String>,
    /// CodeBuild; without it builds run on this machine.
    pub builds: Option<RemoteBuilds>,
    /// The registry.
    pub images: Arc<dyn ImageStore>,
    /// ECS, as far as task definitions go.
    pub task_definitions: Arc<dyn TaskDefinitions>,
    /// ECS, as far as services go.
    pub services: Arc<dyn Services>,
    /// CodeDeploy.
    pub deployments: Option<Arc<dyn appspec::Deployments>>,
    /// Directories that stand in for the hosts of deployment groups, by `application/group`; they come before
    /// [`Self::deployments`].
    pub hosts: BTreeMap<String, PathBuf>,
    /// S3.
    pub objects: Arc<dyn Objects>,
    /// Lambda.
    pub functions: Arc<dyn Functions>,
    /// CloudFormation.
    pub stacks: Option<Arc<dyn Stacks>>,
    /// CloudFormation, as far as change sets go.
    pub change_sets: Option<Arc<dyn ChangeSets>>,
    /// Step Functions.
    pub state_machines: Option<Arc<dyn StateMachines>>,
    /// CodePipeline, as far as other pipelines are started.
    pub pipelines: Option<Arc<dyn Executions>>,
    /// How often deployments are looked at.
    pub polling: Polling,
}

/// CodeBuild and its logs.
#[derive(Clone, Debug)]
#[allow(clippy::exhaustive_structs, reason = "a build has these sides")]
pub struct RemoteBuilds {
    /// Starts and follows builds.
    pub builds: Arc<dyn Builds>,
    /// Starts and follows batches of builds.
    pub batches: Arc<dyn BuildBatches>,
    /// Reads their logs, where that is possible.
    pub logs: Option<Arc<dyn BuildLogs>>,
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

/// The variables of the caller that a build sees if nothing else is said.
#[must_use]
pub fn build_environment() -> Vec<String> {
    ["HOME", "LANG", "PATH", "USER"].map(str::to_owned).into()
}
