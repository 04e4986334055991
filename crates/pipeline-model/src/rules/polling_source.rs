//! The source is polled.

use spec_report::{Findings, declare_rule};

use super::subject::Subject;

const KEY: &str = "PollForSourceChanges";

declare_rule! {
    /// ## What it does
    /// Points at sources that the service polls because `PollForSourceChanges` is not `false`.
    ///
    /// ## Why
    /// Polling notices a change late, is switched off after 30 days without one, and counts against a quota. Events
    /// start the pipeline at once.
    pub(crate) static POLLING_SOURCE = {
        id: "pipeline-model/polling-source",
        severity: Info,
        summary: "the source is polled",
    }
}

pub(super) fn check(subject: &Subject, out: &mut Findings<'_>) {
    for found in subject.actions() {
        let Some(kind) = found.kind() else { continue };
        let settings = subject.settings(&found);
        if !kind.config().iter().any(|key| key.name == KEY) {
            continue;
        }
        let polls = settings.lacks(KEY) || settings.known(KEY).is_some_and(|value| value.eq_ignore_ascii_case("true"));
        if polls {
            subject
                .report(out, &POLLING_SOURCE, subject.name(found.path), "the source is polled for changes")
                .set_help(
                    "set `PollForSourceChanges` to `false` and let an event rule or a webhook start the pipeline",
                );
        }
    }
}
