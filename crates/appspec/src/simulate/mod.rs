//! What a deployment would do, and when, before anybody deploys: traffic shifting, minimum healthy
//! hosts, zones, hooks, approvals, alarms and rollbacks, played on a clock of their own.
//!
//! [`simulate`] is a pure function from a [`Scenario`] to a [`Timeline`], which prints as a table, as
//! JSON and as a picture. The rules are those of [`crate::lifecycle`] and [`crate::config`], and the
//! state machine is that of the in-memory service, so what is simulated is what is tested.
//!
//! ```
//! use appspec::config::predefined;
//! use appspec::simulate::{Hook, Scenario, simulate};
//! use std::time::Duration;
//!
//! let config = predefined("CodeDeployDefault.ECSCanary10Percent5Minutes").ok_or("no such configuration")?;
//! let scenario = Scenario::ecs(config).with_hook(Hook::silent("AfterAllowTraffic"));
//! let timeline = simulate(&scenario);
//! assert!(!timeline.outcome.is_success());
//! // Five minutes of canary, and the hour that the hook had.
//! assert!(timeline.duration > Duration::from_secs(65 * 60));
//! # Ok::<(), &str>(())
//! ```
//!
//! What is a guess: the service's own times between states ([`Pace`]), that hosts go in batches (the
//! service slides a window over them), and where ECS waits for an approval (before BeforeAllowTraffic).

mod marks;
mod picture;
mod scale;
mod scenario;
mod timeline;

use std::time::{Duration, SystemTime};

use crate::client::{AutoRollbackEvent, DeploymentStatus, DeploymentWaitType, Diagnostics, LifecycleErrorCode};
use crate::deploy::Outcome;
use crate::engine::{Change, Course, Failures, Member, Run, original_of};
use crate::lifecycle::{DeploymentKind, LifecycleEvent};

pub use crate::engine::{EventRecord, Pace};
pub use scenario::{Answer, Fate, Hook, Host, Scenario};
pub use timeline::{Bar, Moment, MomentKind, Series, Timeline};

const START: SystemTime = SystemTime::UNIX_EPOCH;

/// Plays a deployment to its end.
///
/// The work grows with hosts times events, and with nothing else: a scenario of days takes no longer
/// than one of minutes.
#[must_use]
pub fn simulate(scenario: &Scenario) -> Timeline {
    let mut play = Play { scenario, inputs: Vec::new(), seen: 0, samples: Vec::new() };
    let schedule = [
        scenario.alarm_after.as_ref().map(|(after, name)| (START + *after, Input::Alarm(name.clone()))),
        scenario.stop_after.map(|after| (START + after, Input::Stop)),
    ];
    play.inputs.extend(schedule.into_iter().flatten());
    let mut run = Run::start(course(scenario), START);
    play.play_out(&mut run, &|host, event| failure(scenario, host, event));
    let rollback = play.rollback(&mut run);
    let outcome = match (&run.status, &rollback) {
        (DeploymentStatus::Succeeded, _) => Outcome::Succeeded,
        (_, Rollback::Done) => Outcome::RolledBack,
        (_, Rollback::Run(second)) if second.status == DeploymentStatus::Succeeded => Outcome::RolledBack,
        (DeploymentStatus::Stopped, Rollback::None) => Outcome::Stopped,
        _ => Outcome::Failed,
    };
    timeline::of(scenario, &run, &rollback, outcome, &play.samples)
}

/// What becomes of a deployment that did not succeed.
enum Rollback {
    None,
    /// The traffic is back on the original.
    Done,
    /// A deployment of its own, to hosts.
    Run(Box<Run>),
}

enum Input {
    Verdict(Answer),
    Continue(DeploymentWaitType),
    Alarm(String),
    Stop,
}

/// Hosts at a moment: with the new revision, and serving.
struct Sample {
    at: SystemTime,
    updated: u32,
    serving: u32,
}

struct Play<'s> {
    scenario: &'s Scenario,
    inputs: Vec<(SystemTime, Input)>,
    /// How many changes of the run were looked at.
    seen: usize,
    samples: Vec<Sample>,
}

impl Play<'_> {
    fn play_out(&mut self, run: &mut Run, failures: Failures<'_>) {
        let mut now = run.time();
        loop {
            if let Some(call) = run.advance(now, failures) {
                let answer = self.scenario.answer(call.event);
                if let Some(after) = answer.after() {
                    self.inputs.push((run.time() + after, Input::Verdict(answer)));
                }
            }
            self.react(run);
            self.sample(run, now);
            let Some(due) = run.next_due() else { return };
            // Among equals the first one that was scheduled.
            let next =
                self.inputs.iter().enumerate().min_by_key(|(_, (at, _))| *at).map(|(index, (at, _))| (index, *at));
            match next {
                Some((index, at)) if at <= due => {
                    now = now.max(at);
                    let (_, input) = self.inputs.remove(index);
                    take(run, input, now);
                    self.sample(run, now);
                }
                _ => now = now.max(due),
            }
        }
    }

    /// Schedules what people do when they are waited for.
    fn react(&mut self, run: &Run) {
        for (at, change) in &run.changes[self.seen.min(run.changes.len())..] {
            let (after, wait) = match change {
                Change::Approval { .. } => (self.scenario.approve_after, DeploymentWaitType::ReadyWait),
                Change::Termination { .. } => (self.scenario.terminate_after, DeploymentWaitType::TerminationWait),
                _ => continue,
            };
            self.inputs.extend(after.map(|after| (*at + after, Input::Continue(wait))));
        }
        self.seen = run.changes.len();
    }

    fn sample(&mut self, run: &Run, at: SystemTime) {
        if run.course.is_served() {
            return;
        }
        let succeeded = if run.fleet.is_installing() { 0 } else { run.fleet.succeeded.len() };
        let updated = u32::try_from(succeeded).unwrap_or(u32::MAX);
        let updated = if run.course.is_rollback { run.fleet.total - updated.min(run.fleet.total) } else { updated };
        self.samples.push(Sample { at, updated, serving: run.fleet.serving() });
    }

    fn rollback(&mut self, run: &mut Run) -> Rollback {
        if !run.rollback_event().is_some_and(|event| run.wants_rollback(&event)) {
            return Rollback::None;
        }
        run.return_traffic();
        if run.course.is_served() {
            return Rollback::Done;
        }
        let mut course = course(self.scenario);
        course.is_rollback = true;
        course.approval_wait = None;
        course.termination_wait = None;
        if course.kind == DeploymentKind::BlueGreen {
            course.kind = DeploymentKind::BlueGreenRollback;
        }
        // Only what was touched goes back.
        let touched = |name: &str| run.events.iter().any(|record| record.target.as_deref() == Some(name));
        course.hosts.retain(|host| touched(&host.name));
        for host in &mut course.hosts {
            host.healthy = !run.fleet.failed.contains(&host.name);
        }
        let mut second = Run::start(course, run.time());
        self.inputs.clear();
        self.seen = 0;
        self.play_out(&mut second, &|_, _| None);
        Rollback::Run(Box::new(second))
    }
}

fn take(run: &mut Run, input: Input, now: SystemTime) {
    // What comes too late, or when nobody waits for it, changes nothing, as with the service.
    let _ = match input {
        Input::Verdict(answer) => run.verdict(answer.status(), now),
        Input::Continue(wait) => run.resume(&wait, now),
        Input::Alarm(name) => run.alarm(&name, now),
        Input::Stop => run.stop(now),
    };
}

fn course(scenario: &Scenario) -> Course {
    let mut course = Course::new(scenario.kind, scenario.config.rule, scenario.pace);
    course.zonal = scenario.config.zonal;
    course.hooks = scenario.hooks.iter().map(|hook| (hook.event.clone(), hook.event.clone())).collect();
    course.hosts = scenario
        .hosts
        .iter()
        .map(|host| Member { name: host.name.clone(), zone: host.zone.clone(), healthy: host.healthy })
        .collect();
    let blue_green = scenario.blue_green.as_ref();
    course.approval_wait = blue_green.and_then(|settings| settings.approval_wait());
    course.termination_wait = blue_green.and_then(|settings| settings.original_stays());
    course.test_listener = scenario.test_listener;
    course.auto_rollback.clone_from(&scenario.auto_rollback);
    if scenario.stop_rolls_back {
        course.auto_rollback.push(AutoRollbackEvent::DeploymentStopOnRequest);
    }
    course
}

fn failure(scenario: &Scenario, name: &str, event: &LifecycleEvent) -> Option<Diagnostics> {
    let host = scenario.hosts.iter().find(|host| host.name == name || original_of(&host.name) == name)?;
    if host.name != name {
        return None;
    }
    match &host.fate {
        Fate::Succeeds => None,
        Fate::Lost => Some(Diagnostics::new(LifecycleErrorCode::UnknownError, crate::agent::LOST)),
        Fate::Fails { event: at } => (event.name == at)
            .then(|| Diagnostics::new(LifecycleErrorCode::ScriptFailed, "a script of this event failed")),
    }
}

fn offset(at: SystemTime) -> Duration {
    at.duration_since(START).unwrap_or_default()
}
