//! What a declaration uses and this machine cannot do as the service does it: refused by name, never skipped.

use pipeline_model::model::{ConditionResult, ExecutionMode, Pipeline, RetryMode};

use crate::core::{Gate, rule_type};
use crate::providers::Providers;

/// The gates and what each can do (user guide, "How do stage conditions work?").
const GATES: [(&str, Gate, &[ConditionResult]); 3] = [
    ("beforeEntry", Gate::BeforeEntry, &[ConditionResult::Fail, ConditionResult::Skip]),
    ("onSuccess", Gate::OnSuccess, &[ConditionResult::Fail, ConditionResult::Rollback]),
    ("onFailure", Gate::OnFailure, &[ConditionResult::Rollback]),
];

/// Everything in a declaration that would be left out or done differently here.
pub(crate) fn unsupported(pipeline: &Pipeline, providers: &Providers) -> Vec<String> {
    let mut found = Vec::new();
    if let ExecutionMode::Unknown(mode) = pipeline.effective_mode() {
        found.push(format!("execution mode `{mode}`"));
    }
    for stage in &pipeline.stages {
        for (name, gate, results) in GATES {
            let Some(condition) = gate.condition(stage) else { continue };
            match &condition.result {
                Some(result) if results.contains(result) => {}
                None => found.push(format!("{name} condition without a result in stage `{}`", stage.name)),
                Some(result) => found.push(format!("{name} result `{result}` of stage `{}`", stage.name)),
            }
            for rule in condition.rules.iter().filter(|rule| providers.get(&rule_type(rule)).is_none()) {
                let provider = &rule.rule_type_id.provider;
                found.push(format!(
                    "rule `{}` of stage `{}` (Rule {provider} has no provider here)",
                    rule.name, stage.name
                ));
            }
        }
        let gate = stage.on_failure.as_ref();
        match gate.and_then(|gate| gate.result.as_ref()) {
            None | Some(ConditionResult::Retry | ConditionResult::Rollback) => {}
            Some(result) => found.push(format!("onFailure result `{result}` of stage `{}`", stage.name)),
        }
        let retry = gate.and_then(|gate| gate.retry_configuration.as_ref()?.retry_mode.as_ref());
        if let Some(RetryMode::Unknown(mode)) = retry {
            found.push(format!("retry mode `{mode}` of stage `{}`", stage.name));
        }
        for action in &stage.actions {
            let id = &action.action_type_id;
            if !crate::core::is_manual_approval(id) && providers.get(id).is_none() {
                found.push(format!(
                    "action `{}` of stage `{}` ({} {} {} has no provider here)",
                    action.name,
                    stage.name,
                    id.category.as_str(),
                    id.owner.as_str(),
                    id.provider
                ));
            }
        }
    }
    found
}
