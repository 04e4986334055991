//! Looks at the service until the deployment is over, tells what happens, and gathers why it went wrong.

use std::collections::HashSet;

use aws_call::{CallError, Pacer};

use super::follow::{Ending, Follow, Verdict, step};
use super::{DeployRequest, Deployer, Event, FailureReport, Outcome, Progress};
use crate::Error;
use crate::client::{Rollout, ServiceEvent, ServiceSnapshot, StoppedTask};

/// How many polls in a row may fail for good before the watching ends.
const LOST_POLLS: u32 = 3;

pub(super) struct Watch<'a> {
    pub(super) deployer: &'a Deployer,
    pub(super) request: &'a DeployRequest,
    pub(super) progress: &'a dyn Progress,
    /// The ids of the events from before.
    pub(super) old_events: HashSet<String>,
}

pub(super) struct Seen {
    pub(super) outcome: Outcome,
    pub(super) service: ServiceSnapshot,
    pub(super) report: Option<FailureReport>,
}

impl Watch<'_> {
    /// `snapshot` is the answer of the update: the first look.
    pub(super) async fn until_over(mut self, mut follow: Follow, mut snapshot: ServiceSnapshot) -> Result<Seen, Error> {
        let Deployer { clock, ids, services, .. } = self.deployer;
        let mut pacer = Pacer::new(clock, ids, &self.request.polling);
        let mut events: Vec<ServiceEvent> = Vec::new();
        let mut last: Option<Rollout> = None;
        let mut failures = 0;
        let mut lost = 0;
        let ending = loop {
            self.tell_events(&snapshot, &mut events);
            let was_rolling_back = follow.rolling_back_to().is_some();
            let verdict = step(&mut follow, &snapshot);
            let shown = snapshot.rollout(follow.deployment()).or_else(|| snapshot.primary());
            if shown != last.as_ref() {
                if let Some(rollout) = shown {
                    self.progress.event(&Event::Rollout(rollout));
                }
                last = shown.cloned();
                pacer.reset();
            }
            if let Some(to) = follow.rolling_back_to().filter(|_| !was_rolling_back) {
                self.progress.event(&Event::RollingBack(to));
            }
            if let Verdict::Done(ending) = verdict {
                break Some(ending);
            }
            if follow.failures() > failures {
                failures = follow.failures();
                let stopped = self.stopped_tasks(&follow).await;
                if let Some(ending) = follow.hopeless(&snapshot, &stopped) {
                    break Some(ending);
                }
            }
            // Wait, and look until there is an answer.
            let mut retry_after = None;
            let next = loop {
                if pacer.pause_after(retry_after).await.is_err() {
                    break None;
                }
                match services.describe_service(&self.request.id).await {
                    Ok(next) => break Some(next),
                    Err(error) => {
                        self.progress.event(&Event::PollFailed(&error));
                        retry_after = error.retry_after();
                        lost = if error.is_retryable() { 0 } else { lost + 1 };
                        if lost == LOST_POLLS {
                            return Err(self.lost(&follow, error));
                        }
                    }
                }
            };
            let Some(next) = next else { break None };
            lost = 0;
            snapshot = next;
        };
        Ok(self.conclude(&follow, ending, snapshot, events).await)
    }

    fn lost(&self, follow: &Follow, source: CallError) -> Error {
        Error::Lost { service: self.request.id.clone(), deployment: follow.deployment().to_owned(), source }
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

    /// What ECS still knows of the deployment's ended tasks; nothing if it does not say, as this is only an explanation.
    async fn stopped_tasks(&self, follow: &Follow) -> Vec<StoppedTask> {
        let answer = self.deployer.services.stopped_tasks(&self.request.id, follow.deployment()).await;
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
    ) -> Seen {
        let (outcome, reason, to) = match ending {
            Some(Ending::Succeeded) => return Seen { outcome: Outcome::Succeeded, service, report: None },
            Some(Ending::RolledBack { to, reason, .. }) => (Outcome::RolledBack, reason, Some(to)),
            Some(Ending::Failed { reason }) => (Outcome::Failed, reason, None),
            Some(Ending::Stopped { reason }) => (Outcome::Stopped, reason, None),
            Some(Ending::Superseded { by, task_definition }) => {
                let name = crate::client::short_name(&task_definition);
                (Outcome::Superseded, format!("deployment {by} of {name} has come in between"), None)
            }
            None => match follow.rolling_back_to() {
                // The rollback is not over, but what it means for this deployment is clear.
                Some(to) => (Outcome::RolledBack, follow.reason().unwrap_or_default().to_owned(), Some(to.to_owned())),
                None => (Outcome::TimedOut, self.timed_out(follow, &service), None),
            },
        };
        let mut report = FailureReport::new(reason, events, self.stopped_tasks(follow).await);
        report.rolled_back_to = to;
        Seen { outcome, service, report: Some(report) }
    }

    fn timed_out(&self, follow: &Follow, service: &ServiceSnapshot) -> String {
        let limit = self.request.polling.deadline.unwrap_or_default();
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
