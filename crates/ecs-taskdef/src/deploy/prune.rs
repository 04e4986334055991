//! Takes old revisions away, and never one that is used: by a service, one of its deployments, a task, or a schedule, or
//! one that a service would be rolled back to.
//!
//! [`plan`] decides and changes nothing; [`Pruner::apply`] looks again at what the plan would take away, and does it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use aws_call::CallError;
use serde::Serialize;

use crate::client::{
    Inventory, ListRevisions, Registered, ScheduledTasks, ServiceDeploymentStatus as Status, ServiceDeployments,
    ServiceId, ServiceSnapshot, TaskDefinitions, short_name,
};

/// How many ARNs the descriptions take.
const PER_CALL: usize = 20;

/// Which revisions may go.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PruneRequest {
    /// The family.
    pub family: String,
    /// How many of the newest stay in any case.
    pub keep: usize,
    /// The clusters to look for uses in; all of the region without any.
    pub clusters: Vec<String>,
}

impl PruneRequest {
    /// Keeps so many of the newest revisions of a family.
    #[must_use]
    pub fn new(family: impl Into<String>, keep: usize) -> Self {
        Self { family: family.into(), keep, clusters: Vec::new() }
    }
}

/// Why a revision stays.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Use {
    /// It is among the newest.
    Newest,
    /// A service runs it, or moves to or from it.
    Service(String),
    /// A service would be rolled back to it.
    RollbackOf(String),
    /// A task runs it in this cluster.
    Task(String),
    /// A rule starts it.
    Rule(String),
}

impl fmt::Display for Use {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Newest => f.write_str("among the newest"),
            Self::Service(service) => write!(f, "used by service {service}"),
            Self::RollbackOf(service) => write!(f, "what service {service} would be rolled back to"),
            Self::Task(cluster) => write!(f, "a task runs it in {cluster}"),
            Self::Rule(rule) => write!(f, "started by rule {rule}"),
        }
    }
}

/// The uses of revisions, by `family:revision`.
pub type Uses = BTreeMap<String, BTreeSet<Use>>;

/// What stays and why, and what goes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct PrunePlan {
    /// What stays, newest first.
    pub keep: Vec<(Registered, BTreeSet<Use>)>,
    /// What goes, oldest first.
    pub deregister: Vec<Registered>,
}

/// What was done.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct Pruned {
    /// What is gone.
    pub deregistered: Vec<Registered>,
    /// What has come into use since the plan was made, and stays.
    pub kept: Vec<(Registered, BTreeSet<Use>)>,
    /// What could not be taken away.
    pub failed: Vec<(Registered, CallError)>,
}

/// Decides by the uses that are known.
#[must_use]
pub fn plan(revisions: &[Registered], uses: &Uses, keep: usize) -> PrunePlan {
    let mut newest_first: Vec<&Registered> = revisions.iter().collect();
    newest_first.sort_by_key(|revision| std::cmp::Reverse(revision.revision));
    let mut plan = PrunePlan::default();
    for (index, revision) in newest_first.into_iter().enumerate() {
        let mut reasons = uses.get(&revision.short_name()).cloned().unwrap_or_default();
        if index < keep {
            reasons.insert(Use::Newest);
        }
        match reasons.is_empty() {
            true => plan.deregister.insert(0, revision.clone()),
            false => plan.keep.push((revision.clone(), reasons)),
        }
    }
    plan
}

/// Plans and prunes.
#[derive(Clone)]
pub struct Pruner {
    task_definitions: Arc<dyn TaskDefinitions>,
    inventory: Arc<dyn Inventory>,
    deployments: Option<Arc<dyn ServiceDeployments>>,
    schedules: Option<Arc<dyn ScheduledTasks>>,
}

impl fmt::Debug for Pruner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pruner").finish_non_exhaustive()
    }
}

impl Pruner {
    /// Over these clients.
    #[must_use]
    pub fn new(task_definitions: Arc<dyn TaskDefinitions>, inventory: Arc<dyn Inventory>) -> Self {
        Self { task_definitions, inventory, deployments: None, schedules: None }
    }

    /// Keeps what services would be rolled back to.
    #[must_use]
    pub fn with_service_deployments(mut self, deployments: Arc<dyn ServiceDeployments>) -> Self {
        self.deployments = Some(deployments);
        self
    }

    /// Keeps what rules start.
    #[must_use]
    pub fn with_schedules(mut self, schedules: Arc<dyn ScheduledTasks>) -> Self {
        self.schedules = Some(schedules);
        self
    }

    /// What would be done. Nothing is changed.
    ///
    /// # Errors
    /// The first call that fails: what cannot be asked might be used.
    pub async fn plan(&self, request: &PruneRequest) -> Result<PrunePlan, CallError> {
        let arns = self.task_definitions.list(&ListRevisions::active(&request.family)).await?;
        let revisions: Vec<Registered> = arns
            .iter()
            .filter_map(|arn| Registered::parse(arn))
            .filter(|revision| revision.family == request.family)
            .collect();
        Ok(plan(&revisions, &self.uses(request).await?, request.keep))
    }

    /// Does what a plan says, oldest first, but looks at the uses again: what has come into use since stays.
    ///
    /// # Errors
    /// The first call that fails while looking. What could not be taken away is in the answer.
    pub async fn apply(&self, request: &PruneRequest, plan: &PrunePlan) -> Result<Pruned, CallError> {
        let uses = self.uses(request).await?;
        let mut pruned = Pruned::default();
        for revision in &plan.deregister {
            if let Some(reasons) = uses.get(&revision.short_name()) {
                pruned.kept.push((revision.clone(), reasons.clone()));
                continue;
            }
            match self.task_definitions.deregister(&revision.arn).await {
                Ok(()) => pruned.deregistered.push(revision.clone()),
                Err(error) => pruned.failed.push((revision.clone(), error)),
            }
        }
        Ok(pruned)
    }

    /// Every use of the family's revisions that can be found.
    async fn uses(&self, request: &PruneRequest) -> Result<Uses, CallError> {
        let clusters = match request.clusters.is_empty() {
            true => self.inventory.clusters().await?,
            false => request.clusters.clone(),
        };
        let mut uses = Uses::new();
        let mut used = |task_definition: &str, reason: Use| {
            let name = short_name(task_definition);
            // A family alone stands for its newest revision, which stays by its number.
            if name.rsplit_once(':').is_some_and(|(family, _)| family == request.family) {
                uses.entry(name.to_owned()).or_default().insert(reason);
            }
        };
        for cluster in &clusters {
            for service in self.inventory.services(cluster).await? {
                let rollouts = service.rollouts.iter().map(|rollout| &rollout.task_definition);
                for one in rollouts.chain(&service.task_sets).chain([&service.task_definition]) {
                    used(one, Use::Service(short_name(&service.arn).to_owned()));
                }
                for target in self.rollback_targets(cluster, &service).await? {
                    used(&target, Use::RollbackOf(short_name(&service.arn).to_owned()));
                }
            }
            for running in self.inventory.running_revisions(cluster, &request.family).await? {
                used(&running, Use::Task(short_name(cluster).to_owned()));
            }
            let Some(schedules) = &self.schedules else { continue };
            for rule in schedules.rules(cluster).await? {
                for target in schedules.targets(&rule).await? {
                    if let Some(task_definition) = target.task_definition() {
                        used(task_definition, Use::Rule(rule.clone()));
                    }
                }
            }
        }
        Ok(uses)
    }

    /// The revisions of the last two different successful deployments: the one that runs, and the one before it; and those
    /// that deployments under way move between.
    async fn rollback_targets(&self, cluster: &str, service: &ServiceSnapshot) -> Result<Vec<String>, CallError> {
        let Some(role) = &self.deployments else { return Ok(Vec::new()) };
        let id = ServiceId::new(cluster, &service.arn);
        let listed = role.list_service_deployments(&id).await?;
        let last =
            |status: fn(&Status) -> bool| listed.iter().filter(move |one| status(&one.status)).take(PER_CALL / 2);
        let wanted = last(|status| *status == Status::Successful).chain(last(Status::is_active));
        let mut arns: Vec<String> = Vec::new();
        for arn in wanted.filter_map(|one| one.target_service_revision.clone()) {
            if !arns.contains(&arn) {
                arns.push(arn);
            }
        }
        if arns.is_empty() {
            return Ok(Vec::new());
        }
        let revisions = role.describe_service_revisions(&arns).await?;
        let in_order = arns.iter().filter_map(|arn| revisions.iter().find(|revision| revision.arn == *arn));
        let mut targets: Vec<String> = Vec::new();
        for revision in in_order {
            if !targets.contains(&revision.task_definition) {
                targets.push(revision.task_definition.clone());
            }
        }
        let under_way = listed.iter().filter(|one| one.status.is_active()).count();
        targets.truncate(2 + under_way);
        Ok(targets)
    }
}
