//! A condition that skips the stage has a rule that cannot decide that.

use spec_report::{Findings, declare_rule};

use super::subject::{Subject, is_placeholder};
use crate::model::ConditionResult;
use crate::places::join;

/// The rules that can decide to pass over a stage.
const SKIPPING: [&str; 2] = ["LambdaInvoke", "VariableCheck"];

declare_rule! {
    /// ## What it does
    /// Finds conditions with the result `SKIP` whose rules are not all of `LambdaInvoke` or `VariableCheck`.
    ///
    /// ## Why
    /// Only these two can skip a stage (page "Create entry conditions with Skip result").
    pub(crate) static SKIP_RULE = {
        id: "pipeline-model/skip-rule",
        severity: Error,
        summary: "a condition that skips the stage has a rule that cannot decide that",
    }
}

pub(super) fn check(subject: &Subject, out: &mut Findings<'_>) {
    for (path, stage) in subject.stages() {
        let Some(gate) = &stage.before_entry else { continue };
        let list = join(&join(&path, "beforeEntry"), "conditions");
        for (index, condition) in gate.conditions.iter().enumerate() {
            let other = condition.rules.iter().map(|rule| rule.rule_type_id.provider.as_str());
            let mut other = other.filter(|provider| !SKIPPING.contains(provider) && !is_placeholder(provider));
            let skips = condition.result == Some(ConditionResult::Skip);
            let Some(provider) = other.next().filter(|_| skips) else { continue };
            let message = format!(
                "the condition of stage `{}` cannot skip it: a rule of `{provider}` can only let it fail",
                stage.name
            );
            let span = subject.value(&join(&join(&list, index), "result"));
            subject
                .report(out, &SKIP_RULE, span, message)
                .set_help(format!("write `FAIL`, or use rules of {} only", SKIPPING.join(" and ")));
        }
    }
}
