//! Goes back to the last revision that a service has *successfully* run. The next lower number is no answer: it may have
//! failed, or never have been deployed.

use std::collections::BTreeMap;

use aws_call::{CallError, Polling, Retries};

use super::follow::{Before, Follow};
use super::persist::Persist;
use super::records::Records;
use super::roll_out::Rolling;
use super::watch::Watch;
use super::{Deployer, Deployment, Event, Outcome, Progress};
use crate::client::{
    Controller, Registered, RolloutState, ServiceDeployment, ServiceDeploymentStatus as Status, ServiceDeployments,
    ServiceId, ServiceSnapshot, StopType, short_name,
};
use crate::{Body, BodyError, Error};

/// How many ARNs the descriptions take.
const PER_CALL: usize = 20;

/// What to take back, and how.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RollbackRequest {
    /// The service.
    pub id: ServiceId,
    /// The revision to go back to; the last successful one without it.
    pub to: Option<String>,
    /// How often to look, and until when.
    pub polling: Polling,
    /// How long passing errors are waited out.
    pub retries: Retries,
}

impl RollbackRequest {
    /// Goes back to the last successful revision.
    #[must_use]
    pub fn new(cluster: impl Into<String>, service: impl Into<String>) -> Self {
        Self {
            id: ServiceId::new(cluster, service),
            to: None,
            polling: Polling::default(),
            retries: Retries::propagation(),
        }
    }

    /// Goes back to this revision: ARN or `family:revision`.
    #[must_use]
    pub fn with_target(mut self, revision: impl Into<String>) -> Self {
        self.to = Some(revision.into());
        self
    }

    /// Sets how often to look, and until when.
    #[must_use]
    pub fn with_polling(mut self, polling: Polling) -> Self {
        self.polling = polling;
        self
    }
}

impl Deployer {
    /// Goes back, and waits until the service runs the former revision.
    ///
    /// A deployment that is under way is stopped with `ROLLBACK` where ECS knows the way; otherwise the service is moved to
    /// the revision of its last successful deployment, which is registered anew if it has been deregistered.
    /// [`Outcome::Succeeded`] says that the service runs that revision again.
    ///
    /// # Errors
    /// [`Error`] if there is nothing to go back to, or the way back could not be begun or followed.
    pub async fn roll_back(&self, request: &RollbackRequest, progress: &dyn Progress) -> Result<Deployment, Error> {
        let persist = Persist::new(self, &request.retries, progress);
        let rolling = Rolling::new(&request.id, &request.polling, &request.retries);
        let before = self.look_before(&rolling, &persist).await?;
        let Some(before) = before.filter(|before| before.controller == Controller::Ecs) else {
            return Err(Error::Controller { service: request.id.clone(), controller: Controller::CodeDeploy });
        };
        self.go_back(before, request.to.as_deref(), &rolling, &persist).await
    }

    /// Goes back after a deployment that has failed; what came of that is told beside why it failed.
    pub(super) async fn roll_back_after(
        &self,
        mut failed: Deployment,
        rolling: &Rolling<'_>,
        persist: &Persist<'_>,
    ) -> Result<Deployment, Error> {
        let back = Rolling::new(rolling.id, rolling.polling, rolling.retries);
        // What ran before is known from before: the service's history is only asked if nothing ran.
        let to = failed.before.task_definition.clone();
        let to = to.filter(|to| *to != failed.revision.arn);
        match self.go_back(failed.service.clone(), to.as_deref(), &back, persist).await {
            Ok(back) => {
                if let Some(report) = &mut failed.report
                    && back.is_success()
                {
                    failed.outcome = Outcome::RolledBack;
                    report.rolled_back_to = Some(back.revision.arn);
                } else if let Some(report) = &mut failed.report {
                    let why = back.report.map(|report| report.cause()).unwrap_or_default();
                    let to = back.revision.short_name();
                    report.reason = format!("{}; the rollback to {to} is {}: {why}", report.reason, back.outcome);
                }
                failed.service = back.service;
            }
            Err(error) => {
                if let Some(report) = &mut failed.report {
                    report.reason = format!("{}; it could not be rolled back: {error}", report.reason);
                }
            }
        }
        Ok(failed)
    }

    async fn go_back(
        &self,
        before: ServiceSnapshot,
        to: Option<&str>,
        rolling: &Rolling<'_>,
        persist: &Persist<'_>,
    ) -> Result<Deployment, Error> {
        let current =
            before.primary().map_or(before.task_definition.clone(), |primary| primary.task_definition.clone());
        let history = match &self.deployments {
            Some(role) => History::read(&**role, rolling.id, persist).await?,
            None => History::default(),
        };
        let target = match to {
            Some(to) => Some(to.to_owned()),
            None => history.last_good(&current).or_else(|| former(&before)),
        };
        let Some(target) = target else {
            let current = short_name(&current).to_owned();
            return Err(Error::NoRollbackTarget { service: rolling.id.clone(), current });
        };
        let (revision, new) = self.active(&target, persist).await?;
        if let (Some(role), Some(running)) = (&self.deployments, history.running(&revision.arn)) {
            let stop = || role.stop_service_deployment(&running.arn, &StopType::Rollback);
            if persist.call(stop).await.is_ok() {
                return self.follow_rollback(before, &revision, running, rolling, persist).await;
            }
            // It may have ended meanwhile: the service is moved.
        }
        self.roll_out(&revision, new, rolling, Some(before), persist).await
    }

    /// The revision, registered anew under another number if it has been deregistered.
    async fn active(&self, target: &str, persist: &Persist<'_>) -> Result<(Registered, bool), Error> {
        let described = persist.call(|| self.task_definitions.describe(target)).await?;
        if described["taskDefinition"]["status"] == "INACTIVE" {
            let registered =
                persist.register(&*self.task_definitions, &Body::from_described(&described)?, None).await?;
            persist.progress.event(&Event::Registered(&registered));
            return Ok((registered, true));
        }
        let arn = described["taskDefinition"]["taskDefinitionArn"].as_str().and_then(Registered::parse);
        let revision = arn.ok_or(BodyError::NotAMapping)?;
        persist.progress.event(&Event::Reused(&revision.arn));
        Ok((revision, false))
    }

    /// ECS goes back by itself: that it has gone back is the success here.
    async fn follow_rollback(
        &self,
        before: ServiceSnapshot,
        to: &Registered,
        running: &ServiceDeployment,
        rolling: &Rolling<'_>,
        persist: &Persist<'_>,
    ) -> Result<Deployment, Error> {
        let old_events = before.events.iter().map(|event| event.id.clone()).collect();
        let around = Before::around(&before);
        let (id, from) =
            before.primary().map(|primary| (primary.id.clone(), primary.task_definition.clone())).unwrap_or_default();
        persist.progress.event(&Event::RollingBack(&to.arn));
        let records = Records::of(self.deployments.as_ref(), Some(running.arn.clone()));
        let watch = Watch::new(self, rolling, persist.progress, old_events, records);
        let deployment = Deployment {
            outcome: Outcome::TimedOut,
            revision: to.clone(),
            newly_registered: false,
            id: Some(id.clone()),
            service_deployment: Some(running.arn.clone()),
            before: around.clone(),
            service: before.clone(),
            report: None,
        };
        let mut follow = Follow::new(id, from, around);
        follow.goes_back_to(&to.arn);
        let mut seen = watch.until_over(follow, before, deployment).await?;
        let back = seen.service.primary().is_some_and(|primary| {
            primary.task_definition == to.arn && matches!(primary.state, Some(RolloutState::Completed) | None)
        });
        if seen.outcome == Outcome::RolledBack && back {
            seen.outcome = Outcome::Succeeded;
            seen.report = None;
        }
        Ok(seen)
    }
}

/// What ran before the PRIMARY deployment, where that still has tasks.
fn former(snapshot: &ServiceSnapshot) -> Option<String> {
    let primary = snapshot.primary()?;
    let mut others = snapshot.rollouts.iter().filter(|rollout| {
        rollout.id != primary.id
            && rollout.task_definition != primary.task_definition
            && matches!(rollout.state, Some(RolloutState::Completed) | None)
    });
    others.next().map(|rollout| rollout.task_definition.clone())
}

/// The service's deployments, newest first, with the task definitions of their targets and sources.
#[derive(Debug, Default)]
struct History {
    deployments: Vec<ServiceDeployment>,
    /// Task definitions by the ARNs of service revisions.
    revisions: BTreeMap<String, String>,
}

impl History {
    async fn read(role: &dyn ServiceDeployments, id: &ServiceId, persist: &Persist<'_>) -> Result<Self, CallError> {
        let mut deployments = persist.call(|| role.list_service_deployments(id)).await?;
        // Only descriptions tell what a running one comes from.
        let running: Vec<String> =
            deployments.iter().filter(|d| d.status.is_active()).map(|d| d.arn.clone()).take(PER_CALL).collect();
        if !running.is_empty() {
            for full in persist.call(|| role.describe_service_deployments(&running)).await? {
                if let Some(brief) = deployments.iter_mut().find(|brief| brief.arn == full.arn) {
                    *brief = full;
                }
            }
        }
        let wanted = |d: &&ServiceDeployment| d.status == Status::Successful || d.status.is_active();
        let targets = deployments.iter().filter(wanted).flat_map(|deployment| {
            deployment.target_service_revision.iter().chain(&deployment.source_service_revisions).cloned()
        });
        let mut arns: Vec<String> = Vec::new();
        for arn in targets {
            if !arns.contains(&arn) {
                arns.push(arn);
            }
        }
        let mut revisions = BTreeMap::new();
        for some in arns.chunks(PER_CALL) {
            for revision in persist.call(|| role.describe_service_revisions(some)).await? {
                revisions.insert(revision.arn, revision.task_definition);
            }
        }
        Ok(Self { deployments, revisions })
    }

    fn task_definition(&self, revision: Option<&String>) -> Option<&String> {
        self.revisions.get(revision?)
    }

    /// The task definition of the last successful deployment of another one than `current`.
    fn last_good(&self, current: &str) -> Option<String> {
        let good = self.deployments.iter().filter(|deployment| deployment.status == Status::Successful);
        let mut targets =
            good.filter_map(|deployment| self.task_definition(deployment.target_service_revision.as_ref()));
        targets.find(|target| *target != current).cloned()
    }

    /// The deployment that is under way, if it comes from the target: then ECS knows the way back.
    fn running(&self, target: &str) -> Option<&ServiceDeployment> {
        self.deployments.iter().find(|deployment| {
            let mut sources = deployment.source_service_revisions.iter();
            matches!(deployment.status, Status::Pending | Status::InProgress)
                && sources.any(|source| self.task_definition(Some(source)).is_some_and(|from| from == target))
        })
    }
}
