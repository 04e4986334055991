//! What a service's state says about one deployment: a pure state machine.
//!
//! A deployment is known by the id that the answer of `UpdateService` carries, never by times: the clocks of two machines
//! differ. Three things must not be mistaken for success: a rollback (the service is stable, on the old task definition),
//! another deployment that has come in between, and an old answer (`DescribeServices` is eventually consistent).
//!
//! The service itself and its service deployment are two witnesses that can be behind one another. Success takes both,
//! where there are both; that it goes back, either may say.

use crate::client::{
    Hook, Rollout, RolloutState, RolloutStatus, ServiceDeployment, ServiceDeploymentStatus as Status, ServiceSnapshot,
    StoppedTask, Strategy,
};

/// How many polls may show neither the deployment nor the state before it, until that counts as an answer.
const STRANGE_POLLS: u32 = 3;
/// How many polls may show the deployment FAILED before the rollback that the service is set to appears, or its service
/// deployment STOPPED before the service says why.
const FAILED_POLLS: u32 = 3;
/// How many tasks that cannot even start are enough to give up.
const HOPELESS_TASKS: usize = 3;

/// The service before the update.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Before {
    /// The ids of its deployments.
    pub deployments: Vec<String>,
    /// The id of its PRIMARY deployment.
    pub primary: Option<String>,
    /// The task definition of its PRIMARY deployment.
    pub task_definition: Option<String>,
}

impl Before {
    /// What a snapshot shows.
    #[must_use]
    pub fn of(snapshot: &ServiceSnapshot) -> Self {
        Self {
            deployments: snapshot.rollouts.iter().map(|rollout| rollout.id.clone()).collect(),
            primary: snapshot.primary().map(|primary| primary.id.clone()),
            task_definition: snapshot.primary().map(|primary| primary.task_definition.clone()),
        }
    }

    /// What the service was before its PRIMARY deployment began, as far as a snapshot in the middle of it shows.
    #[must_use]
    pub fn around(snapshot: &ServiceSnapshot) -> Self {
        let others = || snapshot.rollouts.iter().filter(|rollout| rollout.status != RolloutStatus::Primary);
        let newest = others().next();
        Self {
            deployments: others().map(|rollout| rollout.id.clone()).collect(),
            primary: newest.map(|rollout| rollout.id.clone()),
            task_definition: newest.map(|rollout| rollout.task_definition.clone()),
        }
    }
}

/// Follows one deployment of a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Follow {
    deployment: String,
    task_definition: String,
    before: Before,
    seen: bool,
    strange: u32,
    failed_polls: u32,
    stopped_polls: u32,
    /// Failed tasks in all; the service's own count begins again with each task that starts.
    failures: u32,
    last_failed: u32,
    /// Why the deployment failed, in the service's words.
    reason: Option<String>,
    rolling_back_to: Option<String>,
}

/// What a snapshot says.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Verdict {
    /// It goes on.
    Waiting(Waiting),
    /// It is over.
    Done(Ending),
}

/// What is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Waiting {
    /// The deployment is not in the answer, which may be an old one.
    NotVisible,
    /// Tasks are started and stopped.
    Rolling,
    /// The service goes back to the old task definition. It will not be a success any more.
    RollingBack,
}

/// How a deployment ended.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Ending {
    /// The service runs the deployment's task definition and nothing else.
    Succeeded,
    /// The service has gone back.
    RolledBack {
        /// The task definition it has gone back to.
        to: String,
        /// Why.
        reason: String,
        /// Whether it runs there.
        complete: bool,
    },
    /// The service should go back, and could not.
    RollbackFailed {
        /// The task definition it was to go back to.
        to: String,
        /// Why.
        reason: String,
    },
    /// The deployment stands still until somebody answers these hooks.
    Paused {
        /// The lifecycle stage.
        stage: String,
        /// The hooks.
        hooks: Vec<Hook>,
    },
    /// The deployment has failed and nothing goes back by itself.
    Failed {
        /// Why.
        reason: String,
    },
    /// Another deployment has come in between.
    Superseded {
        /// Its id.
        by: String,
        /// Its task definition.
        task_definition: String,
    },
    /// The service was deleted, or somebody has stopped the deployment.
    Stopped {
        /// Why.
        reason: String,
    },
}

impl Follow {
    /// Follows the deployment of this id to this task definition.
    #[must_use]
    pub fn new(deployment: impl Into<String>, task_definition: impl Into<String>, before: Before) -> Self {
        Self {
            deployment: deployment.into(),
            task_definition: task_definition.into(),
            before,
            seen: false,
            strange: 0,
            failed_polls: 0,
            stopped_polls: 0,
            failures: 0,
            last_failed: 0,
            reason: None,
            rolling_back_to: None,
        }
    }

    /// The service has shown the deployment before.
    pub fn has_been_seen(&mut self) {
        self.seen = true;
    }

    /// Somebody has asked the service to go back to this: it is no success any more.
    pub fn goes_back_to(&mut self, task_definition: impl Into<String>) {
        self.seen = true;
        self.rolling_back_to = Some(task_definition.into());
    }

    /// The deployment's id.
    #[must_use]
    pub fn deployment(&self) -> &str {
        &self.deployment
    }

    /// The task definition it moves to.
    #[must_use]
    pub fn task_definition(&self) -> &str {
        &self.task_definition
    }

    /// The service before the deployment.
    #[must_use]
    pub fn before(&self) -> &Before {
        &self.before
    }

    /// How many of its tasks have failed.
    #[must_use]
    pub fn failures(&self) -> u32 {
        self.failures
    }

    /// The task definition that the service is going back to, once it does.
    #[must_use]
    pub fn rolling_back_to(&self) -> Option<&str> {
        self.rolling_back_to.as_deref()
    }

    /// Why the deployment failed, as far as the service has said.
    #[must_use]
    pub fn reason(&self) -> Option<&str> {
        self.reason.as_deref()
    }

    /// Whether stopped tasks show that no other try will go better: for services without a circuit breaker, which would
    /// try for ever.
    #[must_use]
    pub fn hopeless(&self, snapshot: &ServiceSnapshot, stopped: &[StoppedTask]) -> Option<Ending> {
        if snapshot.circuit_breaker.enable || self.rolling_back_to.is_some() {
            return None;
        }
        let mut hopeless = stopped.iter().filter(|task| task.could_not_start());
        let count = hopeless.clone().count();
        let last = hopeless.next_back()?.stopped_reason.clone().unwrap_or_default();
        (count >= HOPELESS_TASKS)
            .then(|| Ending::Failed { reason: format!("{count} tasks could not start, the last one with `{last}`; ECS goes on trying, as the service has no circuit breaker") })
    }
}

/// Takes one more look into account: the service, and the deployment's service deployment if there is one to see.
pub fn step(follow: &mut Follow, snapshot: &ServiceSnapshot, record: Option<&ServiceDeployment>) -> Verdict {
    if matches!(snapshot.status.as_str(), "DRAINING" | "INACTIVE") {
        let reason = format!("the service is {}: somebody has deleted it", snapshot.status);
        return Verdict::Done(Ending::Stopped { reason });
    }
    if let Some(record) = record {
        note(follow, record);
    }
    let by_service = by_service(follow, snapshot);
    match record {
        Some(record) => by_record(follow, record, by_service),
        // Without rollout states a blue/green deployment looks steady before it is over.
        None if by_service == Verdict::Done(Ending::Succeeded) && snapshot.strategy != Strategy::Rolling => {
            Verdict::Waiting(Waiting::NotVisible)
        }
        None => by_service,
    }
}

/// Keeps what the service deployment says about a rollback: once it goes back, it is no success any more.
fn note(follow: &mut Follow, record: &ServiceDeployment) {
    use Status::{RollbackFailed, RollbackInProgress, RollbackRequested, RollbackSuccessful};
    if !matches!(record.status, RollbackRequested | RollbackInProgress | RollbackSuccessful | RollbackFailed) {
        return;
    }
    let reason = record.rollback.as_ref().and_then(|rollback| rollback.reason.clone());
    if let Some(reason) = reason.or_else(|| record.status_reason.clone()).filter(|_| follow.reason.is_none()) {
        follow.reason = Some(reason);
    }
    if follow.rolling_back_to.is_none() {
        follow.rolling_back_to = Some(follow.before.task_definition.clone().unwrap_or_default());
    }
}

/// What both witnesses say together.
fn by_record(follow: &mut Follow, record: &ServiceDeployment, by_service: Verdict) -> Verdict {
    let going_back = |follow: &Follow| {
        let to = follow.rolling_back_to.clone().unwrap_or_default();
        (to, follow.reason.clone().unwrap_or_default())
    };
    match (&record.status, by_service) {
        (Status::RollbackSuccessful, _) => {
            let (to, reason) = going_back(follow);
            Verdict::Done(Ending::RolledBack { to, reason, complete: true })
        }
        (Status::RollbackFailed, _) => {
            let (to, reason) = going_back(follow);
            Verdict::Done(Ending::RollbackFailed { to, reason })
        }
        (Status::RollbackRequested | Status::RollbackInProgress, Verdict::Waiting(_)) => {
            Verdict::Waiting(Waiting::RollingBack)
        }
        (Status::Stopped, Verdict::Waiting(_) | Verdict::Done(Ending::Succeeded)) => {
            follow.stopped_polls += 1;
            if follow.stopped_polls <= FAILED_POLLS {
                return Verdict::Waiting(Waiting::Rolling);
            }
            let reason = record.status_reason.clone().or_else(|| follow.reason.clone());
            let reason = reason.unwrap_or_else(|| "somebody has stopped the deployment".to_owned());
            match record.triggered_alarms.is_empty() {
                true => Verdict::Done(Ending::Stopped { reason }),
                false => Verdict::Done(Ending::Failed { reason }),
            }
        }
        (Status::Pending | Status::InProgress, Verdict::Waiting(_)) if record.awaiting().next().is_some() => {
            Verdict::Done(Ending::Paused {
                stage: record.lifecycle_stage.clone().unwrap_or_default(),
                hooks: record.awaiting().cloned().collect(),
            })
        }
        (status, Verdict::Done(Ending::Succeeded)) if *status != Status::Successful => {
            Verdict::Waiting(Waiting::Rolling)
        }
        (_, by_service) => by_service,
    }
}

/// What the service alone says.
fn by_service(follow: &mut Follow, snapshot: &ServiceSnapshot) -> Verdict {
    let Some(primary) = snapshot.primary() else { return Verdict::Waiting(Waiting::NotVisible) };
    if let Some(ours) = snapshot.rollout(&follow.deployment) {
        follow.seen = true;
        follow.strange = 0;
        follow.failures += ours.failed.saturating_sub(follow.last_failed);
        follow.last_failed = ours.failed;
        if ours.state == Some(RolloutState::Failed) {
            follow.reason.clone_from(&ours.reason);
        }
    }
    // The form of the service's state that has no rollout states, from before them or with a Classic Load Balancer.
    let steady = snapshot.rollouts.len() == 1 && primary.running == primary.desired && primary.pending == 0;

    if primary.id == follow.deployment {
        if primary.task_definition != follow.task_definition || follow.rolling_back_to.is_some() {
            return Verdict::Waiting(Waiting::NotVisible);
        }
        return match primary.state {
            Some(RolloutState::Completed) => Verdict::Done(Ending::Succeeded),
            None if steady => Verdict::Done(Ending::Succeeded),
            Some(RolloutState::Failed) => {
                follow.failed_polls += 1;
                if snapshot.rolls_back() && follow.failed_polls <= FAILED_POLLS {
                    return Verdict::Waiting(Waiting::Rolling);
                }
                let reason = follow.reason.clone().unwrap_or_else(|| "the deployment has failed".to_owned());
                Verdict::Done(Ending::Failed { reason })
            }
            _ => starts(follow, snapshot),
        };
    }
    let says_so = primary.reason.as_deref().is_some_and(|reason| reason.contains("rolling back"));
    if follow.before.deployments.contains(&primary.id) {
        // An old answer, unless it shows ours behind it: only a rollback puts a deployment of the past in front again.
        let is_new = snapshot.rollout(&follow.deployment).is_some();
        let is_rollback = says_so && follow.seen;
        if !(is_new || is_rollback) {
            return Verdict::Waiting(Waiting::NotVisible);
        }
    } else if !follow.seen {
        follow.strange += 1;
        if follow.strange < STRANGE_POLLS {
            return Verdict::Waiting(Waiting::NotVisible);
        }
    }
    displaced(follow, primary, says_so, steady)
}

/// Another deployment than ours is in front.
fn displaced(follow: &mut Follow, primary: &Rollout, says_so: bool, steady: bool) -> Verdict {
    let went_back = primary.task_definition != follow.task_definition
        && follow.before.task_definition.as_ref() == Some(&primary.task_definition);
    if says_so || went_back {
        follow.rolling_back_to = Some(primary.task_definition.clone());
        let (to, reason) = (primary.task_definition.clone(), follow.reason.clone());
        let reason = reason.or_else(|| primary.reason.clone()).unwrap_or_default();
        return match primary.state {
            Some(RolloutState::Completed) => Verdict::Done(Ending::RolledBack { to, reason, complete: true }),
            None if steady => Verdict::Done(Ending::RolledBack { to, reason, complete: true }),
            Some(RolloutState::Failed) => Verdict::Done(Ending::RollbackFailed { to, reason }),
            _ => Verdict::Waiting(Waiting::RollingBack),
        };
    }
    if let Some(to) = follow.rolling_back_to.clone() {
        // Somebody deploys anew while the service goes back: for this deployment the rollback is the answer.
        let reason = follow.reason.clone().unwrap_or_default();
        return Verdict::Done(Ending::RolledBack { to, reason, complete: false });
    }
    Verdict::Done(Ending::Superseded { by: primary.id.clone(), task_definition: primary.task_definition.clone() })
}

/// Without a circuit breaker ECS tries for ever: more than twice the desired tasks (and more than three) is failing.
fn starts(follow: &Follow, snapshot: &ServiceSnapshot) -> Verdict {
    let Some(ours) = snapshot.primary() else { return Verdict::Waiting(Waiting::NotVisible) };
    let started = follow.failures.saturating_add(ours.pending).saturating_add(ours.running);
    let most = ours.desired.saturating_mul(2).max(3);
    if snapshot.circuit_breaker.enable || follow.failures == 0 || started <= most {
        return Verdict::Waiting(Waiting::Rolling);
    }
    let reason = format!(
        "{started} tasks were started for {} desired ones and {} of them have failed; without a circuit breaker ECS goes on trying",
        ours.desired, follow.failures
    );
    Verdict::Done(Ending::Failed { reason })
}
