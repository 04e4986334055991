//! The deployments of one service of the in-memory cluster: how they begin, fail, go back and are completed.
//!
//! Where the documentation is silent, this is a choice of the model: a rollback is a deployment of its own that takes over
//! the tasks that still run of the one it goes back to, and a deployment that another one replaces is STOPPED.

use std::time::{Duration, SystemTime};

use super::record::{Record, SCALE_UP, Stages};
use super::scheduler::{Completed, Deployment, Image, Service, World};
use crate::client::{
    Rollback, RolloutState, RolloutStatus, ServiceDeploymentStatus as Status, ServiceRevision, Strategy,
};

/// Why a deployment ends badly.
pub(super) enum Cause {
    /// Too many tasks have failed.
    CircuitBreaker,
    /// An alarm is on.
    Alarm(String),
    /// A lifecycle hook says no.
    Hook(String),
    /// Somebody has asked for it.
    Request,
}

impl Service {
    /// Begins a deployment.
    pub(super) fn deploy(&mut self, task_definition: String, containers: Vec<Image>, world: &mut World<'_>) {
        let number = (world.next_id)() % 10_u64.pow(19);
        let id = format!("ecs-svc/{number:019}");
        let place = format!("{}/{}", world.cluster, self.name);
        let revision = format!("{}:service-revision/{place}/{number:019}", world.home);
        let mut made = ServiceRevision::new(&revision, &task_definition);
        made.created_at = Some(self.at);
        self.history.revisions.push(made);
        let at = self.at;
        for record in self.history.records.iter_mut().filter(|record| record.status.is_active()) {
            record.reason = Some("A newer deployment has replaced this one.".to_owned());
            record.ends(Status::Stopped, at);
        }
        // The first deployment has nobody to take traffic from.
        let moves_traffic = self.settings.strategy != Strategy::Rolling && self.completed.is_some();
        let stages = moves_traffic.then(|| Stages::begin(&self.settings, at, world));
        self.history.records.insert(
            0,
            Record {
                arn: format!("{}:service-deployment/{place}/{:016x}", world.home, (world.next_id)()),
                deployment: id.clone(),
                rollback_deployment: None,
                status: Status::InProgress,
                reason: None,
                target: revision,
                source: self.completed.as_ref().map(|completed| completed.revision.clone()),
                created_at: at,
                finished_at: None,
                rollback: None,
                triggered: Vec::new(),
                stages,
            },
        );
        let reason = format!("ECS deployment {id} in progress.");
        let watches_alarms = self.settings.alarms.enable && self.alarm(world).is_none();
        self.begin(id, task_definition, containers, reason);
        if let Some(primary) = self.deployments.first_mut() {
            primary.watches_alarms = watches_alarms;
        }
    }

    fn begin(&mut self, id: String, task_definition: String, containers: Vec<Image>, reason: String) {
        for older in &mut self.deployments {
            older.status = RolloutStatus::Active;
        }
        let primary = Deployment {
            id,
            task_definition,
            status: RolloutStatus::Primary,
            state: RolloutState::InProgress,
            reason,
            failed: 0,
            started: 0,
            not_before: self.at,
            is_rollback: false,
            watches_alarms: false,
            containers,
        };
        self.deployments.insert(0, primary);
    }

    /// The first of the service's alarms that is on.
    fn alarm(&self, world: &World<'_>) -> Option<String> {
        self.settings.alarms.names.iter().find(|name| world.alarms.contains(*name)).cloned()
    }

    pub(super) fn heed_alarms(&mut self, world: &mut World<'_>) {
        let watched = self
            .deployments
            .first()
            .is_some_and(|primary| primary.watches_alarms && primary.state == RolloutState::InProgress);
        if let Some(alarm) = self.alarm(world).filter(|_| watched) {
            self.fail(&Cause::Alarm(alarm), world);
        }
    }

    /// Ends the newest deployment, and goes back if the service is set to.
    pub(super) fn fail(&mut self, cause: &Cause, world: &mut World<'_>) {
        let (who, what, goes_back) = match cause {
            Cause::CircuitBreaker => {
                (" circuit breaker", "tasks failed to start.".to_owned(), self.settings.breaker.rollback)
            }
            Cause::Alarm(_) => (" alarms", "alarm detected.".to_owned(), self.settings.alarms.rollback),
            Cause::Hook(reason) => (" lifecycle hook", reason.clone(), true),
            Cause::Request => ("", "stopped by request.".to_owned(), true),
        };
        let at = self.at;
        let Some(primary) = self.deployments.first_mut() else { return };
        primary.state = RolloutState::Failed;
        primary.reason = format!("ECS deployment{who}: {what}");
        let (id, is_rollback) = (primary.id.clone(), primary.is_rollback);
        let why = primary.reason.clone();
        self.say(world, &format!("(deployment {id}) deployment failed: {what}"));
        let drain_at = at + world.timing.drain;
        for task in self.tasks.iter_mut().filter(|task| task.deployment == id) {
            task.drain(drain_at, &id);
        }
        let back = self.completed.clone().filter(|_| goes_back && !is_rollback);
        if let Some(record) = self.history.of(&id) {
            if let Cause::Alarm(name) = cause {
                record.triggered.push(name.clone());
            }
            record.reason = Some(why.clone());
            match &back {
                Some(back) => {
                    record.status = Status::RollbackInProgress;
                    record.rollback = Some(Rollback::new(Some(why), Some(back.revision.clone())));
                }
                None => record.ends(if is_rollback { Status::RollbackFailed } else { Status::Stopped }, at),
            }
        }
        if let Some(back) = back {
            self.go_back(&id, back, who, drain_at, world);
        }
    }

    fn go_back(&mut self, failed: &str, to: Completed, who: &str, drain_at: SystemTime, world: &mut World<'_>) {
        let Completed { id: old, task_definition, containers, .. } = to;
        let back = format!("ecs-svc/{:019}", (world.next_id)() % 10_u64.pow(19));
        let reason = format!("ECS deployment{who}: rolling back to deploymentId {old}.");
        self.begin(back.clone(), task_definition, containers, reason);
        self.say(world, &format!("rolling back to deployment {old}."));
        if let Some(record) = self.history.of(failed) {
            record.rollback_deployment = Some(back.clone());
        }
        // What still runs of the old deployment is what the rollback wants, so it takes these tasks over.
        for task in self.tasks.iter_mut().filter(|task| task.deployment == old && !task.is_draining()) {
            task.deployment.clone_from(&back);
        }
        self.deployments.retain(|deployment| deployment.id != old);
        // The failed deployment stays in sight for as long as its tasks take to go, even if none is left.
        if let Some(back) = self.deployments.first_mut() {
            back.is_rollback = true;
            back.not_before = drain_at.max(self.at + Duration::from_secs(1));
        }
    }

    /// Whether the newest deployment moves traffic in stages.
    pub(super) fn is_staged(&mut self) -> bool {
        let Some(primary) = self.deployments.first().filter(|primary| !primary.is_rollback) else { return false };
        self.history.stages(&primary.id).is_some()
    }

    /// Whether the tasks of older deployments stay for now, however many of the newest are healthy.
    pub(super) fn keeps_the_former_tasks(&mut self) -> bool {
        let Some(primary) = self.deployments.first().filter(|primary| !primary.is_rollback) else { return false };
        self.history.stages(&primary.id).is_some_and(|stages| !stages.cleans_up())
    }

    pub(super) fn next_stage_change(&mut self, world: &World<'_>) -> Option<SystemTime> {
        let primary = self.deployments.first().filter(|primary| primary.state == RolloutState::InProgress)?;
        let stages = self.history.stages(&primary.id).filter(|_| !primary.is_rollback)?;
        stages.next_change(&self.settings, &world.timing, self.at)
    }

    fn healthy(&self, deployment: &str) -> usize {
        self.tasks.iter().filter(|task| task.deployment == deployment && task.is_healthy()).count()
    }

    /// Goes through the lifecycle stages as far as this moment allows.
    pub(super) fn pass_stages(&mut self, world: &mut World<'_>) {
        loop {
            let at = self.at;
            let Some(primary) = self.deployments.first() else { return };
            if primary.state != RolloutState::InProgress || primary.is_rollback {
                return;
            }
            let id = primary.id.clone();
            let scaled_up = self.healthy(&id) == self.desired as usize;
            let Some(stages) = self.history.stages(&id) else { return };
            if let Some(reason) = stages.tick(at) {
                self.fail(&Cause::Hook(reason), world);
                return;
            }
            let waits = stages.is_paused()
                || at < stages.due(&self.settings, &world.timing)
                || (stages.name() == SCALE_UP && !scaled_up);
            if waits || stages.cleans_up() {
                return;
            }
            stages.next(&self.settings, at, world);
            if stages.cleans_up() {
                self.stop_surplus(world);
            }
        }
    }

    pub(super) fn complete(&mut self, world: &mut World<'_>) {
        let at = self.at;
        if self.keeps_the_former_tasks() {
            return;
        }
        let Some(primary) = self.deployments.first() else { return };
        let healthy = self.healthy(&primary.id);
        let others = self.tasks.iter().any(|task| task.deployment != primary.id);
        let done = healthy == self.desired as usize && !others && at >= primary.not_before;
        let Some(primary) = self.deployments.first_mut() else { return };
        if primary.state != RolloutState::InProgress || !done {
            return;
        }
        primary.state = RolloutState::Completed;
        if !primary.is_rollback {
            primary.reason = format!("ECS deployment {} completed.", primary.id);
        }
        let (id, is_rollback) = (primary.id.clone(), primary.is_rollback);
        let (task_definition, containers) = (primary.task_definition.clone(), primary.containers.clone());
        let mut revision = self.completed.as_ref().map(|completed| completed.revision.clone()).unwrap_or_default();
        if let Some(record) = self.history.of(&id) {
            if !is_rollback {
                revision.clone_from(&record.target);
            }
            record.ends(if is_rollback { Status::RollbackSuccessful } else { Status::Successful }, at);
        }
        self.completed = Some(Completed { id: id.clone(), task_definition, containers, revision });
        self.deployments.truncate(1);
        self.say(world, &format!("(deployment {id}) deployment completed."));
        self.say(world, "has reached a steady state.");
    }
}
