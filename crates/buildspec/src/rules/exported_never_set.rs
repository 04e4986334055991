//! Exported variables without a value.

use std::collections::BTreeSet;

use spec_report::{Findings, declare_rule};

use super::subject::Subject;

declare_rule! {
    /// A variable without a value is exported as nothing. The project or whoever starts the build may set it; nothing in
    /// the file does.
    pub(crate) static EXPORTED_NEVER_SET = {
        id: "buildspec/exported-never-set",
        severity: Info,
        summary: "an exported variable is set nowhere in the file",
    }
}

pub(super) fn check(subject: &Subject, findings: &mut Findings<'_>) {
    let env = &subject.spec.env;
    // A file that is read by the shell may set anything.
    let reads_files = subject.commands().any(|(_, command)| {
        matches!(command.program(), Some("." | "source" | "eval"))
            || command.outputs().any(|to| to.text.contains("env"))
    });
    if reads_files || !subject.complete || subject.scripts.iter().any(|script| !script.complete) {
        return;
    }
    let is_part = |c: char| c == '_' || c.is_ascii_alphanumeric();
    let texts = subject.scripts.iter().flat_map(|script| script.text.value.split(|c| !is_part(c)));
    let sections = env.variables.iter().chain(&env.parameter_store).chain(&env.secrets_manager);
    let known: BTreeSet<&str> = texts.chain(sections.map(|variable| variable.name.value.as_str())).collect();
    for name in &env.exported_variables {
        let text = name.value.as_str();
        if !(known.contains(text) || text.starts_with("CODEBUILD_") || text.starts_with("AWS_")) {
            findings.report(
                &EXPORTED_NEVER_SET,
                &subject.source,
                name.span,
                format!("nothing in the file sets `{}`", text.escape_debug()),
            );
        }
    }
}
