//! A trigger names something other than a connection source.

use spec_report::{Findings, declare_rule, did_you_mean};

use super::subject::{Subject, is_placeholder};
use crate::places::join;

declare_rule! {
    /// ## What it does
    /// Reports a trigger whose `sourceActionName` is no source action of provider `CodeStarSourceConnection`.
    ///
    /// ## Why
    /// Only connections deliver the pushes and pull requests that triggers filter.
    pub(crate) static TRIGGER_WITHOUT_CONNECTION = {
        id: "pipeline-model/trigger-without-connection",
        severity: Error,
        summary: "a trigger names something other than a connection source",
        service: "InvalidStructureException: Triggers for connections must reference a CodeStarSourceConnection action.",
    }
}

pub(super) fn check(subject: &Subject, out: &mut Findings<'_>) {
    for (index, trigger) in subject.pipeline().triggers.iter().enumerate() {
        let Some(git) = &trigger.git_configuration else { continue };
        let path = join(&join(&join("/triggers", index), "gitConfiguration"), "sourceActionName");
        if is_placeholder(&git.source_action_name) || git.source_action_name.is_empty() {
            continue;
        }
        let target = subject.actions().find(|found| found.action.name == git.source_action_name);
        let provider = target.as_ref().map(|found| found.action.action_type_id.provider.as_str());
        if provider == Some("CodeStarSourceConnection") || provider.is_some_and(is_placeholder) {
            continue;
        }
        let message = "Triggers for connections must reference a CodeStarSourceConnection action.";
        let report = subject.report(out, &TRIGGER_WITHOUT_CONNECTION, subject.value(&path), message);
        match provider {
            Some(provider) => report.set_help(format!("`{}` is of provider `{provider}`", git.source_action_name)),
            None => {
                let names = subject.pipeline().stages.first().into_iter().flat_map(|stage| &stage.actions);
                match did_you_mean(&git.source_action_name, names.map(|action| action.name.as_str())) {
                    Some(near) => report.set_help(format!("did you mean `{near}`?")),
                    None => report.set_help(format!("there is no action `{}`", git.source_action_name)),
                }
            }
        };
    }
}
