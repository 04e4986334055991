//! What is known about one build, local or remote, in the shape of `BatchGetBuilds`.

use std::fmt;
use std::time::{Duration, SystemTime};

use serde::{Serialize, Serializer};

use crate::phases::PhaseType;

/// The state of a build or of a phase.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum BuildStatus {
    /// It runs.
    InProgress,
    /// It ended well.
    Succeeded,
    /// Something in the build failed.
    Failed,
    /// Something outside of the build failed.
    Fault,
    /// It took too long.
    TimedOut,
    /// Somebody stopped it.
    Stopped,
    /// A state that this version does not know; never a success.
    Unknown(String),
}

impl BuildStatus {
    /// The API's word, such as `IN_PROGRESS`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::InProgress => "IN_PROGRESS",
            Self::Succeeded => "SUCCEEDED",
            Self::Failed => "FAILED",
            Self::Fault => "FAULT",
            Self::TimedOut => "TIMED_OUT",
            Self::Stopped => "STOPPED",
            Self::Unknown(word) => word,
        }
    }

    /// Whether it ended badly by itself, rather than because somebody stopped it.
    #[must_use]
    pub const fn is_failure(&self) -> bool {
        !matches!(self, Self::InProgress | Self::Succeeded | Self::Stopped)
    }

    /// The state of an API word; words that nobody knows are kept.
    #[must_use]
    pub fn from_word(word: &str) -> Self {
        match word {
            "IN_PROGRESS" => Self::InProgress,
            "SUCCEEDED" => Self::Succeeded,
            "FAILED" => Self::Failed,
            "FAULT" => Self::Fault,
            "TIMED_OUT" => Self::TimedOut,
            "STOPPED" => Self::Stopped,
            _ => Self::Unknown(word.to_owned()),
        }
    }
}

impl fmt::Display for BuildStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl Serialize for BuildStatus {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// One phase of a build.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq)]
pub struct BuildPhase {
    /// Which phase.
    pub phase_type: PhaseType,
    /// How it ended; absent for `COMPLETED`, which has no state of its own.
    pub phase_status: Option<BuildStatus>,
    /// When it began.
    pub start_time: Option<SystemTime>,
    /// When it ended.
    pub end_time: Option<SystemTime>,
    /// Why it failed.
    pub contexts: Vec<PhaseContext>,
}

impl BuildPhase {
    /// A phase that begins at `start`.
    #[must_use]
    pub const fn begun(phase_type: PhaseType, start: SystemTime) -> Self {
        Self {
            phase_type,
            phase_status: Some(BuildStatus::InProgress),
            start_time: Some(start),
            end_time: None,
            contexts: Vec::new(),
        }
    }

    /// How long it took, if it is over.
    #[must_use]
    pub fn duration(&self) -> Option<Duration> {
        self.end_time?.duration_since(self.start_time?).ok()
    }
}

// By hand, because `durationInSeconds` is not a field.
impl Serialize for BuildPhase {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Shape<'a> {
            phase_type: &'a PhaseType,
            #[serde(skip_serializing_if = "Option::is_none")]
            phase_status: &'a Option<BuildStatus>,
            #[serde(serialize_with = "optional_seconds", skip_serializing_if = "Option::is_none")]
            start_time: Option<SystemTime>,
            #[serde(serialize_with = "optional_seconds", skip_serializing_if = "Option::is_none")]
            end_time: Option<SystemTime>,
            #[serde(skip_serializing_if = "Option::is_none")]
            duration_in_seconds: Option<u64>,
            #[serde(skip_serializing_if = "<[PhaseContext]>::is_empty")]
            contexts: &'a [PhaseContext],
        }
        let shape = Shape {
            phase_type: &self.phase_type,
            phase_status: &self.phase_status,
            start_time: self.start_time,
            end_time: self.end_time,
            duration_in_seconds: self.duration().map(|duration| duration.as_secs()),
            contexts: &self.contexts,
        };
        shape.serialize(serializer)
    }
}

/// Why a phase failed.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PhaseContext {
    /// A word such as `COMMAND_EXECUTION_ERROR`.
    pub status_code: String,
    /// A sentence.
    pub message: String,
}

impl PhaseContext {
    /// A context from its two parts.
    #[must_use]
    pub fn new(status_code: impl Into<String>, message: impl Into<String>) -> Self {
        Self { status_code: status_code.into(), message: message.into() }
    }
}

impl fmt::Display for PhaseContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.status_code, self.message)
    }
}

/// A variable that a build hands on.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct ExportedVariable {
    /// Its name.
    pub name: String,
    /// Its value at the end of the build.
    pub value: String,
}

impl ExportedVariable {
    /// A variable from its two parts.
    #[must_use]
    pub fn new(name: impl Into<String>, value: impl Into<String>) -> Self {
        Self { name: name.into(), value: value.into() }
    }
}

/// Seconds since 1970 with a fraction, as AWS's JSON protocols write times.
pub(crate) fn seconds<S: Serializer>(time: &SystemTime, serializer: S) -> Result<S::Ok, S::Error> {
    let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    // Whole milliseconds: the API has no finer ones.
    let millis = since.subsec_millis();
    serializer.serialize_f64(Duration::new(since.as_secs(), millis * 1_000_000).as_secs_f64())
}

pub(crate) fn optional_seconds<S: Serializer>(time: &Option<SystemTime>, serializer: S) -> Result<S::Ok, S::Error> {
    match time {
        Some(time) => seconds(time, serializer),
        None => serializer.serialize_none(),
    }
}
