//! The source stage has a gate.

use spec_report::{Findings, declare_rule};

use super::subject::Subject;
use crate::model::ConditionResult;
use crate::places::join;

declare_rule! {
    /// ## What it does
    /// Reports conditions and rollbacks at the first stage; a retry can stand there.
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
        // Trying again is possible everywhere.
        let fails = stage.on_failure.as_ref();
        let rolls_back = fails.is_some_and(|gate| gate.result == Some(ConditionResult::Rollback));
        let judged = rolls_back || fails.is_some_and(|gate| !gate.conditions.is_empty());
        for gate in ["beforeEntry", "onSuccess"].into_iter().chain(judged.then_some("onFailure")) {
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
