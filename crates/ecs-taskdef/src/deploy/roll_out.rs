//! One revision to one service: create or update it, find the deployment that this has begun, and follow it.

use aws_call::{CallError, Fault, Polling, Retries};
use serde_json::{Map, Value as Json};

use super::follow::{Before, Follow};
use super::hand_off::HandOff;
use super::persist::Persist;
use super::records::Records;
use super::watch::Watch;
use super::{DeployRequest, Deployer, Deployment, Event, FailureReport, NewService, OnPause, Outcome, is_long_arn};
use crate::Error;
use crate::client::{
    Controller, CreateService, Registered, Rollout, RolloutState, ServiceId, ServiceSnapshot, Strategy, UpdateService,
};

/// How a revision comes to a service.
pub(super) struct Rolling<'a> {
    pub(super) id: &'a ServiceId,
    pub(super) polling: &'a Polling,
    pub(super) retries: &'a Retries,
    pub(super) create: Option<&'a NewService>,
    pub(super) desired: Option<u32>,
    pub(super) settings: Option<&'a Map<String, Json>>,
    pub(super) force: bool,
    pub(super) on_pause: OnPause,
}

impl<'a> Rolling<'a> {
    pub(super) fn new(id: &'a ServiceId, polling: &'a Polling, retries: &'a Retries) -> Self {
        Self {
            id,
            polling,
            retries,
            create: None,
            desired: None,
            settings: None,
            force: false,
            on_pause: OnPause::Report,
        }
    }

    pub(super) fn of(request: &'a DeployRequest) -> Self {
        Self {
            create: request.create.as_ref(),
            desired: request.desired,
            settings: Some(&request.settings),
            force: request.force,
            on_pause: request.on_pause,
            ..Self::new(&request.id, &request.polling, &request.retries)
        }
    }

    /// Whether the update changes more than the task definition.
    fn changes_more(&self, before: &ServiceSnapshot) -> bool {
        self.desired.is_some_and(|desired| desired != before.desired)
            || self.settings.is_some_and(|settings| !settings.is_empty())
    }

    /// A setting that needs the long ARN format.
    fn tagging(settings: &Map<String, Json>) -> Option<&'static str> {
        let has = |key: &&&str| match settings.get(**key) {
            None | Some(Json::Null | Json::Bool(false)) => false,
            Some(Json::Array(items)) => !items.is_empty(),
            Some(Json::String(word)) => word != "NONE",
            Some(_) => true,
        };
        ["tags", "propagateTags", "enableECSManagedTags"].iter().find(has).copied()
    }
}

impl Deployer {
    /// The service before anything is done; nothing if it is yet to be created. Refuses what could not be followed.
    pub(super) async fn look_before(
        &self,
        rolling: &Rolling<'_>,
        persist: &Persist<'_>,
    ) -> Result<Option<ServiceSnapshot>, Error> {
        let before = match persist.call(|| self.services.describe_service(rolling.id)).await {
            Ok(snapshot) if snapshot.status != "INACTIVE" || rolling.create.is_none() => Some(snapshot),
            Ok(_) => None,
            Err(error) if error.fault() == Fault::NotFound && rolling.create.is_some() => None,
            Err(error) => return Err(error.into()),
        };
        let Some(snapshot) = &before else {
            self.check_tagging_of_new(rolling, persist).await?;
            return Ok(None);
        };
        match &snapshot.controller {
            Controller::Ecs => {}
            Controller::CodeDeploy if self.traffic.is_some() => return Ok(before),
            controller => {
                return Err(Error::Controller { service: rolling.id.clone(), controller: controller.clone() });
            }
        }
        let setting = rolling.settings.and_then(Rolling::tagging);
        if let Some(setting) = setting.filter(|_| !is_long_arn(&snapshot.arn)) {
            return Err(Error::ShortArn { resource: snapshot.arn.clone(), setting });
        }
        if snapshot.strategy != Strategy::Rolling && self.deployments.is_none() {
            let strategy = snapshot.strategy.clone();
            return Err(Error::Strategy { service: rolling.id.clone(), strategy });
        }
        Ok(before)
    }

    async fn check_tagging_of_new(&self, rolling: &Rolling<'_>, persist: &Persist<'_>) -> Result<(), Error> {
        let setting = rolling.create.and_then(|new| Rolling::tagging(&new.settings));
        let (Some(setting), Some(tags)) = (setting, &self.tags) else { return Ok(()) };
        // Not knowing is no reason not to try: the service says no if it must.
        match persist.call(|| tags.uses_long_arns("serviceLongArnFormat")).await {
            Ok(false) => Err(Error::ShortArn { resource: rolling.id.to_string(), setting }),
            _ => Ok(()),
        }
    }

    /// Moves the service to a revision and follows that to its end.
    pub(super) async fn roll_out(
        &self,
        revision: &Registered,
        newly_registered: bool,
        rolling: &Rolling<'_>,
        before: Option<ServiceSnapshot>,
        persist: &Persist<'_>,
    ) -> Result<Deployment, Error> {
        let mut deployment = Deployment {
            outcome: Outcome::NoChange,
            revision: revision.clone(),
            newly_registered,
            id: None,
            service_deployment: None,
            before: before.as_ref().map(Before::of).unwrap_or_default(),
            service: before.clone().unwrap_or_else(|| ServiceSnapshot::new("", &revision.arn, 0)),
            report: None,
        };
        if let Some(before) = &before {
            let same = !newly_registered && !rolling.force && !rolling.changes_more(before);
            if same && runs(before, &revision.arn) {
                return Ok(deployment);
            }
            if before.controller == Controller::CodeDeploy {
                return self.hand_off(deployment, rolling, before, persist).await;
            }
        }
        let mut records = self.records_before(rolling, before.as_ref(), persist).await?;
        let answer = self.update(rolling, &revision.arn, before.as_ref(), persist).await?;
        let known = &deployment.before;
        let Some(ours) = ours(&answer, known, &revision.arn).cloned() else {
            return Err(Error::NoDeployment { service: rolling.id.clone(), task_definition: revision.arn.clone() });
        };
        let joined = known.primary.as_ref() == Some(&ours.id);
        deployment.id = Some(ours.id.clone());
        if joined && is_over(&answer, &ours) {
            // The service took the request and saw nothing to do.
            deployment.service = answer;
            if ours.state == Some(RolloutState::Failed) {
                deployment.outcome = Outcome::Failed;
                let reason = ours.reason.unwrap_or_default();
                deployment.report = Some(FailureReport::new(reason, Vec::new(), Vec::new()));
            }
            return Ok(deployment);
        }
        if joined {
            records.join();
            deployment.before = Before::around(&answer);
        }
        persist.progress.event(&Event::Began(&ours.id));
        let old_events = before.iter().flat_map(|before| before.events.iter().map(|event| event.id.clone())).collect();
        let watch = Watch::new(self, rolling, persist.progress, old_events, records);
        let follow = Follow::new(&ours.id, &revision.arn, deployment.before.clone());
        watch.until_over(follow, answer, deployment).await
    }

    async fn records_before(
        &self,
        rolling: &Rolling<'_>,
        before: Option<&ServiceSnapshot>,
        persist: &Persist<'_>,
    ) -> Result<Records, Error> {
        let Some(before) = before else { return Ok(Records::of(self.deployments.as_ref(), None)) };
        match persist.call(|| Records::before(self.deployments.as_ref(), rolling.id)).await {
            Ok(records) => Ok(records),
            Err(error) if before.strategy == Strategy::Rolling => {
                // A rolling update can be followed without.
                persist.progress.event(&Event::PollFailed(&error));
                Ok(Records::none())
            }
            Err(error) => Err(error.into()),
        }
    }

    async fn hand_off(
        &self,
        mut deployment: Deployment,
        rolling: &Rolling<'_>,
        before: &ServiceSnapshot,
        persist: &Persist<'_>,
    ) -> Result<Deployment, Error> {
        let Some(traffic) = &self.traffic else {
            return Err(Error::Controller { service: rolling.id.clone(), controller: before.controller.clone() });
        };
        let request = HandOff::new(rolling.id.clone(), deployment.revision.arn.clone(), before.load_balancers.clone())
            .with_polling(rolling.polling.clone());
        let handed = traffic.hand_off(&request, persist.progress).await?;
        deployment.outcome = handed.outcome;
        deployment.id = Some(handed.id);
        if !handed.outcome.is_success() {
            deployment.report = Some(FailureReport::new(handed.reason.unwrap_or_default(), Vec::new(), Vec::new()));
        }
        if let Ok(after) = persist.call(|| self.services.describe_service(rolling.id)).await {
            deployment.service = after;
        }
        Ok(deployment)
    }

    async fn update(
        &self,
        rolling: &Rolling<'_>,
        task_definition: &str,
        before: Option<&ServiceSnapshot>,
        persist: &Persist<'_>,
    ) -> Result<ServiceSnapshot, CallError> {
        if let (None, Some(new)) = (before, rolling.create) {
            let mut create =
                CreateService::new(rolling.id.clone(), task_definition, rolling.desired.unwrap_or(new.desired));
            create.settings.clone_from(&new.settings);
            return persist.create(&*self.services, &create).await;
        }
        let mut update = UpdateService::new(rolling.id.clone()).with_task_definition(task_definition);
        update.desired = rolling.desired;
        if let Some(settings) = rolling.settings {
            update.settings.clone_from(settings);
        }
        // The same task definition begins no deployment by itself, not even after one of it has failed.
        let failed = before.and_then(ServiceSnapshot::primary).is_some_and(|primary| {
            primary.task_definition == task_definition && primary.state == Some(RolloutState::Failed)
        });
        if rolling.force || failed {
            update = update.forced();
        }
        persist.call(|| self.services.update_service(&update)).await
    }
}

/// The deployment that the update has begun, in its answer.
fn ours<'a>(answer: &'a ServiceSnapshot, known: &Before, task_definition: &str) -> Option<&'a Rollout> {
    answer.primary().filter(|primary| primary.task_definition == task_definition).or_else(|| {
        // Another deployment came in between the call and its answer: ours is in the answer all the same.
        let mut new = answer.rollouts.iter().filter(|rollout| !known.deployments.contains(&rollout.id));
        new.find(|rollout| rollout.task_definition == task_definition)
    })
}

/// Whether a deployment does nothing any more.
pub(super) fn is_over(snapshot: &ServiceSnapshot, rollout: &Rollout) -> bool {
    match rollout.state {
        Some(RolloutState::InProgress) => false,
        Some(_) => true,
        None => snapshot.rollouts.len() == 1 && rollout.running == rollout.desired && rollout.pending == 0,
    }
}

/// Whether a service runs a task definition and nothing else.
fn runs(snapshot: &ServiceSnapshot, task_definition: &str) -> bool {
    snapshot.status == "ACTIVE"
        && match (snapshot.controller == Controller::CodeDeploy, snapshot.primary()) {
            (true, _) => snapshot.task_definition == task_definition && snapshot.task_sets.len() <= 1,
            (false, Some(primary)) => {
                snapshot.rollouts.len() == 1
                    && primary.task_definition == task_definition
                    && primary.state != Some(RolloutState::Failed)
                    && is_over(snapshot, primary)
            }
            (false, None) => false,
        }
}
