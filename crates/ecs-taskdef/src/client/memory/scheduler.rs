//! The scheduler of one service: starts, stops and replaces tasks, completes deployments and breaks the circuit.
//!
//! It is advanced by the clock's time whenever somebody looks, change by change in the order in which they happen, so the
//! result does not depend on how often anybody looks.

use std::time::{Duration, SystemTime};

use super::fates::{ContainerStart, Fates};
use super::task::{Phase, Task, Timing};
use crate::client::{
    CircuitBreaker, Controller, Rollout, RolloutState, RolloutStatus, ServiceEvent, ServiceSnapshot, StoppedTask,
    short_name,
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
    task_definition: String,
    status: RolloutStatus,
    state: RolloutState,
    reason: String,
    failed: u32,
    started: u32,
    not_before: SystemTime,
    /// A rollback is not rolled back.
    is_rollback: bool,
    containers: Vec<Image>,
}

/// What moves a service besides time.
pub(super) struct World<'a> {
    pub(super) home: &'a str,
    pub(super) cluster: &'a str,
    pub(super) fates: &'a dyn Fates,
    pub(super) timing: Timing,
    pub(super) next_id: &'a mut dyn FnMut() -> u64,
}

/// What a rollback goes back to.
#[derive(Clone, Debug)]
struct Completed {
    id: String,
    task_definition: String,
    containers: Vec<Image>,
}

#[derive(Debug)]
pub(super) struct Service {
    pub(super) name: String,
    pub(super) arn: String,
    pub(super) desired: u32,
    pub(super) breaker: CircuitBreaker,
    pub(super) controller: Controller,
    pub(super) maximum_percent: u32,
    pub(super) minimum_healthy_percent: u32,
    /// Newest first; the first one is PRIMARY.
    deployments: Vec<Deployment>,
    /// The last deployment that was completed.
    completed: Option<Completed>,
    tasks: Vec<Task>,
    stopped: Vec<StoppedTask>,
    events: Vec<ServiceEvent>,
    at: SystemTime,
}

impl Service {
    pub(super) fn new(name: &str, arn: String, desired: u32, now: SystemTime) -> Self {
        Self {
            name: name.to_owned(),
            arn,
            desired,
            breaker: CircuitBreaker::default(),
            controller: Controller::Ecs,
            maximum_percent: 200,
            minimum_healthy_percent: 100,
            deployments: Vec::new(),
            completed: None,
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

    /// Begins a deployment.
    pub(super) fn deploy(&mut self, task_definition: String, containers: Vec<Image>, world: &mut World<'_>) {
        let id = format!("ecs-svc/{:019}", (world.next_id)() % 10_u64.pow(19));
        self.begin(id, task_definition, containers, "in progress", false);
    }

    fn begin(&mut self, id: String, task_definition: String, containers: Vec<Image>, reason: &str, is_rollback: bool) {
        for older in &mut self.deployments {
            older.status = RolloutStatus::Active;
        }
        let reason = if is_rollback { reason.to_owned() } else { format!("ECS deployment {id} {reason}.") };
        let primary = Deployment {
            id,
            task_definition,
            status: RolloutStatus::Primary,
            state: RolloutState::InProgress,
            reason,
            failed: 0,
            started: 0,
            not_before: self.at,
            is_rollback,
            containers,
        };
        self.deployments.insert(0, primary);
    }

    /// Lets everything happen that happens until `now`.
    pub(super) fn advance(&mut self, now: SystemTime, world: &mut World<'_>) {
        loop {
            self.reconcile(world);
            let restart = self.deployments.first().map(|primary| primary.not_before).filter(|at| *at > self.at);
            let next = self.tasks.iter().filter_map(Task::next_change).chain(restart).min();
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
        if failed == 3 && !self.breaker.enable {
            self.say(
                world,
                "is unable to consistently start tasks successfully. For more information, see the Troubleshooting section of the Amazon ECS Developer Guide.",
            );
        }
        if self.breaker.enable && failed >= threshold(self.desired) {
            self.break_circuit(world);
        }
    }

    fn break_circuit(&mut self, world: &mut World<'_>) {
        let Some(primary) = self.deployments.first_mut() else { return };
        primary.state = RolloutState::Failed;
        primary.reason = "ECS deployment circuit breaker: tasks failed to start.".to_owned();
        let (id, is_rollback) = (primary.id.clone(), primary.is_rollback);
        self.say(world, &format!("(deployment {id}) deployment failed: tasks failed to start."));
        let drain_at = self.at + world.timing.drain;
        for task in self.tasks.iter_mut().filter(|task| task.deployment == id) {
            task.drain(drain_at, &id);
        }
        let Some(Completed { id: old, task_definition, containers }) = self.completed.clone() else { return };
        if !self.breaker.rollback || is_rollback {
            return;
        }
        let back = format!("ecs-svc/{:019}", (world.next_id)() % 10_u64.pow(19));
        let reason = format!("ECS deployment circuit breaker: rolling back to deploymentId {old}.");
        self.begin(back.clone(), task_definition, containers, &reason, true);
        self.say(world, &format!("rolling back to deployment {old}."));
        // What still runs of the old deployment is what the rollback wants, so it takes these tasks over.
        for task in self.tasks.iter_mut().filter(|task| task.deployment == old && !task.is_draining()) {
            task.deployment.clone_from(&back);
        }
        self.deployments.retain(|deployment| deployment.id != old);
        // The failed deployment stays in sight for as long as its tasks take to go, even if none is left.
        if let Some(back) = self.deployments.first_mut() {
            back.not_before = drain_at.max(self.at + Duration::from_secs(1));
        }
    }

    /// Starts and stops tasks until there is nothing to do at this moment.
    fn reconcile(&mut self, world: &mut World<'_>) {
        self.stop_surplus(world);
        self.start_missing(world);
        self.complete(world);
    }

    fn start_missing(&mut self, world: &mut World<'_>) {
        let at = self.at;
        let Some(primary) = self.deployments.first_mut() else { return };
        if primary.state == RolloutState::Failed || at < primary.not_before {
            return;
        }
        let active = self.tasks.iter().filter(|task| task.deployment == primary.id && !task.is_draining()).count();
        let missing = (self.desired as usize).saturating_sub(active);
        // At least one, or a service of one task with a maximum of 100 % could never move.
        let most = (self.desired as usize * self.maximum_percent as usize / 100).max(1);
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
    fn stop_surplus(&mut self, world: &World<'_>) {
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
        if failed {
            return;
        }
        let least = (self.desired as usize * self.minimum_healthy_percent as usize).div_ceil(100);
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

    fn complete(&mut self, world: &mut World<'_>) {
        let desired = self.desired as usize;
        let Some(primary) = self.deployments.first_mut() else { return };
        let healthy = self.tasks.iter().filter(|task| task.deployment == primary.id && task.is_healthy()).count();
        let others = self.tasks.iter().any(|task| task.deployment != primary.id);
        if primary.state != RolloutState::InProgress || healthy != desired || others || self.at < primary.not_before {
            return;
        }
        primary.state = RolloutState::Completed;
        if !primary.is_rollback {
            primary.reason = format!("ECS deployment {} completed.", primary.id);
        }
        let id = primary.id.clone();
        self.completed = Some(Completed {
            id: id.clone(),
            task_definition: primary.task_definition.clone(),
            containers: primary.containers.clone(),
        });
        self.deployments.truncate(1);
        self.say(world, &format!("(deployment {id}) deployment completed."));
        self.say(world, "has reached a steady state.");
    }

    fn say(&mut self, world: &mut World<'_>, what: &str) {
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
        snapshot.circuit_breaker = self.breaker;
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
            snapshot.rollouts.push(
                Rollout::new(&deployment.id, deployment.status.clone(), &deployment.task_definition)
                    .with_counts(desired, pending, running, deployment.failed)
                    .with_state(deployment.state.clone(), &deployment.reason),
            );
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
