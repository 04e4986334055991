//! Deploys a task definition to a service and stays until it is clear what came of it.
//!
//! Register (or reuse) a revision, move the service to it, follow that deployment by its id. The decision what a state of
//! the service means is a pure function, [`follow::step`]; this module does the calls around it.

pub mod follow;
mod persist;
mod progress;
mod report;
mod request;
mod tagging;
mod watch;

use std::fmt;
use std::sync::Arc;

use aws_call::{CallError, Clock, Fault, IdSource};

use self::follow::{Before, Follow};
use self::persist::Persist;
pub use self::progress::{Event, Progress};
pub use self::report::FailureReport;
pub use self::request::{DeployRequest, Deployment, NewService, Outcome};
pub use self::tagging::is_long_arn;
use self::watch::Watch;
use crate::client::{
    Controller, CreateService, Registered, RolloutState, ServiceSnapshot, Services, TaskDefinitions, UpdateService,
};
use crate::{Body, Error, canonical};

/// Deploys task definitions to services.
#[derive(Clone)]
pub struct Deployer {
    task_definitions: Arc<dyn TaskDefinitions>,
    services: Arc<dyn Services>,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdSource>,
}

impl fmt::Debug for Deployer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Deployer").field("clock", &self.clock).finish_non_exhaustive()
    }
}

impl Deployer {
    /// A deployer over these clients; `ids` gives the jitter of its pauses.
    #[must_use]
    pub fn new(
        task_definitions: Arc<dyn TaskDefinitions>,
        services: Arc<dyn Services>,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn IdSource>,
    ) -> Self {
        Self { task_definitions, services, clock, ids }
    }

    /// Deploys and waits for the outcome.
    ///
    /// Not cancel-safe in one sense: once the service has taken the update, dropping the future only stops the watching.
    /// The deployment goes on in ECS. A revision that was registered stays.
    ///
    /// # Errors
    /// [`Error`] if the deployment could not be begun, or could no longer be watched. A deployment that fails is no error
    /// but an [`Outcome`].
    pub async fn deploy(&self, request: &DeployRequest, progress: &dyn Progress) -> Result<Deployment, Error> {
        let body = Body::of(&request.task_definition)?;
        if let Some((container, placeholder)) = request.task_definition.unfilled_images().next() {
            return Err(Error::Unfilled { container: container.name().unwrap_or_default().to_owned(), placeholder });
        }
        let persist = Persist::new(self, &request.retries, progress);
        let before = match persist.call(|| self.services.describe_service(&request.id)).await {
            Ok(snapshot) if snapshot.status != "INACTIVE" || request.create.is_none() => Some(snapshot),
            Ok(_) => None,
            Err(error) if error.fault() == Fault::NotFound && request.create.is_some() => None,
            Err(error) => return Err(error.into()),
        };
        if let Some(before) = before.as_ref().filter(|before| before.controller != Controller::Ecs) {
            return Err(Error::Controller { service: request.id.clone(), controller: before.controller.clone() });
        }
        let (revision, newly_registered) = self.revision(&body, request, before.as_ref(), &persist).await?;
        let deployment = |outcome, service, id| Deployment {
            outcome,
            revision: revision.clone(),
            newly_registered,
            id,
            service,
            report: None,
        };
        if let Some(before) = before.as_ref().filter(|_| !newly_registered && !request.force)
            && runs(before, &revision.arn)
        {
            return Ok(deployment(Outcome::NoChange, before.clone(), None));
        }

        let known = before.as_ref().map(Before::of).unwrap_or_default();
        let answer = self.update(request, &revision.arn, before.as_ref(), &persist).await?;
        let ours = answer
            .primary()
            .filter(|primary| primary.task_definition == revision.arn)
            .or_else(|| {
                // Another deployment came in between the call and its answer: ours is in the answer all the same.
                let new = answer.rollouts.iter().filter(|rollout| !known.deployments.contains(&rollout.id));
                new.into_iter().find(|rollout| rollout.task_definition == revision.arn)
            })
            .cloned();
        let Some(ours) = ours else {
            return Err(Error::NoDeployment { service: request.id.clone(), task_definition: revision.arn });
        };
        if known.primary.as_ref() == Some(&ours.id) && ours.state.as_ref() != Some(&RolloutState::InProgress) {
            // The service took the request and saw nothing to do.
            let outcome = match ours.state {
                Some(RolloutState::Failed) => Outcome::Failed,
                _ => Outcome::NoChange,
            };
            let mut deployment = deployment(outcome, answer, Some(ours.id));
            if outcome == Outcome::Failed {
                deployment.report = Some(FailureReport::new(ours.reason.unwrap_or_default(), Vec::new(), Vec::new()));
            }
            return Ok(deployment);
        }
        progress.event(&Event::Began(&ours.id));
        let old_events = before.iter().flat_map(|before| before.events.iter().map(|event| event.id.clone())).collect();
        let watch = Watch { deployer: self, request, progress, old_events };
        let seen = watch.until_over(Follow::new(&ours.id, &revision.arn, known), answer).await?;
        Ok(Deployment {
            outcome: seen.outcome,
            report: seen.report,
            ..deployment(seen.outcome, seen.service, Some(ours.id))
        })
    }

    /// The revision to deploy, and whether it was registered for this.
    async fn revision(
        &self,
        body: &Body,
        request: &DeployRequest,
        before: Option<&ServiceSnapshot>,
        persist: &Persist<'_>,
    ) -> Result<(Registered, bool), CallError> {
        if request.skip_if_unchanged {
            let running = before.map(|before| before.task_definition.as_str());
            for id in running.into_iter().chain([body.family()]) {
                if let Some(same) = self.same(body, id, persist).await {
                    persist.progress.event(&Event::Reused(&same.arn));
                    return Ok((same, false));
                }
            }
        }
        let registered = persist.register(body).await?;
        persist.progress.event(&Event::Registered(&registered));
        Ok((registered, true))
    }

    /// An active revision, if it means the same as the request. Not knowing is no reason not to deploy, so errors (no
    /// such family yet, no permission to describe) count as "no".
    async fn same(&self, body: &Body, id: &str, persist: &Persist<'_>) -> Option<Registered> {
        let described = persist.call(|| self.task_definitions.describe(id)).await.ok()?;
        let fields = &described["taskDefinition"];
        let same = fields["status"] != "INACTIVE" && canonical::equal(&described, body.as_json());
        same.then(|| Registered::parse(fields["taskDefinitionArn"].as_str()?)).flatten()
    }

    async fn update(
        &self,
        request: &DeployRequest,
        task_definition: &str,
        before: Option<&ServiceSnapshot>,
        persist: &Persist<'_>,
    ) -> Result<ServiceSnapshot, CallError> {
        if let (None, Some(new)) = (before, &request.create) {
            let mut create = CreateService::new(request.id.clone(), task_definition, new.desired);
            create.settings.clone_from(&new.settings);
            return persist.call_after_creation(|| self.services.create_service(&create)).await;
        }
        let mut update = UpdateService::new(request.id.clone()).with_task_definition(task_definition);
        // The same task definition begins no deployment by itself, not even after one of it has failed.
        let failed = before.and_then(ServiceSnapshot::primary).is_some_and(|primary| {
            primary.task_definition == task_definition && primary.state == Some(RolloutState::Failed)
        });
        if request.force || failed {
            update = update.forced();
        }
        persist.call(|| self.services.update_service(&update)).await
    }
}

/// Whether a service runs a task definition and nothing else.
fn runs(snapshot: &ServiceSnapshot, task_definition: &str) -> bool {
    snapshot.status == "ACTIVE"
        && snapshot.rollouts.len() == 1
        && snapshot.primary().is_some_and(|primary| {
            let over = match primary.state {
                Some(RolloutState::Completed) => true,
                None => primary.running == primary.desired && primary.pending == 0,
                _ => false,
            };
            primary.task_definition == task_definition && over
        })
}
