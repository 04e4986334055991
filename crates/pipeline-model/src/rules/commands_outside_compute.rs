//! An action that runs no commands declares some.

use spec_report::{Findings, declare_rule};

use super::subject::{Subject, is_placeholder};
use crate::model::Category;
use crate::places::join;

declare_rule! {
    /// ## What it does
    /// Reports `commands`, and `files` of an output artifact, on an action that is no compute action.
    ///
    /// ## Why
    /// Only the `Commands` action of category `Compute` runs commands and collects files.
    pub(crate) static COMMANDS_OUTSIDE_COMPUTE = {
        id: "pipeline-model/commands-outside-compute",
        severity: Error,
        summary: "an action that runs no commands declares some",
        service: "InvalidActionDeclarationException: The following action cannot contain a commands field: …. To use the commands field, use a compute action.",
    }
}

pub(super) fn check(subject: &Subject, out: &mut Findings<'_>) {
    for found in subject.actions() {
        let id = &found.action.action_type_id;
        let certain = !is_placeholder(&id.provider) && !is_placeholder(id.category.as_str());
        if !certain || id.category == Category::Compute || id.provider == "Commands" || found.action.name.is_empty() {
            continue;
        }
        let commands = found.path("commands");
        let mut places = Vec::new();
        if !found.action.commands.is_empty() {
            places.push(subject.key(&commands));
        }
        for (index, artifact) in found.action.output_artifacts.iter().enumerate() {
            if !artifact.files.is_empty() {
                places.push(subject.key(&join(&join(&found.path("outputArtifacts"), index), "files")));
            }
        }
        for span in places {
            let message = format!(
                "The following action cannot contain a commands field: {}. \
                 To use the commands field, use a compute action.",
                found.action.name
            );
            subject.report(out, &COMMANDS_OUTSIDE_COMPUTE, span, message);
        }
    }
}
