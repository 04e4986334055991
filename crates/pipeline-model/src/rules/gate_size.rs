//! A gate has more conditions or rules than the service takes.

use spec_report::{Findings, declare_rule};

use super::subject::Subject;
use crate::places::join;

declare_rule! {
    /// ## What it does
    /// Counts the conditions of each gate (one) and the rules of each condition (at most five).
    ///
    /// ## Why
    /// The service refuses the declaration.
    pub(crate) static GATE_SIZE = {
        id: "pipeline-model/gate-size",
        severity: Error,
        summary: "a gate has more conditions or rules than the service takes",
        service: "ValidationException: Value at '…' failed to satisfy constraint: Member must have length less than or equal to …",
    }
}

pub(super) fn check(subject: &Subject, out: &mut Findings<'_>) {
    for (index, (path, stage)) in subject.stages().enumerate() {
        for (gate, conditions) in [
            ("beforeEntry", stage.before_entry.as_ref().map(|gate| gate.conditions.as_slice())),
            ("onSuccess", stage.on_success.as_ref().map(|gate| gate.conditions.as_slice())),
            ("onFailure", stage.on_failure.as_ref().map(|gate| gate.conditions.as_slice())),
        ] {
            let conditions = conditions.unwrap_or_default();
            let list = join(&join(&path, gate), "conditions");
            let member = format!("pipeline.stages.{}.member.{gate}.conditions", index + 1);
            let mut counts = vec![(list.clone(), member.clone(), conditions.len(), 1)];
            for (at, condition) in conditions.iter().enumerate() {
                let rules = join(&join(&list, at), "rules");
                counts.push((rules, format!("{member}.{}.member.rules", at + 1), condition.rules.len(), 5));
            }
            for (path, member, count, most) in counts {
                if count > most && !subject.is_symbolic(&path) {
                    let message = format!(
                        "Value at '{member}' failed to satisfy constraint: Member must have length less than or equal \
                         to {most}"
                    );
                    subject.report(out, &GATE_SIZE, subject.key(&path), message);
                }
            }
        }
    }
}
