//! The targets of a deployment and what became of each lifecycle event on them: where the real cause
//! of a failed deployment is written.

use std::time::SystemTime;

use super::open_enum::open_enum;

open_enum! {
    /// What a target is.
    TargetKind {
        /// An EC2 instance or on-premises host.
        Instance => "InstanceTarget",
        /// A Lambda function.
        Lambda => "LambdaTarget",
        /// An ECS service.
        Ecs => "ECSTarget",
        /// A resource that CloudFormation deploys.
        CloudFormation => "CloudFormationTarget",
    }
}

open_enum! {
    /// The state of a target.
    TargetStatus {
        /// Not begun.
        Pending => "Pending",
        /// Running.
        InProgress => "InProgress",
        /// Took the revision.
        Succeeded => "Succeeded",
        /// Did not take it.
        Failed => "Failed",
        /// Left out.
        Skipped => "Skipped",
        /// Waits for traffic.
        Ready => "Ready",
    }
}

open_enum! {
    /// The state of a lifecycle event.
    EventStatus {
        /// Not begun.
        Pending => "Pending",
        /// Running.
        InProgress => "InProgress",
        /// It happened.
        Succeeded => "Succeeded",
        /// It failed.
        Failed => "Failed",
        /// It was left out.
        Skipped => "Skipped",
    }
}

open_enum! {
    /// How a script or hook ended.
    LifecycleErrorCode {
        /// Well.
        Success => "Success",
        /// The script is not where the AppSpec says.
        ScriptMissing => "ScriptMissing",
        /// It cannot be executed.
        ScriptNotExecutable => "ScriptNotExecutable",
        /// It took longer than its timeout.
        ScriptTimedOut => "ScriptTimedOut",
        /// It ended with another code than zero.
        ScriptFailed => "ScriptFailed",
        /// Anything else; also a hook function that did not report success.
        UnknownError => "UnknownError",
    }
}

/// What the agent or the service wrote about a failed lifecycle event.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Diagnostics {
    /// How it ended.
    pub error_code: LifecycleErrorCode,
    /// The script as the AppSpec spells its location.
    pub script_name: Option<String>,
    /// One sentence.
    pub message: Option<String>,
    /// The last lines that the script printed, at most 4 KiB.
    pub log_tail: Option<String>,
}

impl Diagnostics {
    /// A code and its sentence.
    pub fn new(error_code: LifecycleErrorCode, message: impl Into<String>) -> Self {
        Self { error_code, script_name: None, message: Some(message.into()), log_tail: None }
    }

    /// Names the script.
    #[must_use]
    pub fn with_script(mut self, name: impl Into<String>) -> Self {
        self.script_name = Some(name.into());
        self
    }

    /// Adds the last lines that the script printed.
    #[must_use]
    pub fn with_log_tail(mut self, tail: impl Into<String>) -> Self {
        self.log_tail = Some(tail.into());
        self
    }
}

/// A lifecycle event on one target.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TargetEvent {
    /// Its name.
    pub name: String,
    /// Its state.
    pub status: EventStatus,
    /// Why it failed.
    pub diagnostics: Option<Diagnostics>,
    /// When it began.
    pub start_time: Option<SystemTime>,
    /// When it ended.
    pub end_time: Option<SystemTime>,
}

impl TargetEvent {
    /// An event of which only name and state are known.
    pub fn new(name: impl Into<String>, status: EventStatus) -> Self {
        Self { name: name.into(), status, diagnostics: None, start_time: None, end_time: None }
    }
}

/// A target of a deployment at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Target {
    /// What it is.
    pub kind: TargetKind,
    /// The instance's id, the function's name and alias, or `cluster:service`.
    pub id: String,
    /// Its state.
    pub status: TargetStatus,
    /// `Blue` for the original and `Green` for the replacement, in blue/green deployments.
    pub label: Option<String>,
    /// Its lifecycle events in their order.
    pub events: Vec<TargetEvent>,
    /// The share of the traffic that the new revision gets, in percent (ECS and Lambda).
    pub traffic_weight: Option<u8>,
    /// When it changed last.
    pub last_updated_at: Option<SystemTime>,
}

impl Target {
    /// A target without events.
    pub fn new(kind: TargetKind, id: impl Into<String>, status: TargetStatus) -> Self {
        Self {
            kind,
            id: id.into(),
            status,
            label: None,
            events: Vec::new(),
            traffic_weight: None,
            last_updated_at: None,
        }
    }

    /// The first lifecycle event that failed.
    #[must_use]
    pub fn first_failure(&self) -> Option<&TargetEvent> {
        self.events.iter().find(|event| event.status == EventStatus::Failed)
    }
}
