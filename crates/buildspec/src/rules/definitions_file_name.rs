//! Names of definition files.

use spec_report::{Findings, declare_rule};

use super::subject::Subject;

declare_rule! {
    /// The ECS action reads `imagedefinitions.json` unless its configuration names another file, and the action of
    /// CodeDeploy for ECS reads `imageDetail.json`.
    pub(crate) static DEFINITIONS_FILE_NAME = {
        id: "buildspec/definitions-file-name",
        severity: Info,
        summary: "image definitions have another name than deployments look for",
    }
}

/// The key of a definition, and the file in which it is looked for.
const FILES: [(&str, &str); 2] = [("imageUri", "imagedefinitions.json"), ("ImageURI", "imageDetail.json")];

pub(super) fn check(subject: &Subject, findings: &mut Findings<'_>) {
    for (script, command) in subject.commands() {
        if !matches!(command.program(), Some("echo" | "printf")) {
            continue;
        }
        let writes = |key: &str| command.arguments().any(|word| word.text.contains(key));
        let Some((key, file)) = FILES.into_iter().find(|(key, _)| writes(key)) else { continue };
        for target in command.outputs() {
            let name = target.text.rsplit('/').next().unwrap_or_default();
            if name.ends_with(".json") && name != file && !name.contains('$') {
                let place = subject.place(&script.text, target.at.clone());
                findings
                    .report(
                        &DEFINITIONS_FILE_NAME,
                        &subject.source,
                        place,
                        format!("a deployment looks for `{key}` in `{file}`"),
                    )
                    .set_help(format!("write `{file}`, or name the file in the action's configuration"));
            }
        }
    }
}
