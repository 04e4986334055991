//! The scheduler of one service: starts, stops and replaces its tasks. What that means for a deployment is in `rollout`.
//!
//! It is advanced by the clock's time whenever somebody looks, change by change in the order in which they happen, so the
//! result does not depend on how often anybody looks.

use std::collections::BTreeSet;
use std::time::{Duration, SystemTime};

use super::fates::{ContainerStart, Fates};
use super::record::History;
use super::rollout::Cause;
use super::settings::Settings;
use super::task::{Phase, Task, Timing};
use crate::client::{
    Controller, LoadBalancer, Rollout, RolloutState, RolloutStatus, ServiceEvent, ServiceSnapshot, StoppedTask,
    Strategy, short_name,
};

/// How many events a service keeps.
const EVENTS: usize = 100;
/// How long a stopped task can be described.
const REMEMBERED: Duration = Duration::from_secs(3600);
/// The longest pause between two tries.
const LONGEST_RESTART: Duration = Duration::from_secs(300);

/// A container of a task definition, as far as it matters here.
#[derive(Clone, Debug)]
pub(super) struct Image {
    pub(super) container: String,
    pub(super) image: String,
    pub(super) essential: bool,
}

/// One deployment of a service.
#[derive(Debug)]
pub(super) struct Deployment {
    pub(super) id: String,
    pub(super) task_definition: String,
    pub(super) status: RolloutStatus,
    pub(super) state: RolloutState,
    pub(super) reason: String,
    pub(super) failed: u32,
    pub(super) started: u32,
    pub(super) not_before: SystemTime,
    /// A rollback is not rolled back.
    pub(super) is_rollback: bool,
    /// Whether alarms end it: not if one was on when it began.
    pub(super) watches_alarms: bool,
    pub(super) containers: Vec<Image>,
}

/// What moves a service besides time.
pub(super) struct World<'a> {
    pub(super) home: &'a str,
    pub(super) cluster: &'a str,
    pub(super) fates: &'a dyn Fates,
    pub(super) timing: Timing,
    /// The names of the alarms that are on.
    pub(super) alarms: &'a BTreeSet<String>,
    pub(super) next_id: &'a mut dyn FnMut() -> u64,
}

/// What a rollback goes back to.
#[derive(Clone, Debug)]
pub(super) struct Completed {
    pub(super) id: String,
    pub(super) task_definition: String,
    pub(super) containers: Vec<Image>,
    /// The ARN of its service revision.
    pub(super) revision: String,
}

#[derive(Debug)]
pub(super) struct Service {
    pub(super) name: String,
    pub(super) arn: String,
    pub(super) desired: u32,
    pub(super) settings: Settings,
    pub(super) controller: Controller,
    pub(super) load_balancers: Vec<LoadBalancer>,
    /// Newest first; the first one is PRIMARY.
    pub(super) deployments: Vec<Deployment>,
    /// The last deployment that was completed.
    pub(super) completed: Option<Completed>,
    pub(super) history: History,
    pub(super) tasks: Vec<Task>,
    stopped: Vec<StoppedTask>,
    events: Vec<ServiceEvent>,
    pub(super) at: SystemTime,
}

impl Service {
    pub(super) fn new(name: &str, arn: String, desired: u32, now: SystemTime) -> Self {
        Self {
            name: name.to_owned(),
            arn,
            desired,
            settings: Settings::default(),
            controller: Controller::Ecs,
            load_balancers: Vec::new(),
            deployments: Vec::new(),
            completed: None,
            history: History::default(),
            tasks: Vec::new(),
            stopped: Vec::new(),
            events: Vec::new(),
            at: now,
        }
    }

    /// The ARN of the task definition that the service moves to.
    pub(super) fn task_definition(&self) -> &str {
        self.deployments.first().map_or("", |primary| &primary.task_definition)
    }

    /// Lets everything happen that happens until `now`.
    pub(super) fn advance(&mut self, now: SystemTime, world: &mut World<'_>) {
        loop {
            self.reconcile(world);
            let restart = self.deployments.first().map(|primary| primary.not_before).filter(|at| *at > self.at);
            let stage = self.next_stage_change(world);
            let next = self.tasks.iter().filter_map(Task::next_change).chain(restart).chain(stage).min();
            match next.filter(|next| *next <= now) {
                Some(next) => {
                    // Changes that were due before the service was touched last happen now, never in the past.
                    self.at = self.at.max(next);
                    self.happen(world);
                }
                None => break,
            }
        }
        self.at = self.at.max(now);
        let at = self.at;
        self.stopped.retain(|task| {
            task.stopped_at.and_then(|stopped| at.duration_since(stopped).ok()).is_none_or(|age| age < REMEMBERED)
        });
    }

    /// Tasks whose time has come begin to run, or end.
    fn happen(&mut self, world: &mut World<'_>) {
        let at = self.at;
        for task in &mut self.tasks {
            if task.begin(at)
                && task.gets_healthy
                && let Some(deployment) = self.deployments.iter_mut().find(|d| d.id == task.deployment)
            {
                deployment.failed = 0;
            }
        }
        let due = |task: &Task| task.ending.as_ref().is_some_and(|ending| ending.at <= at);
        let (ended, left): (Vec<Task>, Vec<Task>) = std::mem::take(&mut self.tasks).into_iter().partition(due);
        self.tasks = left;
        for task in ended {
            let failure = task.ending.as_ref().is_some_and(|ending| ending.failure);
            let deployment = task.deployment.clone();
            let id = task_id(&task.arn).to_owned();
            if let Some(stopped) = task.stopped() {
                self.say(world, &format!("has stopped 1 running tasks: (task {id})."));
                self.stopped.push(stopped);
            }
            if failure {
                self.failed(&deployment, world);
            }
        }
    }

    fn failed(&mut self, deployment: &str, world: &mut World<'_>) {
        let at = self.at;
        let Some(primary) = self.deployments.first_mut().filter(|primary| primary.id == deployment) else { return };
        if primary.state == RolloutState::Failed {
            return;
        }
        let restart = world.timing.restart.max(Duration::from_secs(1));
        if primary.state == RolloutState::Completed {
            primary.not_before = at + restart;
            return;
        }
        primary.failed += 1;
        let growth = 2_u32.saturating_pow(primary.failed.saturating_sub(3).min(16));
        primary.not_before = at + restart.saturating_mul(growth).min(LONGEST_RESTART);
        let failed = primary.failed;
        if failed == 3 && !self.settings.breaker.enable {
            self.say(
                world,
                "is unable to consistently start tasks successfully. For more information, see the Troubleshooting section of the Amazon ECS Developer Guide.",
            );
        }
        if self.settings.breaker.enable && failed >= threshold(self.desired) {
            self.fail(&Cause::CircuitBreaker, world);
        }
    }

    /// Starts and stops tasks until there is nothing to do at this moment.
    fn reconcile(&mut self, world: &mut World<'_>) {
        self.heed_alarms(world);
        self.stop_surplus(world);
        self.start_missing(world);
        self.pass_stages(world);
        self.complete(world);
    }

    fn start_missing(&mut self, world: &mut World<'_>) {
        let at = self.at;
        let staged = self.is_staged();
        let Some(primary) = self.deployments.first_mut() else { return };
        if primary.state == RolloutState::Failed || at < primary.not_before {
            return;
        }
        let active = self.tasks.iter().filter(|task| task.deployment == primary.id && !task.is_draining()).count();
        let missing = (self.desired as usize).saturating_sub(active);
        // At least one, or a service of one task with a maximum of 100 % could never move.
        let percent = if staged { 200 } else { self.settings.maximum_percent };
        let most = (self.desired as usize * percent as usize / 100).max(1);
        let room = most.saturating_sub(self.tasks.len());
        let count = missing.min(room);
        let mut ids = Vec::new();
        for _ in 0..count {
            let arn =
                format!("{}:task/{}/{:016x}{:016x}", world.home, world.cluster, (world.next_id)(), (world.next_id)());
            let fates = primary
                .containers
                .iter()
                .map(|Image { container, image, essential }| {
                    let start = ContainerStart {
                        service: &self.name,
                        task_definition: short_name(&primary.task_definition),
                        container,
                        image,
                        earlier: primary.started,
                    };
                    (container.clone(), *essential, world.fates.fate(&start))
                })
                .collect();
            primary.started += 1;
            ids.push(format!("(task {})", task_id(&arn)));
            self.tasks.push(Task::start(arn, &primary.task_definition, &primary.id, fates, at, &world.timing));
        }
        if count > 0 {
            self.say(world, &format!("has started {count} tasks: {}.", ids.join(" ")));
        }
    }

    /// Tasks of older deployments go as far as the minimum of healthy tasks allows; so do surplus tasks of the newest.
    pub(super) fn stop_surplus(&mut self, world: &World<'_>) {
        let Some(primary) = self.deployments.first() else { return };
        let (id, failed) = (primary.id.clone(), primary.state == RolloutState::Failed);
        let drain_at = self.at + world.timing.drain;
        let mut surplus = self
            .tasks
            .iter()
            .filter(|task| task.deployment == id && !task.is_draining())
            .count()
            .saturating_sub(self.desired as usize);
        for task in self.tasks.iter_mut().rev().filter(|task| task.deployment == id && !task.is_draining()) {
            if surplus == 0 {
                break;
            }
            task.drain(drain_at, &id);
            surplus -= 1;
        }
        if failed || self.keeps_the_former_tasks() {
            return;
        }
        let least = (self.desired as usize * self.settings.minimum_healthy_percent as usize).div_ceil(100);
        let mut healthy = self.tasks.iter().filter(|task| task.is_healthy()).count();
        for task in self.tasks.iter_mut().filter(|task| task.deployment != id && !task.is_draining()) {
            if !task.is_healthy() {
                task.drain(drain_at, &id);
            } else if healthy > least {
                task.drain(drain_at, &id);
                healthy -= 1;
            }
        }
    }

    pub(super) fn say(&mut self, world: &mut World<'_>, what: &str) {
        let id = format!("{:016x}", (world.next_id)());
        self.events.insert(0, ServiceEvent::new(id, Some(self.at), format!("(service {}) {what}", self.name)));
        self.events.truncate(EVENTS);
    }

    pub(super) fn stopped_tasks(&self, started_by: &str) -> Vec<StoppedTask> {
        self.stopped.iter().filter(|task| task.started_by.as_deref() == Some(started_by)).cloned().collect()
    }

    pub(super) fn snapshot(&self) -> ServiceSnapshot {
        let mut snapshot = ServiceSnapshot::new(&self.arn, self.task_definition(), self.desired);
        snapshot.controller = self.controller.clone();
        snapshot.load_balancers.clone_from(&self.load_balancers);
        snapshot.strategy = self.settings.strategy.clone();
        snapshot.circuit_breaker = self.settings.breaker;
        snapshot.alarms.clone_from(&self.settings.alarms);
        snapshot.events.clone_from(&self.events);
        for deployment in &self.deployments {
            let count = |phase: Phase| {
                let mine =
                    |task: &&Task| task.deployment == deployment.id && task.phase == phase && !task.is_draining();
                u32::try_from(self.tasks.iter().filter(mine).count()).unwrap_or(u32::MAX)
            };
            let (pending, running) = (count(Phase::Pending), count(Phase::Running));
            let desired = match (&deployment.status, &deployment.state) {
                (RolloutStatus::Primary, _) => self.desired,
                (_, RolloutState::Failed) => 0,
                _ => pending + running,
            };
            snapshot.pending += pending;
            snapshot.running += running;
            let rollout = Rollout::new(&deployment.id, deployment.status.clone(), &deployment.task_definition)
                .with_counts(desired, pending, running, deployment.failed);
            // Rollout states belong to rolling updates (documentation of `Deployment.rolloutState`).
            snapshot.rollouts.push(match self.settings.strategy {
                Strategy::Rolling => rollout.with_state(deployment.state.clone(), &deployment.reason),
                _ => rollout,
            });
        }
        snapshot
    }
}

/// How many failures break the circuit: half of the desired tasks, at least 3, at most 200.
pub(super) fn threshold(desired: u32) -> u32 {
    desired.div_ceil(2).clamp(3, 200)
}

fn task_id(arn: &str) -> &str {
    arn.rsplit_once('/').map_or(arn, |(_, id)| id)
}

#[cfg(test)]
mod tests {
    use super::threshold;

    #[test]
    fn the_circuit_breaker_s_threshold() {
        for (desired, failures) in
            [(0, 3), (1, 3), (4, 3), (6, 3), (7, 4), (25, 13), (399, 200), (400, 200), (800, 200)]
        {
            assert_eq!(threshold(desired), failures, "{desired}");
        }
    }
}
