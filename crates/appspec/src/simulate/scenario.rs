//! What to simulate: a configuration, the targets, and what goes wrong.

use std::time::Duration;

use super::Pace;
use crate::client::{AutoRollbackEvent, BlueGreen, ComputePlatform, DeploymentGroup, HookExecutionStatus};
use crate::config::DeploymentConfig;
use crate::lifecycle::DeploymentKind;

/// How a hook function answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Answer {
    /// It reports success.
    Succeeds {
        /// So long after it was invoked.
        after: Duration,
    },
    /// It reports failure.
    Fails {
        /// So long after it was invoked.
        after: Duration,
    },
    /// It never reports, and the deployment fails after an hour.
    Silent,
}

impl Answer {
    pub(super) fn after(self) -> Option<Duration> {
        match self {
            Self::Succeeds { after } | Self::Fails { after } => Some(after),
            Self::Silent => None,
        }
    }

    pub(super) fn status(self) -> HookExecutionStatus {
        if matches!(self, Self::Succeeds { .. }) { HookExecutionStatus::Succeeded } else { HookExecutionStatus::Failed }
    }
}

/// A hook function of an ECS or Lambda deployment.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Hook {
    /// The lifecycle event.
    pub event: String,
    /// How the function answers.
    pub answer: Answer,
}

impl Hook {
    /// A function that reports success.
    pub fn succeeding(event: impl Into<String>, after: Duration) -> Self {
        Self { event: event.into(), answer: Answer::Succeeds { after } }
    }

    /// A function that reports failure.
    pub fn failing(event: impl Into<String>, after: Duration) -> Self {
        Self { event: event.into(), answer: Answer::Fails { after } }
    }

    /// A function that never reports.
    pub fn silent(event: impl Into<String>) -> Self {
        Self { event: event.into(), answer: Answer::Silent }
    }
}

/// What becomes of a host.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fate {
    /// It takes the revision.
    #[default]
    Succeeds,
    /// A script fails.
    Fails {
        /// The lifecycle event of the script.
        event: String,
    },
    /// Its agent never answers; also a host that is stopped.
    Lost,
}

/// A host of an EC2/on-premises deployment.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Host {
    /// Its name.
    pub name: String,
    /// Its Availability Zone.
    pub zone: String,
    /// Whether it counts as healthy before the deployment.
    pub healthy: bool,
    /// What becomes of it.
    pub fate: Fate,
}

impl Host {
    /// A healthy host that takes the revision.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), zone: "a".to_owned(), healthy: true, fate: Fate::Succeeds }
    }

    /// So many hosts, `i-01`, `i-02`, …
    #[must_use]
    pub fn fleet(count: u32) -> Vec<Self> {
        let digits = count.to_string().len().max(2);
        (1..=count).map(|number| Self::new(format!("i-{number:0digits$}"))).collect()
    }

    /// Puts it into a zone.
    #[must_use]
    pub fn in_zone(mut self, zone: impl Into<String>) -> Self {
        self.zone = zone.into();
        self
    }

    /// It does not count as healthy before the deployment.
    #[must_use]
    pub fn unhealthy(mut self) -> Self {
        self.healthy = false;
        self
    }

    /// A script of this event fails on it.
    #[must_use]
    pub fn failing_at(mut self, event: impl Into<String>) -> Self {
        self.fate = Fate::Fails { event: event.into() };
        self
    }

    /// Its agent never answers.
    #[must_use]
    pub fn lost(mut self) -> Self {
        self.fate = Fate::Lost;
        self
    }
}

/// A deployment to simulate.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Scenario {
    /// What kind of deployment it is.
    pub kind: DeploymentKind,
    /// The configuration.
    pub config: DeploymentConfig,
    /// Hook functions (ECS and Lambda).
    pub hooks: Vec<Hook>,
    /// Hosts, in the order in which they are deployed to (EC2/on-premises). In a blue/green deployment
    /// those of the replacement.
    pub hosts: Vec<Host>,
    /// Waits of a blue/green deployment.
    pub blue_green: Option<BlueGreen>,
    /// Whether an ECS deployment has a listener for validation.
    pub test_listener: bool,
    /// When to roll back.
    pub auto_rollback: Vec<AutoRollbackEvent>,
    /// How long after the wait for an approval began somebody gives it.
    pub approve_after: Option<Duration>,
    /// How long after the wait before the original ends began somebody cuts it short.
    pub terminate_after: Option<Duration>,
    /// When an alarm goes off, and its name.
    pub alarm_after: Option<(Duration, String)>,
    /// When somebody stops the deployment.
    pub stop_after: Option<Duration>,
    /// Whether that somebody asks for a rollback.
    pub stop_rolls_back: bool,
    /// How long the service takes for things.
    pub pace: Pace,
}

impl Scenario {
    fn new(kind: DeploymentKind, config: &DeploymentConfig) -> Self {
        Self {
            kind,
            config: config.clone(),
            hooks: Vec::new(),
            hosts: Vec::new(),
            blue_green: None,
            test_listener: true,
            auto_rollback: Vec::new(),
            approve_after: None,
            terminate_after: None,
            alarm_after: None,
            stop_after: None,
            stop_rolls_back: false,
            pace: Pace::default(),
        }
    }

    /// An ECS deployment that goes well.
    #[must_use]
    pub fn ecs(config: &DeploymentConfig) -> Self {
        Self::new(DeploymentKind::Ecs, config)
    }

    /// A Lambda deployment that goes well.
    #[must_use]
    pub fn lambda(config: &DeploymentConfig) -> Self {
        Self::new(DeploymentKind::Lambda, config)
    }

    /// An in-place deployment without load balancer.
    #[must_use]
    pub fn in_place(config: &DeploymentConfig, hosts: Vec<Host>) -> Self {
        Self { hosts, ..Self::new(DeploymentKind::InPlace, config) }
    }

    /// A deployment of the kind that belongs to the platform of `config`: in place for EC2/on-premises.
    #[must_use]
    pub fn of(config: &DeploymentConfig, hosts: Vec<Host>) -> Self {
        match config.compute_platform {
            ComputePlatform::Ecs => Self::ecs(config),
            ComputePlatform::Lambda => Self::lambda(config),
            ComputePlatform::Server | ComputePlatform::Unknown(_) => Self::in_place(config, hosts),
        }
    }

    /// A deployment as a group is set up.
    #[must_use]
    pub fn for_group(group: &DeploymentGroup, config: &DeploymentConfig, hosts: Vec<Host>) -> Self {
        let mut scenario = Self::of(config, hosts);
        if scenario.kind == DeploymentKind::InPlace {
            scenario.kind = group.server_kind();
        }
        scenario.blue_green.clone_from(&group.blue_green);
        scenario.test_listener = group.has_test_listener();
        scenario.auto_rollback.clone_from(&group.auto_rollback);
        scenario
    }

    /// Makes it another kind of deployment.
    #[must_use]
    pub fn with_kind(mut self, kind: DeploymentKind) -> Self {
        self.kind = kind;
        self
    }

    /// Adds a hook function.
    #[must_use]
    pub fn with_hook(mut self, hook: Hook) -> Self {
        self.hooks.push(hook);
        self
    }

    /// Takes the waits of a blue/green deployment.
    #[must_use]
    pub fn with_blue_green(mut self, blue_green: BlueGreen) -> Self {
        self.blue_green = Some(blue_green);
        self
    }

    /// Has no listener for validation.
    #[must_use]
    pub fn without_test_listener(mut self) -> Self {
        self.test_listener = false;
        self
    }

    /// Rolls back on these events.
    #[must_use]
    pub fn with_auto_rollback(mut self, events: impl IntoIterator<Item = AutoRollbackEvent>) -> Self {
        self.auto_rollback = events.into_iter().collect();
        self
    }

    /// Somebody approves so long after the wait for an approval has begun.
    #[must_use]
    pub fn approved_after(mut self, after: Duration) -> Self {
        self.approve_after = Some(after);
        self
    }

    /// Somebody lets the original end so long after the wait for that has begun.
    #[must_use]
    pub fn terminated_after(mut self, after: Duration) -> Self {
        self.terminate_after = Some(after);
        self
    }

    /// An alarm goes off.
    #[must_use]
    pub fn with_alarm(mut self, after: Duration, name: impl Into<String>) -> Self {
        self.alarm_after = Some((after, name.into()));
        self
    }

    /// Somebody stops the deployment.
    #[must_use]
    pub fn stopped_after(mut self, after: Duration, rolls_back: bool) -> Self {
        self.stop_after = Some(after);
        self.stop_rolls_back = rolls_back;
        self
    }

    /// Takes other times for what the service does.
    #[must_use]
    pub fn with_pace(mut self, pace: Pace) -> Self {
        self.pace = pace;
        self
    }

    /// How the function of an event answers: hooks of one event run one after the other, and the first
    /// one that does not succeed decides.
    pub(super) fn answer(&self, event: &str) -> Answer {
        let mut answers = self.hooks.iter().filter(|hook| hook.event == event).map(|hook| hook.answer);
        let first = answers.next().unwrap_or(Answer::Succeeds { after: Duration::ZERO });
        if matches!(first, Answer::Succeeds { .. }) {
            return answers.find(|answer| !matches!(answer, Answer::Succeeds { .. })).unwrap_or(first);
        }
        first
    }
}
