//! A pull request filter names an event that does not exist.

use spec_report::{Findings, declare_rule, did_you_mean};

use super::subject::{Subject, is_placeholder};
use crate::places::join;

const EVENTS: [&str; 3] = ["OPEN", "UPDATED", "CLOSED"];

declare_rule! {
    /// ## What it does
    /// Compares the events of pull request filters with `OPEN`, `UPDATED` and `CLOSED`.
    ///
    /// ## Why
    /// The service refuses the declaration. A pull request that was merged is a closed one.
    pub(crate) static PULL_REQUEST_EVENT = {
        id: "pipeline-model/pull-request-event",
        severity: Error,
        summary: "a pull request filter names an event that does not exist",
    }
}

pub(super) fn check(subject: &Subject, out: &mut Findings<'_>) {
    for (index, trigger) in subject.pipeline().triggers.iter().enumerate() {
        let path = join("/triggers", index);
        let Some(git) = &trigger.git_configuration else { continue };
        let filters = join(&join(&path, "gitConfiguration"), "pullRequest");
        for (number, filter) in git.pull_request.iter().enumerate() {
            for (at, event) in filter.events.iter().enumerate() {
                if EVENTS.contains(&event.as_str()) || is_placeholder(event) {
                    continue;
                }
                let span = subject.value(&join(&join(&join(&filters, number), "events"), at));
                let message = format!("`{event}` is no event of a pull request: write {}", EVENTS.join(", "));
                let report = subject.report(out, &PULL_REQUEST_EVENT, span, message);
                if event == "MERGED" {
                    report.set_help("a merged pull request is `CLOSED`");
                } else if let Some(near) = did_you_mean(event, EVENTS) {
                    report.set_help(format!("did you mean `{near}`?"));
                }
            }
        }
    }
}
