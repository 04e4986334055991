//! The source stage has a gate.

use spec_report::{Findings, declare_rule};

use super::subject::Subject;
use crate::places::join;

declare_rule! {
    /// ## What it does
    /// Reports `beforeEntry`, `onSuccess` and `onFailure` at the first stage.
    ///
    /// ## Why
    /// Gates are documented for the stages behind the source only (page "Configure conditions for a stage"): an
    /// execution is not there before its source has been read, and cannot be brought back to before it.
    pub(crate) static SOURCE_STAGE_GATE = {
        id: "pipeline-model/source-stage-gate",
        severity: Warning,
        summary: "the source stage has a gate",
    }
}

pub(super) fn check(subject: &Subject, out: &mut Findings<'_>) {
    for (path, stage) in subject.stages().take(1).filter(|(_, stage)| stage.has_gates()) {
        for gate in ["beforeEntry", "onSuccess", "onFailure"] {
            let path = join(&path, gate);
            if subject.declaration.places.get(&path).is_some() {
                let gate = subject.word(gate);
                let message = format!("`{gate}` stands at the source stage `{}`", stage.name);
                subject
                    .report(out, &SOURCE_STAGE_GATE, subject.key(&path), message)
                    .set_help("put it at the first stage behind it");
            }
        }
    }
}
