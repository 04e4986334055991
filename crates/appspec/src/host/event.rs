//! What happens in a deployment, as it happens, and what it came to.

use std::fmt;
use std::time::SystemTime;

use serde::Serialize;

use super::hooks::{ScriptCode, Stream};
use crate::plan::Problem;

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Event {
    /// When.
    #[serde(skip)]
    pub at: SystemTime,
    /// What.
    #[serde(flatten)]
    pub kind: EventKind,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "type")]
#[non_exhaustive]
pub enum EventKind {
    /// An earlier deployment had ended early and was put right.
    Recovered {
        /// Which.
        deployment: String,
        /// Whether its application is installed now; otherwise the one before is back.
        committed: bool,
    },
    /// A lifecycle event begins.
    EventStarted {
        /// Which.
        event: String,
    },
    /// A script begins.
    ScriptStarted {
        /// In which event.
        event: String,
        /// Its place in the bundle.
        location: String,
    },
    /// A script wrote a line.
    Output {
        /// Where to.
        stream: Stream,
        /// The line without its end. Longer lines than 64 KiB come in pieces.
        line: String,
    },
    /// A script ended.
    ScriptFinished {
        /// In which event.
        event: String,
        /// Its place in the bundle.
        location: String,
        /// How.
        code: ScriptCode,
    },
    /// A lifecycle event ended.
    EventFinished {
        /// Which.
        event: String,
        /// Whether it succeeded.
        succeeded: bool,
    },
    /// The new application is in place.
    Installed {
        /// How many files and directories came, went or changed.
        changes: usize,
    },
    /// The old application is back in place.
    Undone,
    /// The revision of an earlier deployment was removed.
    RevisionRemoved {
        /// Its directory.
        revision: String,
    },
    /// Something worth knowing.
    Note {
        /// A sentence.
        message: String,
    },
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            EventKind::Recovered { deployment, committed: true } => {
                write!(f, "the interrupted deployment {deployment} was finished")
            }
            EventKind::Recovered { deployment, committed: false } => {
                write!(f, "the interrupted deployment {deployment} was undone")
            }
            EventKind::EventStarted { event } => write!(f, "LifecycleEvent - {event}"),
            EventKind::ScriptStarted { location, .. } => write!(f, "Script - {location}"),
            EventKind::Output { stream: Stream::Stdout, line } => write!(f, "[stdout]{line}"),
            EventKind::Output { stream: Stream::Stderr, line } => write!(f, "[stderr]{line}"),
            EventKind::ScriptFinished { location, code, .. } => write!(f, "Script - {location}: {code:?}"),
            EventKind::EventFinished { event, succeeded: true } => write!(f, "LifecycleEvent - {event}: succeeded"),
            EventKind::EventFinished { event, succeeded: false } => write!(f, "LifecycleEvent - {event}: failed"),
            EventKind::Installed { changes } => write!(f, "installed with {changes} changes"),
            EventKind::Undone => f.write_str("the old application is back in place"),
            EventKind::RevisionRemoved { revision } => write!(f, "removed the revision {revision}"),
            EventKind::Note { message } => f.write_str(message),
        }
    }
}

/// What a deployment came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Outcome {
    /// The new application is installed, and every script succeeded.
    Succeeded,
    /// It failed. The host has the files that it had before.
    Failed,
    /// It failed. The host has the files that it had before, and the scripts that start the old application succeeded.
    RolledBack,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::RolledBack => "rolled-back",
        })
    }
}

/// A deployment that is over.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Deployment {
    /// Its id.
    pub id: String,
    /// What it came to.
    pub outcome: Outcome,
    /// Why it did not succeed.
    pub failure: Option<Failure>,
}

impl Deployment {
    /// Whether the new application is installed and every script succeeded.
    #[must_use]
    pub fn is_success(&self) -> bool {
        self.outcome == Outcome::Succeeded
    }
}

/// Why a deployment did not succeed.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Failure {
    /// In which lifecycle event.
    pub event: String,
    /// Which script, if it was one.
    pub script: Option<String>,
    /// The agent's code, if a script failed.
    pub code: Option<ScriptCode>,
    /// One sentence.
    pub message: String,
    /// The end of the scripts' log, at most 2 KiB, as the agent reports it.
    pub log: String,
    /// What spoke against the plan.
    pub problems: Vec<Problem>,
    /// Whether somebody gave the deployment up.
    pub cancelled: bool,
}
