//! One deployment as a state machine without input or output: a queue of tasks that time works off.
//!
//! The in-memory service drives it with a clock and lets functions call back; the simulators drive it
//! with a schedule and jump from one due moment to the next. Both therefore agree about what happens
//! when, down to the order of events.

mod fleet;
mod rollback;
mod signals;

use std::collections::VecDeque;
use std::time::{Duration, SystemTime};

use crate::client::{
    AutoRollbackEvent, DeploymentStatus, Diagnostics, ErrorInformation, EventStatus, HookExecutionStatus,
};
use crate::config::{ConfigRule, MinimumHealthyHosts, TrafficRouting, ZonalConfig};
use crate::lifecycle::{DeploymentKind, LifecycleEvent};

pub(crate) use fleet::{Fleet, Member, original_of};
#[cfg(feature = "memory")]
pub(crate) use signals::Refused;

/// How long a hook may take to report.
pub(crate) const HOOK_LIMIT: Duration = Duration::from_secs(3600);

/// How long the service takes for things.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Pace {
    /// From one of the states Created, Queued and InProgress to the next.
    pub state: Duration,
    /// For one lifecycle event, besides hooks that wait and traffic that shifts.
    pub event: Duration,
}

impl Default for Pace {
    /// Two seconds between states, five for an event.
    fn default() -> Self {
        Self { state: Duration::from_secs(2), event: Duration::from_secs(5) }
    }
}

impl Pace {
    /// Takes these times.
    #[must_use]
    pub fn new(state: Duration, event: Duration) -> Self {
        Self { state, event }
    }
}

/// What became of one lifecycle event on one target.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct EventRecord {
    /// The instance; `None` for ECS and Lambda.
    pub target: Option<String>,
    /// The lifecycle event.
    pub event: &'static str,
    /// What became of it.
    pub status: EventStatus,
    /// When it began.
    pub started: SystemTime,
    /// When it ended.
    pub at: SystemTime,
    /// Why it failed.
    pub diagnostics: Option<Diagnostics>,
}

/// Everything that is decided before a deployment begins.
#[derive(Clone, Debug)]
pub(crate) struct Course {
    pub(crate) kind: DeploymentKind,
    pub(crate) rule: ConfigRule,
    pub(crate) zonal: Option<ZonalConfig>,
    /// ECS and Lambda: event and function, in the order of the AppSpec.
    pub(crate) hooks: Vec<(String, String)>,
    /// EC2/on-premises, in the order in which they are deployed to.
    pub(crate) hosts: Vec<Member>,
    /// How long to wait for somebody to approve that the traffic moves.
    pub(crate) approval_wait: Option<Duration>,
    /// How long the original stays after a blue/green deployment.
    pub(crate) termination_wait: Option<Duration>,
    pub(crate) test_listener: bool,
    pub(crate) ignore_application_stop_failures: bool,
    pub(crate) auto_rollback: Vec<AutoRollbackEvent>,
    /// A rollback is not rolled back.
    pub(crate) is_rollback: bool,
    /// The first reason why the revision cannot be deployed.
    pub(crate) flaw: Option<ErrorInformation>,
    pub(crate) pace: Pace,
}

impl Course {
    pub(crate) fn new(kind: DeploymentKind, rule: ConfigRule, pace: Pace) -> Self {
        Self {
            kind,
            rule,
            zonal: None,
            hooks: Vec::new(),
            hosts: Vec::new(),
            approval_wait: None,
            termination_wait: None,
            test_listener: true,
            ignore_application_stop_failures: false,
            auto_rollback: Vec::new(),
            is_rollback: false,
            flaw: None,
            pace,
        }
    }

    pub(crate) fn is_served(&self) -> bool {
        matches!(self.kind, DeploymentKind::Ecs | DeploymentKind::Lambda)
    }

    pub(crate) fn routing(&self) -> TrafficRouting {
        match self.rule {
            ConfigRule::Traffic(routing) => routing,
            ConfigRule::Hosts(_) => TrafficRouting::AllAtOnce,
        }
    }

    pub(crate) fn minimum(&self) -> MinimumHealthyHosts {
        match self.rule {
            ConfigRule::Hosts(hosts) => hosts,
            ConfigRule::Traffic(_) => MinimumHealthyHosts::MostConcurrency(1),
        }
    }
}

/// Why a lifecycle event fails on a host, if it does.
pub(crate) type Failures<'a> = &'a dyn Fn(&str, &LifecycleEvent) -> Option<Diagnostics>;

/// A function to invoke; the answer comes as [`Run::verdict`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Call {
    pub(crate) event: &'static str,
    pub(crate) function: String,
}

/// A change worth telling, in the order in which it happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    Status(DeploymentStatus),
    Invoked {
        event: &'static str,
        function: String,
    },
    /// Waits for ContinueDeployment.
    Approval {
        within: Duration,
    },
    Continued,
    Bake {
        zone: String,
        duration: Duration,
    },
    Termination {
        after: Duration,
    },
    OriginalEnded,
    Alarm(String),
}

#[derive(Clone, Debug)]
pub(crate) enum Task {
    /// After the wait, the deployment is in this state.
    State(DeploymentStatus, Duration),
    /// After the wait, the event has happened.
    Service(&'static LifecycleEvent, Duration),
    /// The event does not happen here.
    Skip(&'static LifecycleEvent),
    /// A function is invoked and has to report.
    Hook(&'static LifecycleEvent, String),
    /// After the wait, the event has happened on the hosts of the batch.
    Hosts(&'static LifecycleEvent, Duration),
    /// The batch is done; the next one follows, or the next phase.
    NextBatch,
    /// A zone is watched before the next one begins.
    Bake(String, Duration),
    /// Somebody has to approve that the traffic moves.
    Approval(Duration),
    /// The original stays for a while.
    Termination(Duration),
}

#[derive(Clone, Debug)]
struct Pending {
    event: &'static LifecycleEvent,
    invoked_at: SystemTime,
    verdict: Option<(HookExecutionStatus, SystemTime, Option<String>)>,
}

/// A deployment under way.
#[derive(Clone, Debug)]
pub(crate) struct Run {
    pub(crate) course: Course,
    pub(crate) status: DeploymentStatus,
    pub(crate) error: Option<ErrorInformation>,
    pub(crate) events: Vec<EventRecord>,
    pub(crate) changes: Vec<(SystemTime, Change)>,
    pub(crate) start_time: Option<SystemTime>,
    pub(crate) complete_time: Option<SystemTime>,
    pub(crate) termination_wait_started: bool,
    pub(crate) fleet: Fleet,
    tasks: VecDeque<Task>,
    /// Whether the first task has begun.
    begun: bool,
    /// Everything before this time has happened.
    time: SystemTime,
    pending: Option<Pending>,
    traffic_from: Option<SystemTime>,
    /// When all traffic went back to the original.
    traffic_returned: Option<SystemTime>,
}

impl Run {
    pub(crate) fn start(course: Course, now: SystemTime) -> Self {
        let fleet = Fleet::new(&course);
        let mut run = Self {
            status: DeploymentStatus::Created,
            error: None,
            events: Vec::new(),
            changes: vec![(now, Change::Status(DeploymentStatus::Created))],
            start_time: None,
            complete_time: None,
            termination_wait_started: false,
            fleet,
            tasks: VecDeque::new(),
            begun: false,
            time: now,
            pending: None,
            traffic_from: None,
            traffic_returned: None,
            course,
        };
        run.tasks.push_back(Task::State(DeploymentStatus::Queued, run.course.pace.state));
        run.tasks.push_back(Task::State(DeploymentStatus::InProgress, run.course.pace.state));
        if run.course.is_served() {
            run.queue_functions()
        } else {
            run.tasks.push_back(Task::NextBatch)
        }
        run
    }

    fn queue_functions(&mut self) {
        let course = &self.course;
        for event in course.kind.events() {
            let test = matches!(event.name, "AllowTestTraffic" | "AfterAllowTestTraffic");
            if event.name == "BeforeAllowTraffic"
                && let Some(wait) = course.approval_wait
            {
                self.tasks.push_back(Task::Approval(wait));
            }
            if test && !course.test_listener {
                self.tasks.push_back(Task::Skip(event));
            } else if event.scriptable {
                for (_, function) in course.hooks.iter().filter(|(name, _)| name == event.name) {
                    self.tasks.push_back(Task::Hook(event, function.clone()));
                }
            } else {
                let shift = if event.name == "AllowTraffic" { course.routing().duration() } else { Duration::ZERO };
                self.tasks.push_back(Task::Service(event, course.pace.event + shift));
            }
        }
        self.tasks.extend(course.termination_wait.map(Task::Termination));
    }

    /// When something happens next, unless somebody intervenes; `None` when it is over.
    pub(crate) fn next_due(&self) -> Option<SystemTime> {
        if self.status.is_final() {
            return None;
        }
        if let Some(pending) = &self.pending {
            let answered = pending.verdict.as_ref().map(|(_, at, _)| *at);
            return Some(answered.unwrap_or(pending.invoked_at + HOOK_LIMIT).max(self.time));
        }
        let begun = self.begun || self.tasks.front().is_none();
        Some(if begun { self.time + self.tasks.front().map_or(Duration::ZERO, wait) } else { self.time })
    }

    /// Does everything that is due at `now`, until a function has to be invoked.
    pub(crate) fn advance(&mut self, now: SystemTime, failures: Failures<'_>) -> Option<Call> {
        while !self.status.is_final() {
            if self.pending.is_some() {
                if !self.finish_hook(now) {
                    return None;
                }
                continue;
            }
            let Some(task) = self.tasks.front() else {
                self.end(DeploymentStatus::Succeeded, None, self.time);
                break;
            };
            let due = self.time + wait(task);
            if !self.begun {
                let task = task.clone();
                self.begun = true;
                self.begin(&task);
            }
            if due > now {
                return None;
            }
            self.time = due;
            self.begun = false;
            let Some(task) = self.tasks.pop_front() else { break };
            if let Some(call) = self.complete(task, now, failures) {
                return Some(call);
            }
        }
        None
    }

    fn begin(&mut self, task: &Task) {
        match task {
            Task::Service(event, _) if event.name == "AllowTraffic" => {
                self.traffic_from.get_or_insert(self.time);
            }
            Task::Bake(zone, duration) => {
                self.enter(DeploymentStatus::Baking);
                self.change(Change::Bake { zone: zone.clone(), duration: *duration });
            }
            Task::Approval(within) => {
                self.enter(DeploymentStatus::Ready);
                self.change(Change::Approval { within: *within });
            }
            Task::Termination(after) => {
                self.termination_wait_started = true;
                self.change(Change::Termination { after: *after });
            }
            _ => {}
        }
    }

    fn complete(&mut self, task: Task, now: SystemTime, failures: Failures<'_>) -> Option<Call> {
        match task {
            Task::State(status, _) => {
                let begins = status == DeploymentStatus::InProgress;
                self.enter(status);
                if begins {
                    self.begin_in_earnest();
                }
            }
            Task::Service(event, wait) => self.record(None, event.name, EventStatus::Succeeded, wait, None),
            Task::Skip(event) => self.record(None, event.name, EventStatus::Skipped, Duration::ZERO, None),
            Task::Hook(event, function) => {
                // Who drives may be late; the hour counts from the invocation.
                self.pending = Some(Pending { event, invoked_at: now, verdict: None });
                self.change(Change::Invoked { event: event.name, function: function.clone() });
                return Some(Call { event: event.name, function });
            }
            Task::Hosts(event, wait) => self.run_on_batch(event, wait, failures),
            Task::NextBatch => self.next_batch(),
            Task::Bake(..) => self.enter(DeploymentStatus::InProgress),
            Task::Approval(_) => self.not_approved(),
            Task::Termination(_) => self.change(Change::OriginalEnded),
        }
        None
    }

    fn begin_in_earnest(&mut self) {
        self.start_time = Some(self.time);
        if let Some(flaw) = self.course.flaw.take() {
            self.end(DeploymentStatus::Failed, Some(flaw), self.time);
        } else if !self.course.is_served() && self.course.hosts.is_empty() {
            self.fail("NO_INSTANCES", "The deployment failed because no instances were found for your deployment group. Check your deployment group settings to make sure the tags for your Amazon EC2 instances or Auto Scaling groups correctly identify the instances you want to deploy to, and then try again.");
        }
    }

    /// Everything before this time has happened.
    pub(crate) fn time(&self) -> SystemTime {
        self.time
    }

    fn enter(&mut self, status: DeploymentStatus) {
        self.status = status.clone();
        self.change(Change::Status(status));
    }

    fn end(&mut self, status: DeploymentStatus, error: Option<ErrorInformation>, at: SystemTime) {
        self.time = self.time.max(at);
        self.error = error;
        self.complete_time = Some(self.time);
        self.tasks.clear();
        self.begun = false;
        self.pending = None;
        self.fleet.give_up();
        self.enter(status);
    }

    fn fail(&mut self, code: &str, message: impl Into<String>) {
        self.end(DeploymentStatus::Failed, Some(ErrorInformation::new(code, message)), self.time);
    }

    fn change(&mut self, change: Change) {
        self.changes.push((self.time, change));
    }

    fn record(
        &mut self,
        target: Option<String>,
        event: &'static str,
        status: EventStatus,
        took: Duration,
        diagnostics: Option<Diagnostics>,
    ) {
        let started = self.time.checked_sub(took).unwrap_or(self.time);
        self.events.push(EventRecord { target, event, status, started, at: self.time, diagnostics });
    }
}

fn wait(task: &Task) -> Duration {
    match task {
        Task::State(_, wait)
        | Task::Service(_, wait)
        | Task::Hosts(_, wait)
        | Task::Bake(_, wait)
        | Task::Approval(wait)
        | Task::Termination(wait) => *wait,
        Task::Skip(_) | Task::Hook(..) | Task::NextBatch => Duration::ZERO,
    }
}
