//! Two stages have the same name.

use std::collections::HashMap;

use spec_report::{Findings, declare_rule};

use super::subject::Subject;

declare_rule! {
    /// ## What it does
    /// Reports a stage whose name an earlier stage has.
    ///
    /// ## Why
    /// Retries, rollbacks and transitions name the stage.
    pub(crate) static STAGE_NAME_REUSED = {
        id: "pipeline-model/stage-name-reused",
        severity: Error,
        summary: "two stages have the same name",
        service: "InvalidStageDeclarationException: Stage name '…' is used more than once",
    }
}

pub(super) fn check(subject: &Subject, out: &mut Findings<'_>) {
    let mut first: HashMap<&str, String> = HashMap::new();
    for (path, stage) in subject.stages() {
        if stage.name.is_empty() {
            continue;
        }
        if let Some(earlier) = first.get(stage.name.as_str()) {
            let message = format!("Stage name '{}' is used more than once", stage.name);
            let report = subject.report(out, &STAGE_NAME_REUSED, subject.name(&path), message);
            subject.also(report, subject.name(earlier), "first used here");
        } else {
            first.insert(&stage.name, path);
        }
    }
}
