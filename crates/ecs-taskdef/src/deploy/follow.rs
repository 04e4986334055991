//! What a service's state says about one deployment: a pure state machine.
//!
//! A deployment is known by the id that the answer of `UpdateService` carries, never by times: the clocks of two machines
//! differ. Three things must not be mistaken for success: a rollback (the service is stable, on the old task definition),
//! another deployment that has come in between, and an old answer (`DescribeServices` is eventually consistent).

use crate::client::{RolloutState, ServiceSnapshot, StoppedTask};

/// How many polls may show neither the deployment nor the state before it, until that counts as an answer.
const STRANGE_POLLS: u32 = 3;
/// How many polls may show the deployment FAILED before the rollback that the service is set to appears.
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
    /// The service was stopped.
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
            failures: 0,
            last_failed: 0,
            reason: None,
            rolling_back_to: None,
        }
    }

    /// The deployment's id.
    #[must_use]
    pub fn deployment(&self) -> &str {
        &self.deployment
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

/// Takes one more snapshot into account.
pub fn step(follow: &mut Follow, snapshot: &ServiceSnapshot) -> Verdict {
    if matches!(snapshot.status.as_str(), "DRAINING" | "INACTIVE") {
        let reason = format!("the service is {}: somebody has deleted it", snapshot.status);
        return Verdict::Done(Ending::Stopped { reason });
    }
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
                if snapshot.circuit_breaker.rollback && follow.failed_polls <= FAILED_POLLS {
                    return Verdict::Waiting(Waiting::Rolling);
                }
                let reason = follow.reason.clone().unwrap_or_else(|| "the deployment has failed".to_owned());
                Verdict::Done(Ending::Failed { reason })
            }
            _ => starts(follow, snapshot),
        };
    }

    if follow.before.deployments.contains(&primary.id) {
        // An old answer: no deployment of the past becomes PRIMARY again under its old id.
        return Verdict::Waiting(Waiting::NotVisible);
    }
    if !follow.seen {
        follow.strange += 1;
        if follow.strange < STRANGE_POLLS {
            return Verdict::Waiting(Waiting::NotVisible);
        }
    }
    let says_so = primary.reason.as_deref().is_some_and(|reason| reason.contains("rolling back"));
    let went_back = primary.task_definition != follow.task_definition
        && follow.before.task_definition.as_ref() == Some(&primary.task_definition);
    if says_so || went_back {
        follow.rolling_back_to = Some(primary.task_definition.clone());
        let over = match primary.state {
            Some(RolloutState::Completed) => Some(true),
            Some(RolloutState::Failed) => Some(false),
            None => steady.then_some(true),
            _ => None,
        };
        let reason = follow.reason.clone().or_else(|| primary.reason.clone()).unwrap_or_default();
        return match over {
            Some(complete) => {
                Verdict::Done(Ending::RolledBack { to: primary.task_definition.clone(), reason, complete })
            }
            None => Verdict::Waiting(Waiting::RollingBack),
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
