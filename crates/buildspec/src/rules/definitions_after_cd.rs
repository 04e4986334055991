//! Image definitions in another directory.

use spec_report::{Findings, declare_rule};

use super::shell::Joint;
use super::subject::Subject;

declare_rule! {
    /// In version 0.2 the directory is handed on from command to command. The artifact is looked for in the base
    /// directory, and the build ends in `UPLOAD_ARTIFACTS`.
    pub(crate) static DEFINITIONS_AFTER_CD = {
        id: "buildspec/definitions-after-cd",
        severity: Warning,
        summary: "image definitions are written into another directory than collected",
    }
}

const FILES: [&str; 2] = ["imagedefinitions.json", "imageDetail.json"];

pub(super) fn check(subject: &Subject, findings: &mut Findings<'_>) {
    let Some(artifacts) = &subject.spec.artifacts else { return };
    let collected = |name: &str| artifacts.primary.files.iter().any(|file| file.value == name);
    if artifacts.primary.base_directory.is_some() || subject.spec.is_version_0_1() {
        return;
    }
    let mut directory: Vec<String> = Vec::new();
    for script in &subject.scripts {
        let at_start = directory.clone();
        for command in &script.commands {
            if command.program() == Some("cd") {
                let target = command.arguments().nth(1).map(|word| word.text.as_str());
                // Whether a `cd` in a condition or in brackets counts cannot be told.
                let plain = command.depth == 0 && command.joint != Joint::Or && command.words[0].text == "cd";
                if !plain || !enter(&mut directory, target) || !script.complete {
                    return;
                }
            } else if matches!(command.program(), Some("pushd" | "popd" | "cp" | "mv" | "." | "source" | "eval")) {
                return;
            }
            let Some(target) = command.outputs().find(|word| FILES.contains(&word.text.as_str())) else { continue };
            if !directory.is_empty() && collected(&target.text) {
                let message = format!(
                    "this is `{}/{}`, and artifacts look for `{}`",
                    directory.join("/"),
                    target.text,
                    target.text
                );
                findings
                    .report(
                        &DEFINITIONS_AFTER_CD,
                        &subject.source,
                        subject.place(&script.text, target.at.clone()),
                        message,
                    )
                    .set_help(format!("write `> \"$CODEBUILD_SRC_DIR/{}\"`", target.text));
            }
        }
        if script.commands.iter().any(|command| command.words[0].text == "if") && directory != at_start {
            return;
        }
    }
}

/// Goes into a directory; false if it cannot be told which one that is.
fn enter(directory: &mut Vec<String>, target: Option<&str>) -> bool {
    let Some(target) = target else { return false };
    let of_source = target.strip_prefix("${CODEBUILD_SRC_DIR}").or_else(|| target.strip_prefix("$CODEBUILD_SRC_DIR"));
    let path = match of_source {
        Some(rest) if rest.is_empty() || rest.starts_with('/') => {
            directory.clear();
            rest.trim_start_matches('/')
        }
        Some(_) => return false,
        None => target,
    };
    if path.starts_with(['/', '-', '~']) || path.contains(['$', '`', '*', '?']) {
        return false;
    }
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if directory.pop().is_none() => return false,
            ".." => {}
            part => directory.push(part.to_owned()),
        }
    }
    true
}
