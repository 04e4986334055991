//! Tasks that have ended, and whether that is anybody's fault.

use std::fmt;
use std::time::SystemTime;

/// A task that has ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct StoppedTask {
    /// Its ARN.
    pub arn: String,
    /// The ARN of its task definition.
    pub task_definition: String,
    /// The deployment that started it.
    pub started_by: Option<String>,
    /// `TaskFailedToStart`, `EssentialContainerExited`, `ServiceSchedulerInitiated`, …
    pub stop_code: Option<String>,
    /// Why it was stopped.
    pub stopped_reason: Option<String>,
    /// When.
    pub stopped_at: Option<SystemTime>,
    /// Its containers.
    pub containers: Vec<StoppedContainer>,
}

/// A container of a task that has ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct StoppedContainer {
    /// Its name.
    pub name: String,
    /// With which it ended; absent if it never ran.
    pub exit_code: Option<i32>,
    /// Why it ended, where ECS says so.
    pub reason: Option<String>,
}

impl StoppedTask {
    /// Whether it never ran because its image, its secrets or its network could not be had. Another try ends alike.
    #[must_use]
    pub fn could_not_start(&self) -> bool {
        const ERRORS: [&str; 2] = ["CannotPull", "ResourceInitializationError"];
        let reasons = self.containers.iter().filter_map(|container| container.reason.as_deref());
        reasons.chain(self.stopped_reason.as_deref()).any(|reason| ERRORS.iter().any(|error| reason.contains(error)))
    }

    /// Whether it ended by itself or was found bad, other than by scaling or a newer deployment.
    #[must_use]
    pub fn is_failure(&self) -> bool {
        !self.stopped_reason.as_deref().is_some_and(|reason| reason.starts_with("Scaling activity initiated by"))
    }
}

/// One line: the reason, then the containers with exit codes and reasons.
impl fmt::Display for StoppedTask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.stopped_reason.as_deref().unwrap_or("stopped for a reason that ECS does not say"))?;
        for container in &self.containers {
            match (container.exit_code, &container.reason) {
                (None, None) => {}
                (Some(code), None) => write!(f, "; container `{}` exited with {code}", container.name)?,
                (Some(code), Some(reason)) => {
                    write!(f, "; container `{}` exited with {code}: {reason}", container.name)?;
                }
                (None, Some(reason)) if self.stopped_reason.as_deref() == Some(reason) => {}
                (None, Some(reason)) => write!(f, "; container `{}`: {reason}", container.name)?,
            }
        }
        Ok(())
    }
}
