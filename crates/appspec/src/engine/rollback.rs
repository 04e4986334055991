//! The way of the traffic, and the way back: when a deployment is rolled back, and what that undoes.

use std::time::SystemTime;

use super::Run;
use crate::client::{AutoRollbackEvent, DeploymentStatus, EventStatus};
use crate::lifecycle::DeploymentKind;

impl Run {
    /// Every change until `now` of the share of traffic that the new revision gets, in percent (ECS and
    /// Lambda).
    pub(crate) fn traffic_steps(&self, now: SystemTime) -> Vec<(SystemTime, u8)> {
        let Some(from) = self.traffic_from else { return Vec::new() };
        let until = self.complete_time.unwrap_or(now).min(now);
        let steps = self.course.routing().steps().into_iter().map(|step| (from + step.at, step.percent));
        let mut steps: Vec<_> = steps.take_while(|(at, _)| *at <= until).collect();
        steps.extend(self.traffic_returned.filter(|at| *at <= now).map(|at| (at, 0)));
        steps
    }

    /// Whether this deployment rolls back when `event` happens to it. A rollback is not rolled back,
    /// and before an ECS deployment has installed anything there is nothing to take back.
    pub(crate) fn wants_rollback(&self, event: &AutoRollbackEvent) -> bool {
        self.course.auto_rollback.contains(event) && self.can_roll_back()
    }

    pub(crate) fn can_roll_back(&self) -> bool {
        let nothing_done = self.course.kind == DeploymentKind::Ecs
            && self
                .events
                .iter()
                .all(|record| record.status != EventStatus::Succeeded || record.event == "BeforeInstall");
        !self.course.is_rollback && !nothing_done
    }

    /// The event for which the group may ask to roll this deployment back, now that it is over.
    pub(crate) fn rollback_event(&self) -> Option<AutoRollbackEvent> {
        let code = self.error.as_ref().map_or("", |error| error.code.as_str());
        match (&self.status, code) {
            (DeploymentStatus::Failed, _) => Some(AutoRollbackEvent::DeploymentFailure),
            (DeploymentStatus::Stopped, "ALARM_ACTIVE") => Some(AutoRollbackEvent::DeploymentStopOnAlarm),
            (DeploymentStatus::Stopped, "MANUAL_STOP") => Some(AutoRollbackEvent::DeploymentStopOnRequest),
            _ => None,
        }
    }

    /// A rollback has begun: the original gets all the traffic again.
    pub(crate) fn return_traffic(&mut self) {
        if self.traffic_from.is_some() {
            self.traffic_returned = self.complete_time;
        }
    }
}
