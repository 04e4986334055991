//! Follows a deployment that is under way already: one that was paused, or one that somebody else has begun.

use super::follow::{Before, Follow};
use super::persist::Persist;
use super::records::Records;
use super::roll_out::{Rolling, is_over};
use super::watch::Watch;
use super::{DeployRequest, Deployer, Deployment, Event, Outcome, Progress};
use crate::Error;
use crate::client::{HookAction, Registered, RolloutState};

impl Deployer {
    /// Answers the hooks of a deployment that has [paused](Outcome::Paused), and follows it on. Of the request, the service
    /// and the ways of waiting count.
    ///
    /// # Errors
    /// [`Error::Call`] if a hook could not be answered: somebody else did, or its time was up. Otherwise as
    /// [`deploy`](Self::deploy).
    pub async fn resume(
        &self,
        request: &DeployRequest,
        paused: &Deployment,
        action: &HookAction,
        progress: &dyn Progress,
    ) -> Result<Deployment, Error> {
        let persist = Persist::new(self, &request.retries, progress);
        let rolling = Rolling::of(request);
        if let (Some(role), Some(arn)) = (&self.deployments, &paused.service_deployment) {
            for hook in paused.report.iter().flat_map(|report| &report.hooks) {
                persist.call(|| role.continue_service_deployment(arn, &hook.id, action)).await?;
            }
        }
        let now = persist.call(|| self.services.describe_service(&request.id)).await?;
        let old_events = paused.service.events.iter().map(|event| event.id.clone()).collect();
        let records = Records::of(self.deployments.as_ref(), paused.service_deployment.clone());
        let id = paused.id.clone().unwrap_or_default();
        let mut follow = Follow::new(id, &paused.revision.arn, paused.before.clone());
        follow.has_been_seen();
        let deployment = Deployment { outcome: Outcome::TimedOut, report: None, ..paused.clone() };
        Watch::new(self, &rolling, progress, old_events, records).until_over(follow, now, deployment).await
    }

    /// Follows the service's newest deployment, whoever has begun it. [`Outcome::NoChange`] if none is under way. Of the
    /// request, the service and the ways of waiting count.
    ///
    /// # Errors
    /// As [`deploy`](Self::deploy).
    pub async fn follow(&self, request: &DeployRequest, progress: &dyn Progress) -> Result<Deployment, Error> {
        let persist = Persist::new(self, &request.retries, progress);
        let rolling = Rolling { create: None, ..Rolling::of(request) };
        let Some(service) = self.look_before(&rolling, &persist).await? else {
            return Err(Error::NoDeployment { service: request.id.clone(), task_definition: String::new() });
        };
        let Some(ours) = service.primary().cloned() else {
            let task_definition = service.task_definition.clone();
            return Err(Error::NoDeployment { service: request.id.clone(), task_definition });
        };
        let revision =
            Registered::parse(&ours.task_definition).unwrap_or_else(|| Registered::new(&ours.task_definition, "", 0));
        let before = Before::around(&service);
        let mut deployment = Deployment {
            outcome: Outcome::NoChange,
            revision,
            newly_registered: false,
            id: Some(ours.id.clone()),
            service_deployment: None,
            before: before.clone(),
            service: service.clone(),
            report: None,
        };
        if is_over(&service, &ours) && ours.state != Some(RolloutState::Failed) {
            return Ok(deployment);
        }
        progress.event(&Event::Began(&ours.id));
        deployment.outcome = Outcome::TimedOut;
        let old_events = service.events.iter().map(|event| event.id.clone()).collect();
        let records = Records::of(self.deployments.as_ref(), None);
        let follow = Follow::new(&ours.id, &ours.task_definition, before);
        Watch::new(self, &rolling, progress, old_events, records).until_over(follow, service, deployment).await
    }
}
