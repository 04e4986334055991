//! Service deployments of the in-memory cluster: the record of a rollout, its lifecycle stages and its hooks.

use std::time::{Duration, SystemTime};

use super::scheduler::World;
use super::settings::Settings;
use super::task::Timing;
use crate::client::{
    Hook, HookAction, HookStatus, HookTarget, Rollback, ServiceDeployment, ServiceDeploymentStatus as Status,
    ServiceRevision,
};

/// The lifecycle stages in their order (documentation page "Lifecycle stages of service deployments").
const STAGES: [&str; 10] = [
    "RECONCILE_SERVICE",
    "PRE_SCALE_UP",
    SCALE_UP,
    "POST_SCALE_UP",
    "TEST_TRAFFIC_SHIFT",
    "POST_TEST_TRAFFIC_SHIFT",
    SHIFT,
    "POST_PRODUCTION_TRAFFIC_SHIFT",
    BAKE,
    CLEAN_UP,
];
pub(super) const SCALE_UP: &str = "SCALE_UP";
pub(super) const CLEAN_UP: &str = "CLEAN_UP";
const SHIFT: &str = "PRODUCTION_TRAFFIC_SHIFT";
const BAKE: &str = "BAKE_TIME";

/// One service deployment.
#[derive(Debug)]
pub(super) struct Record {
    pub(super) arn: String,
    /// The deployment that it is about, and the one that rolls it back.
    pub(super) deployment: String,
    pub(super) rollback_deployment: Option<String>,
    pub(super) status: Status,
    pub(super) reason: Option<String>,
    pub(super) target: String,
    pub(super) source: Option<String>,
    pub(super) created_at: SystemTime,
    pub(super) finished_at: Option<SystemTime>,
    pub(super) rollback: Option<Rollback>,
    pub(super) triggered: Vec<String>,
    /// Absent while rolling.
    pub(super) stages: Option<Stages>,
}

impl Record {
    pub(super) fn ends(&mut self, status: Status, at: SystemTime) {
        self.status = status;
        self.finished_at = Some(at);
    }

    /// As `ListServiceDeployments` shows it.
    pub(super) fn brief(&self) -> ServiceDeployment {
        let mut brief = ServiceDeployment::new(&self.arn, self.status.clone());
        brief.status_reason.clone_from(&self.reason);
        brief.target_service_revision = Some(self.target.clone());
        brief.created_at = Some(self.created_at);
        brief
    }

    /// As `DescribeServiceDeployments` shows it.
    pub(super) fn full(&self, settings: &Settings, now: SystemTime) -> ServiceDeployment {
        let mut full = self.brief();
        full.source_service_revisions = self.source.clone().into_iter().collect();
        full.finished_at = self.finished_at;
        full.rollback.clone_from(&self.rollback);
        full.triggered_alarms.clone_from(&self.triggered);
        if let Some(stages) = &self.stages {
            full.lifecycle_stage = Some(stages.name().to_owned());
            full.hooks = stages.hooks.iter().map(|run| run.hook.clone()).collect();
            full.production_traffic = Some(match self.status {
                Status::Successful => 100.0,
                Status::InProgress => stages.traffic(settings, now),
                _ => 0.0,
            });
        }
        full
    }
}

/// What a service has been told to run, and what came of it.
#[derive(Debug, Default)]
pub(super) struct History {
    /// Newest first.
    pub(super) records: Vec<Record>,
    pub(super) revisions: Vec<ServiceRevision>,
}

impl History {
    /// The record of a deployment, or of the one that it rolls back.
    pub(super) fn of(&mut self, deployment: &str) -> Option<&mut Record> {
        self.records
            .iter_mut()
            .find(|record| record.deployment == deployment || record.rollback_deployment.as_deref() == Some(deployment))
    }

    pub(super) fn stages(&mut self, deployment: &str) -> Option<&mut Stages> {
        self.of(deployment)?.stages.as_mut()
    }
}

/// Where a deployment is that moves traffic.
#[derive(Debug)]
pub(super) struct Stages {
    index: usize,
    since: SystemTime,
    hooks: Vec<HookRun>,
}

#[derive(Debug)]
struct HookRun {
    hook: Hook,
    stage: usize,
    /// When the function answers, or when the pause ends by itself.
    ends_at: SystemTime,
    succeeds: bool,
}

impl Stages {
    pub(super) fn begin(settings: &Settings, now: SystemTime, world: &mut World<'_>) -> Self {
        let mut stages = Self { index: 0, since: now, hooks: Vec::new() };
        stages.enter(settings, now, world);
        stages
    }

    pub(super) fn name(&self) -> &'static str {
        STAGES[self.index]
    }

    /// Whether the tasks of the former revision may go.
    pub(super) fn cleans_up(&self) -> bool {
        self.name() == CLEAN_UP
    }

    /// Goes to the next stage; the last one stays.
    pub(super) fn next(&mut self, settings: &Settings, now: SystemTime, world: &mut World<'_>) {
        if self.index + 1 < STAGES.len() {
            self.index += 1;
            self.since = now;
            self.enter(settings, now, world);
        }
    }

    fn enter(&mut self, settings: &Settings, now: SystemTime, world: &mut World<'_>) {
        let stage = self.name();
        for setting in settings.hooks.iter().filter(|hook| hook.stages.iter().any(|name| name == stage)) {
            let id = format!("{:016x}{:016x}", (world.next_id)(), (world.next_id)());
            let function = setting.function.as_deref().unwrap_or_default();
            let (id, status, ends_at, succeeds) = match setting.target {
                HookTarget::Pause => {
                    (format!("ecs-pause-{id}"), HookStatus::AwaitingAction, now + setting.timeout, false)
                }
                _ => {
                    let succeeds = world.fates.hook(stage, function);
                    (format!("ecs-lambda-{id}"), HookStatus::InProgress, now + world.timing.stage, succeeds)
                }
            };
            let mut hook = Hook::new(id, setting.target.clone(), status);
            hook.target_arn.clone_from(&setting.function);
            hook.expires_at = Some(now + setting.timeout);
            hook.timeout_action = Some(setting.on_timeout.clone());
            self.hooks.push(HookRun { hook, stage: self.index, ends_at, succeeds });
        }
    }

    /// Ends the hooks whose time has come. A reason if the deployment must go back.
    pub(super) fn tick(&mut self, now: SystemTime) -> Option<String> {
        for run in self.hooks.iter_mut().filter(|run| run.ends_at <= now) {
            match run.hook.status {
                HookStatus::InProgress if run.succeeds => run.hook.status = HookStatus::Succeeded,
                HookStatus::InProgress => {
                    run.hook.status = HookStatus::Failed;
                    return Some("A lifecycle hook failed.".to_owned());
                }
                HookStatus::AwaitingAction => {
                    run.hook.status = HookStatus::TimedOut;
                    if run.hook.timeout_action != Some(HookAction::Continue) {
                        return Some("A lifecycle hook timed out.".to_owned());
                    }
                }
                _ => {}
            }
        }
        None
    }

    /// Answers a hook that waits; false if there is none of this id.
    pub(super) fn answer(&mut self, hook: &str, action: &HookAction) -> bool {
        let waiting = self.hooks.iter_mut().find(|run| run.hook.id == hook && run.hook.awaits_action());
        let Some(run) = waiting else { return false };
        run.hook.status = match action {
            HookAction::Rollback => HookStatus::Failed,
            _ => HookStatus::Succeeded,
        };
        true
    }

    pub(super) fn is_paused(&self) -> bool {
        self.hooks.iter().any(|run| {
            run.stage == self.index && matches!(run.hook.status, HookStatus::AwaitingAction | HookStatus::InProgress)
        })
    }

    /// When the stage is over, as far as time alone ends it.
    pub(super) fn due(&self, settings: &Settings, timing: &Timing) -> SystemTime {
        self.since
            + match self.name() {
                SCALE_UP | CLEAN_UP => Duration::ZERO,
                SHIFT => settings.shift().max(timing.stage),
                BAKE => settings.bake,
                _ => timing.stage,
            }
    }

    /// When something happens after `now` by time alone.
    pub(super) fn next_change(&self, settings: &Settings, timing: &Timing, now: SystemTime) -> Option<SystemTime> {
        let pending = |run: &&HookRun| matches!(run.hook.status, HookStatus::AwaitingAction | HookStatus::InProgress);
        let hooks = self.hooks.iter().filter(pending).map(|run| run.ends_at);
        hooks.chain([self.due(settings, timing)]).filter(|at| *at > now).min()
    }

    fn traffic(&self, settings: &Settings, now: SystemTime) -> f64 {
        match STAGES.iter().position(|stage| *stage == SHIFT) {
            Some(shift) if self.index == shift => settings.shifted(now.duration_since(self.since).unwrap_or_default()),
            Some(shift) if self.index > shift => 100.0,
            _ => 0.0,
        }
    }
}
