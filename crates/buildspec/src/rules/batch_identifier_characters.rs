//! Characters of identifiers.

use spec_report::{Findings, declare_rule};

use super::batch::tasks;
use super::subject::Subject;

declare_rule! {
    /// Identifiers have letters, digits and underscores only. Dashes are refused.
    pub(crate) static BATCH_IDENTIFIER_CHARACTERS = {
        id: "buildspec/batch-identifier-characters",
        severity: Error,
        summary: "an identifier of a batch has a forbidden character",
    }
}

pub(super) fn check(subject: &Subject, findings: &mut Findings<'_>) {
    for identifier in tasks(subject).iter().filter_map(|task| task.identifier) {
        let Some(name) = identifier.as_str() else { continue };
        let forbidden = |c: char| !(c == '_' || c.is_ascii_alphanumeric());
        let Some(wrong) = name.chars().find(|c| forbidden(*c)) else { continue };
        let message = format!("`{}` has `{}`, which no identifier may have", name.escape_debug(), wrong.escape_debug());
        findings
            .report(&BATCH_IDENTIFIER_CHARACTERS, &subject.source, identifier.span, message)
            .set_help(format!("write `{}`", name.replace(forbidden, "_")));
    }
}
