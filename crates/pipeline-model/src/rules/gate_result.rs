//! A gate has a result that it cannot have.

use spec_report::{Findings, declare_rule};

use super::subject::{Subject, is_placeholder};
use crate::model::ConditionResult;
use crate::places::join;

declare_rule! {
    /// ## What it does
    /// Compares the result of each condition with what its gate can do: before entry `FAIL` or `SKIP`, on success
    /// `FAIL` or `ROLLBACK`, on failure `ROLLBACK`, or `RETRY` without conditions.
    ///
    /// ## Why
    /// A stage that was entered cannot be skipped any more, and one that has not been entered cannot be rolled back.
    pub(crate) static GATE_RESULT = {
        id: "pipeline-model/gate-result",
        severity: Error,
        summary: "a gate has a result that it cannot have",
    }
}

pub(super) fn check(subject: &Subject, out: &mut Findings<'_>) {
    use ConditionResult::{Fail, Retry, Rollback, Skip};
    for (path, stage) in subject.stages() {
        let mut judge = |path: &str, gate: &str, result: Option<&ConditionResult>, allowed: &[ConditionResult]| {
            let Some(result) = result.filter(|result| !is_placeholder(result.as_str())) else { return };
            if !allowed.contains(result) {
                let words: Vec<&str> = allowed.iter().map(ConditionResult::as_str).collect();
                let gate = subject.word(gate);
                let message = format!(
                    "`{gate}` of stage `{}` cannot have the result {result}: write {}",
                    stage.name,
                    words.join(" or ")
                );
                subject.report(out, &GATE_RESULT, subject.value(&join(path, "result")), message);
            }
        };
        let on_failure = stage.on_failure.as_ref();
        if let Some(gate) = on_failure {
            judge(&join(&path, "onFailure"), "onFailure", gate.result.as_ref(), &[Rollback, Retry]);
        }
        for (gate, conditions, allowed) in [
            ("beforeEntry", stage.before_entry.as_ref().map(|gate| gate.conditions.as_slice()), &[Fail, Skip][..]),
            ("onSuccess", stage.on_success.as_ref().map(|gate| gate.conditions.as_slice()), &[Fail, Rollback]),
            ("onFailure", on_failure.map(|gate| gate.conditions.as_slice()), &[Rollback]),
        ] {
            let conditions_path = join(&join(&path, gate), "conditions");
            for (index, condition) in conditions.unwrap_or_default().iter().enumerate() {
                judge(&join(&conditions_path, index), gate, condition.result.as_ref(), allowed);
            }
        }
    }
}
