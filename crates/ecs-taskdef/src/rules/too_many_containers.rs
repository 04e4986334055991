//! `ecs-taskdef/too-many-containers`.

use spec_report::{Findings, Span, declare_rule};

use super::Subject;

declare_rule! {
    /// Finds tasks with no container at all or with more than ten.
    pub static TOO_MANY_CONTAINERS = {
        id: "ecs-taskdef/too-many-containers",
        severity: Error,
        summary: "a task has one to ten containers",
        service: "Too many containers.",
    }
}

const MOST: usize = 10;

pub(super) fn check(subject: &Subject, out: &mut Findings<'_>) {
    let Some(list) = subject.containers_node() else { return };
    let Some(items) = list.as_seq() else { return };
    if let Some(eleventh) = items.get(MOST) {
        let message = format!("the task has {} containers, more than the {MOST} that ECS allows", items.len());
        let place = Span::new(eleventh.span.start, eleventh.span.end.min(eleventh.span.start + 1));
        out.report(&TOO_MANY_CONTAINERS, subject.source(), place, message).set_help("the quota cannot be raised");
    } else if items.is_empty() {
        out.report(&TOO_MANY_CONTAINERS, subject.source(), list.span, "the task has no container");
    }
}
