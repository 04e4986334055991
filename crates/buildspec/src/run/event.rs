//! What happens in a build, as it happens; printed in the manner of CodeBuild's logs.

use std::fmt;
use std::time::{Duration, SystemTime};

use super::Stream;
use crate::build::{BuildStatus, PhaseContext};
use crate::phases::PhaseType;

/// Something that happened. Secrets are masked in every text.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// When.
    pub at: SystemTime,
    /// What.
    pub kind: EventKind,
}

/// What happened.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq)]
pub enum EventKind {
    /// A phase begins.
    PhaseStarted {
        /// Which.
        phase: PhaseType,
    },
    /// A command begins.
    CommandStarted {
        /// In which phase.
        phase: PhaseType,
        /// Its place in the list, from 0.
        index: usize,
        /// Whether the list is `finally`.
        finally: bool,
        /// Its text.
        command: String,
    },
    /// A process wrote a line.
    Output {
        /// Where to.
        stream: Stream,
        /// The line without its end. Longer lines than 64 KiB come in pieces.
        line: String,
    },
    /// A command ended.
    CommandFinished {
        /// In which phase.
        phase: PhaseType,
        /// Its place in the list, from 0.
        index: usize,
        /// Whether the list is `finally`.
        finally: bool,
        /// Its text.
        command: String,
        /// How it ended.
        exit: super::Exit,
        /// How long it took.
        duration: Duration,
    },
    /// A phase ended.
    PhaseFinished {
        /// Which.
        phase: PhaseType,
        /// How.
        status: BuildStatus,
        /// How long it took.
        duration: Duration,
        /// Why it failed.
        contexts: Vec<PhaseContext>,
    },
    /// Something worth knowing: what CodeBuild would do and a local run does not, or what was left out.
    Note {
        /// A sentence.
        message: String,
    },
}

impl Event {
    /// Whether CodeBuild's log has a line for it: that a command succeeds goes without saying there, and so do the phases
    /// outside of the build environment.
    #[must_use]
    pub fn is_logged(&self) -> bool {
        match &self.kind {
            EventKind::CommandFinished { exit, .. } => !exit.is_success(),
            EventKind::PhaseStarted { phase } => phase.runs_commands() || *phase == PhaseType::UploadArtifacts,
            EventKind::PhaseFinished { phase, contexts, .. } => {
                phase.runs_commands()
                    || matches!(phase, PhaseType::DownloadSource | PhaseType::UploadArtifacts)
                    || !contexts.is_empty()
            }
            _ => true,
        }
    }
}

impl fmt::Display for Event {
    /// As CodeBuild logs it: output as it is, everything else behind `[Container]` and the time.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let EventKind::Output { line, .. } = &self.kind {
            return f.write_str(line);
        }
        write!(f, "[Container] {} ", Timestamp(self.at))?;
        match &self.kind {
            EventKind::PhaseStarted { phase } => write!(f, "Entering phase {phase}"),
            EventKind::CommandStarted { command, .. } => write!(f, "Running command {command}"),
            EventKind::CommandFinished { command, exit, .. } if exit.is_success() => {
                write!(f, "Command exited successfully {command}")
            }
            EventKind::CommandFinished { command, exit, .. } => {
                write!(f, "Command did not exit successfully {command} {exit}")
            }
            EventKind::PhaseFinished { phase, status, contexts, .. } => {
                write!(f, "Phase complete: {phase} State: {status}")?;
                for context in contexts {
                    write!(f, "\n[Container] {} Phase context status code: ", Timestamp(self.at))?;
                    write!(f, "{} Message: {}", context.status_code, context.message)?;
                }
                Ok(())
            }
            EventKind::Note { message } => f.write_str(message),
            EventKind::Output { .. } => Ok(()),
        }
    }
}

/// `2024/02/19 11:48:37.250734`, in UTC.
struct Timestamp(SystemTime);

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let since = self.0.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let (days, second) = (since.as_secs() / 86_400, since.as_secs() % 86_400);
        let (year, month, day) = civil(days);
        write!(
            f,
            "{year:04}/{month:02}/{day:02} {:02}:{:02}:{:02}.{:06}",
            second / 3_600,
            second / 60 % 60,
            second % 60,
            since.subsec_micros()
        )
    }
}

/// The Gregorian date of a day, counted from 1970-01-01. Years are taken to begin in March, so that the leap day is the
/// last of its year.
fn civil(days: u64) -> (u64, u64, u64) {
    let day = days + 719_468;
    let (era, day) = (day / 146_097, day % 146_097);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let (date, month) = (day - (153 * month + 2) / 5 + 1, if month < 10 { month + 3 } else { month - 9 });
    (era * 400 + year + u64::from(month <= 2), month, date)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timestamps() {
        for (seconds, expected) in [
            (0, "1970/01/01 00:00:00.000000"),
            (951_782_400, "2000/02/29 00:00:00.000000"),
            (1_708_343_317, "2024/02/19 11:48:37.000000"),
            (4_102_444_799, "2099/12/31 23:59:59.000000"),
        ] {
            let time = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
            assert_eq!(Timestamp(time).to_string(), expected);
        }
    }

    #[test]
    fn as_codebuild_logs_it() {
        let at = SystemTime::UNIX_EPOCH + Duration::from_micros(1_708_343_317_250_734);
        let kind = EventKind::PhaseFinished {
            phase: PhaseType::Build,
            status: BuildStatus::Failed,
            duration: Duration::ZERO,
            contexts: vec![PhaseContext::new(
                "COMMAND_EXECUTION_ERROR",
                "Error while executing command: X. Reason: exit status 127",
            )],
        };
        assert_eq!(
            Event { at, kind }.to_string(),
            "[Container] 2024/02/19 11:48:37.250734 Phase complete: BUILD State: FAILED\n\
             [Container] 2024/02/19 11:48:37.250734 Phase context status code: COMMAND_EXECUTION_ERROR \
             Message: Error while executing command: X. Reason: exit status 127"
        );
    }
}
