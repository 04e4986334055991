//! Looks at the service until the deployment is over, tells what happens, and gathers why it went wrong.

use std::collections::{BTreeSet, HashSet};

use aws_call::{CallError, Fault, Pacer};

use super::follow::{Ending, Follow, Verdict, step};
use super::records::Records;
use super::roll_out::Rolling;
use super::{Deployer, Deployment, Event, FailureReport, OnPause, Outcome, Progress};
use crate::Error;
use crate::client::{Rollout, ServiceDeployment, ServiceEvent, ServiceSnapshot, StoppedTask, Strategy, short_name};

/// How many polls in a row may fail for good before the watching ends.
const LOST_POLLS: u32 = 3;

pub(super) struct Watch<'a> {
    deployer: &'a Deployer,
    rolling: &'a Rolling<'a>,
    progress: &'a dyn Progress,
    /// The ids of the events from before.
    old_events: HashSet<String>,
    records: Records,
    record: Option<ServiceDeployment>,
    /// Status, stage and traffic as they were told last.
    told: Option<(String, Option<String>, Option<f64>)>,
    paused: BTreeSet<String>,
    /// Polls in a row that failed for good.
    lost: u32,
}

impl<'a> Watch<'a> {
    pub(super) fn new(
        deployer: &'a Deployer,
        rolling: &'a Rolling<'a>,
        progress: &'a dyn Progress,
        old_events: HashSet<String>,
        records: Records,
    ) -> Self {
        Self {
            deployer,
            rolling,
            progress,
            old_events,
            records,
            record: None,
            told: None,
            paused: BTreeSet::new(),
            lost: 0,
        }
    }

    /// `snapshot` is the answer of the update: the first look. What is seen in the end is put into `deployment`.
    pub(super) async fn until_over(
        mut self,
        mut follow: Follow,
        mut snapshot: ServiceSnapshot,
        mut deployment: Deployment,
    ) -> Result<Deployment, Error> {
        let Deployer { clock, ids, .. } = self.deployer;
        let mut pacer = Pacer::new(clock, ids, self.rolling.polling);
        let mut events: Vec<ServiceEvent> = Vec::new();
        let mut last: Option<Rollout> = None;
        let mut failures = 0;
        let ending = loop {
            self.tell_events(&snapshot, &mut events);
            let was_rolling_back = follow.rolling_back_to().is_some();
            let verdict = step(&mut follow, &snapshot, self.record.as_ref());
            let shown = snapshot.rollout(follow.deployment()).or_else(|| snapshot.primary());
            let moved = shown != last.as_ref();
            if moved {
                if let Some(rollout) = shown {
                    self.progress.event(&Event::Rollout(rollout));
                }
                last = shown.cloned();
            }
            if self.tell_stage() || moved {
                pacer.reset();
            }
            if let Some(to) = follow.rolling_back_to().filter(|_| !was_rolling_back) {
                self.progress.event(&Event::RollingBack(to));
            }
            match verdict {
                Verdict::Done(Ending::Paused { hooks, .. }) if self.rolling.on_pause == OnPause::Wait => {
                    for hook in &hooks {
                        if self.paused.insert(hook.id.clone()) {
                            self.progress.event(&Event::Paused(hook));
                        }
                    }
                }
                Verdict::Done(ending) => break Some(ending),
                Verdict::Waiting(_) => {}
            }
            if follow.failures() > failures {
                failures = follow.failures();
                let stopped = self.stopped_tasks(&follow).await;
                if let Some(ending) = follow.hopeless(&snapshot, &stopped) {
                    break Some(ending);
                }
            }
            match self.next_look(&mut pacer, &follow).await? {
                Some(next) => snapshot = next,
                None => break None,
            }
        };
        deployment.service_deployment = self.records.arn().map(str::to_owned);
        self.conclude(&follow, ending, snapshot, events, &mut deployment).await;
        Ok(deployment)
    }

    /// Waits, and looks until there is an answer; nothing once the time is up.
    async fn next_look(&mut self, pacer: &mut Pacer<'_>, follow: &Follow) -> Result<Option<ServiceSnapshot>, Error> {
        let id = self.rolling.id;
        let mut retry_after = None;
        let snapshot = loop {
            if pacer.pause_after(retry_after).await.is_err() {
                return Ok(None);
            }
            match self.deployer.services.describe_service(id).await {
                Ok(next) => break next,
                Err(error) => retry_after = self.failed_look(follow, error)?,
            }
        };
        // One look at each a round: without an answer the old one counts, and success waits for the next.
        match self.records.look(id, follow.task_definition()).await {
            Ok(record) => {
                self.lost = 0;
                self.record = record.or_else(|| self.record.take());
            }
            Err(error) => {
                let needed = snapshot.strategy != Strategy::Rolling;
                if needed || error.is_retryable() {
                    self.failed_look(follow, error)?;
                } else if matches!(error.fault(), Fault::AccessDenied | Fault::Unsupported) {
                    self.progress.event(&Event::PollFailed(&error));
                    self.records = Records::none();
                    self.record = None;
                }
            }
        }
        Ok(Some(snapshot))
    }

    fn failed_look(&mut self, follow: &Follow, error: CallError) -> Result<Option<std::time::Duration>, Error> {
        self.progress.event(&Event::PollFailed(&error));
        self.lost = if error.is_retryable() { 0 } else { self.lost + 1 };
        if self.lost == LOST_POLLS {
            return Err(Error::Lost {
                service: self.rolling.id.clone(),
                deployment: follow.deployment().to_owned(),
                source: error,
            });
        }
        Ok(error.retry_after())
    }

    /// Tells the events that are new by their ids, oldest first.
    fn tell_events(&mut self, snapshot: &ServiceSnapshot, events: &mut Vec<ServiceEvent>) {
        for event in snapshot.events.iter().rev() {
            if self.old_events.insert(event.id.clone()) {
                self.progress.event(&Event::Service(event));
                events.push(event.clone());
            }
        }
    }

    /// Tells where the service deployment is, if that has changed.
    fn tell_stage(&mut self) -> bool {
        let Some(record) = &self.record else { return false };
        let now = (record.status.to_string(), record.lifecycle_stage.clone(), record.production_traffic);
        if self.told.as_ref() == Some(&now) {
            return false;
        }
        self.progress.event(&Event::Stage(record));
        self.told = Some(now);
        true
    }

    /// What ECS still knows of the deployment's ended tasks; nothing if it does not say, as this is only an explanation.
    async fn stopped_tasks(&self, follow: &Follow) -> Vec<StoppedTask> {
        let answer = self.deployer.services.stopped_tasks(self.rolling.id, follow.deployment()).await;
        let mut tasks = answer.unwrap_or_default();
        tasks.sort_by_key(|task| task.stopped_at);
        tasks
    }

    async fn conclude(
        &self,
        follow: &Follow,
        ending: Option<Ending>,
        service: ServiceSnapshot,
        events: Vec<ServiceEvent>,
        deployment: &mut Deployment,
    ) {
        let mut hooks = Vec::new();
        let (outcome, reason, to) = match ending {
            Some(Ending::Succeeded) => (Outcome::Succeeded, String::new(), None),
            Some(Ending::RolledBack { to, reason, .. }) => (Outcome::RolledBack, reason, Some(to)),
            Some(Ending::RollbackFailed { to, reason }) => {
                let reason = format!("{reason} The rollback to {} has failed as well.", short_name(&to));
                (Outcome::Failed, reason.trim_start().to_owned(), None)
            }
            Some(Ending::Failed { reason }) => (Outcome::Failed, reason, None),
            Some(Ending::Stopped { reason }) => (Outcome::Stopped, reason, None),
            Some(Ending::Paused { stage, hooks: waiting }) => {
                hooks = waiting;
                (Outcome::Paused, format!("the deployment waits at {stage} for an answer to its hooks"), None)
            }
            Some(Ending::Superseded { by, task_definition }) => {
                let name = short_name(&task_definition);
                (Outcome::Superseded, format!("deployment {by} of {name} has come in between"), None)
            }
            None => match follow.rolling_back_to() {
                // The rollback is not over, but what it means for this deployment is clear.
                Some(to) => (Outcome::RolledBack, follow.reason().unwrap_or_default().to_owned(), Some(to.to_owned())),
                None => (Outcome::TimedOut, self.timed_out(follow, &service), None),
            },
        };
        deployment.outcome = outcome;
        deployment.service = service;
        if outcome.is_success() {
            return;
        }
        let mut report = FailureReport::new(reason, events, self.stopped_tasks(follow).await);
        report.rolled_back_to = to.filter(|to| !to.is_empty());
        report.hooks = hooks;
        if let Some(record) = &self.record {
            report.alarms.clone_from(&record.triggered_alarms);
            report.stage.clone_from(&record.lifecycle_stage);
        }
        deployment.report = Some(report);
    }

    fn timed_out(&self, follow: &Follow, service: &ServiceSnapshot) -> String {
        let limit = self.rolling.polling.deadline.unwrap_or_default();
        match service.rollout(follow.deployment()) {
            Some(ours) => format!(
                "after {limit:?} {} of {} tasks run and {} have failed; the deployment goes on in ECS",
                ours.running,
                ours.desired,
                follow.failures()
            ),
            None => format!("after {limit:?} the service does not show the deployment yet"),
        }
    }
}
