//! Definition files for a deployment that no command writes.

use spec_report::{Findings, declare_rule};

use super::subject::Subject;

declare_rule! {
    /// `imagedefinitions.json` and `imageDetail.json` are made by builds: a deployment reads the image from them. A file that no
    /// command mentions is not there when artifacts are collected, unless it is part of the source or a program writes it.
    /// The rule keeps silent when commands call scripts or build tools, which may write anything.
    pub(crate) static ARTIFACTS_FILE_NEVER_WRITTEN = {
        id: "buildspec/artifacts-file-never-written",
        severity: Warning,
        summary: "a definitions file is collected and no command writes it",
        service: "no matching artifact paths found",
    }
}

/// What a deployment reads and a build makes.
const MADE_BY_BUILDS: [&str; 2] = ["imagedefinitions.json", "imageDetail.json"];
/// Programs that run other programs.
const MAY_WRITE: [&str; 18] = [
    ".", "bash", "bazel", "bundle", "go", "gradle", "java", "make", "mvn", "node", "npm", "npx", "pnpm", "python",
    "python3", "sh", "source", "yarn",
];

pub(crate) fn check(subject: &Subject, findings: &mut Findings<'_>) {
    let Some(artifacts) = &subject.spec.artifacts else { return };
    let calls_a_program = subject.scripts.iter().flat_map(|script| &script.commands).any(|command| {
        command.call().first().is_some_and(|word| word.text.contains('/') || MAY_WRITE.contains(&word.text.as_str()))
    });
    if calls_a_program || !subject.complete {
        return;
    }
    for file in &artifacts.primary.files {
        let name = file.value.rsplit('/').next().unwrap_or_default();
        let written = || subject.scripts.iter().any(|script| script.text.value.contains(name));
        if MADE_BY_BUILDS.contains(&name) && !written() {
            findings
                .report(
                    &ARTIFACTS_FILE_NEVER_WRITTEN,
                    &subject.source,
                    file.span,
                    format!("`{name}` is collected, but no command writes it"),
                )
                .set_help(format!("write it in `post_build`, such as `printf '…' > {name}`"));
        }
    }
}
