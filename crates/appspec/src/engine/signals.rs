//! What comes to a running deployment from outside: verdicts of hooks, approvals, stops, alarms.

use std::time::SystemTime;

use super::{Change, HOOK_LIMIT, Run, Task};
use crate::client::{
    DeploymentStatus, DeploymentWaitType, Diagnostics, ErrorInformation, EventStatus, HookExecutionStatus,
    LifecycleErrorCode,
};

/// Why a signal is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    /// It is over.
    Completed,
    /// It does not wait for this.
    NotWaiting,
}

impl Run {
    /// Takes the verdict on the function that was invoked last.
    pub(crate) fn verdict(&mut self, status: HookExecutionStatus, now: SystemTime) -> Result<(), Refused> {
        self.answer(status, now, None)
    }

    /// The function could not be invoked, or said nothing of use.
    #[cfg(feature = "memory")]
    pub(crate) fn hook_error(&mut self, message: String, now: SystemTime) -> Result<(), Refused> {
        self.answer(HookExecutionStatus::Failed, now, Some(message))
    }

    fn answer(&mut self, status: HookExecutionStatus, now: SystemTime, why: Option<String>) -> Result<(), Refused> {
        let pending = self.pending.as_mut().ok_or(Refused::NotWaiting)?;
        let late = now.duration_since(pending.invoked_at).unwrap_or_default() >= HOOK_LIMIT;
        if pending.verdict.is_some() || late {
            return Err(Refused::Completed);
        }
        pending.verdict = Some((status, now, why));
        Ok(())
    }

    /// Whether the hook that is waited for is over.
    pub(super) fn finish_hook(&mut self, now: SystemTime) -> bool {
        let Some(pending) = self.pending.take() else { return true };
        let deadline = pending.invoked_at + HOOK_LIMIT;
        let (name, ended, why) = match &pending.verdict {
            Some((HookExecutionStatus::Succeeded, at, _)) => (pending.event.name, *at, None),
            Some((_, at, why)) => {
                let why = why.clone().unwrap_or_else(|| "the function reported Failed".to_owned());
                (pending.event.name, *at, Some(why))
            }
            None if now >= deadline => {
                (pending.event.name, deadline, Some("the function did not report within one hour".to_owned()))
            }
            None => {
                self.pending = Some(pending);
                return false;
            }
        };
        self.time = self.time.max(ended);
        let took = self.time.duration_since(pending.invoked_at).unwrap_or_default();
        let Some(why) = why else {
            self.record(None, name, EventStatus::Succeeded, took, None);
            return true;
        };
        let diagnostics = Diagnostics::new(LifecycleErrorCode::UnknownError, why);
        self.record(None, name, EventStatus::Failed, took, Some(diagnostics));
        let message = format!(
            "The deployment failed because one or more of the lifecycle event validation functions failed: {name}"
        );
        self.fail("HOOK_EXECUTION_FAILURE", message);
        true
    }

    /// Ends a wait for ContinueDeployment.
    pub(crate) fn resume(&mut self, wait: &DeploymentWaitType, now: SystemTime) -> Result<(), Refused> {
        if self.status.is_final() {
            return Err(Refused::Completed);
        }
        let waits = self.begun
            && match self.tasks.front() {
                Some(Task::Approval(_)) => *wait == DeploymentWaitType::ReadyWait,
                Some(Task::Termination(_)) => *wait == DeploymentWaitType::TerminationWait,
                _ => false,
            };
        if !waits {
            return Err(Refused::NotWaiting);
        }
        self.time = self.time.max(now);
        self.begun = false;
        self.change(Change::Continued);
        match self.tasks.pop_front() {
            Some(Task::Termination(_)) => self.change(Change::OriginalEnded),
            _ => self.enter(DeploymentStatus::InProgress),
        }
        Ok(())
    }

    /// Nobody approved in time.
    pub(super) fn not_approved(&mut self) {
        let message = "The deployment was stopped because traffic rerouting was not started within the wait time that the deployment group sets.";
        let cause = ErrorInformation::new("TIMEOUT", message);
        self.end(DeploymentStatus::Stopped, Some(cause), self.time);
    }

    /// Somebody stops it.
    pub(crate) fn stop(&mut self, now: SystemTime) -> Result<(), Refused> {
        if self.status.is_final() {
            return Err(Refused::Completed);
        }
        let cause = ErrorInformation::new("MANUAL_STOP", "The deployment was stopped by a user.");
        self.end(DeploymentStatus::Stopped, Some(cause), now);
        Ok(())
    }

    /// An alarm of the group is in state ALARM.
    pub(crate) fn alarm(&mut self, name: &str, now: SystemTime) -> Result<(), Refused> {
        if self.status.is_final() {
            return Err(Refused::Completed);
        }
        self.time = self.time.max(now);
        self.change(Change::Alarm(name.to_owned()));
        let message = format!(
            "One or more alarms have been activated according to the Amazon CloudWatch metrics you selected, and the affected deployments have been stopped. Activated alarms: <{name}>"
        );
        self.end(DeploymentStatus::Stopped, Some(ErrorInformation::new("ALARM_ACTIVE", message)), now);
        Ok(())
    }
}
