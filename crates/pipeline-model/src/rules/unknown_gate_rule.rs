//! A condition has a rule of a provider that nobody knows.

use spec_report::{Findings, declare_rule, did_you_mean};

use super::subject::{Subject, is_placeholder};
use crate::places::join;

const KNOWN: [&str; 6] =
    ["CloudWatchAlarm", "CodeBuild", "Commands", "DeploymentWindow", "LambdaInvoke", "VariableCheck"];

declare_rule! {
    /// ## What it does
    /// Compares the provider of each rule of a condition with those that the documentation lists (page "Rule
    /// structure reference").
    ///
    /// ## Why
    /// The service refuses a provider that it does not have; this list may be older than the service.
    pub(crate) static UNKNOWN_GATE_RULE = {
        id: "pipeline-model/unknown-gate-rule",
        severity: Warning,
        summary: "a condition has a rule of a provider that nobody knows",
    }
}

pub(super) fn check(subject: &Subject, out: &mut Findings<'_>) {
    for (path, stage) in subject.stages() {
        for (gate, conditions) in [
            ("beforeEntry", stage.before_entry.as_ref().map(|gate| gate.conditions.as_slice())),
            ("onSuccess", stage.on_success.as_ref().map(|gate| gate.conditions.as_slice())),
            ("onFailure", stage.on_failure.as_ref().map(|gate| gate.conditions.as_slice())),
        ] {
            let list = join(&join(&path, gate), "conditions");
            for (index, condition) in conditions.unwrap_or_default().iter().enumerate() {
                for (at, rule) in condition.rules.iter().enumerate() {
                    let provider = rule.rule_type_id.provider.as_str();
                    if KNOWN.contains(&provider) || provider.is_empty() || is_placeholder(provider) {
                        continue;
                    }
                    let rules = join(&join(&join(&list, index), "rules"), at);
                    let span = subject.value(&join(&join(&rules, "ruleTypeId"), "provider"));
                    let message = format!("no rule has the provider `{provider}`");
                    let report = subject.report(out, &UNKNOWN_GATE_RULE, span, message);
                    if let Some(near) = did_you_mean(provider, KNOWN) {
                        report.set_help(format!("did you mean `{near}`?"));
                        if let Some(fix) = subject.rewrite(span, provider, near) {
                            report.set_fix(fix);
                        }
                    }
                }
            }
        }
    }
}
