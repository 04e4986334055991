//! A mode that is not one to four octal digits.

use spec_report::{Findings, declare_rule};

use super::Subject;
use crate::agent;

declare_rule! {
    /// ## What it does
    /// Reports a `mode` that is not one to four octal digits after the agent's YAML reader has had
    /// its way with it: `0755` arrives as 493, whose 9 is no octal digit.
    pub(crate) static INVALID_MODE = {
        id: "appspec/invalid-mode",
        severity: Error,
        summary: "a mode that is not one to four octal digits",
        service: "The deployment failed because the permissions mode (M) in the application specification file contains an invalid character (C). Update the permissions section of the AppSpec file, and then try again.",
    }
}

pub(super) fn check(subject: &Subject, findings: &mut Findings<'_>) {
    let Some(server) = subject.server() else { return };
    for mode in server.permissions.iter().filter_map(|permission| permission.mode.as_ref()) {
        let text = mode.value.as_str();
        let sentence = if text.chars().count() > 4 {
            agent::mode_length(text)
        } else if let Some(character) = text.chars().find(|character| !('0'..='7').contains(character)) {
            agent::mode_character(text, character)
        } else {
            continue;
        };
        let raw = subject.source().slice(mode.span);
        let octal = raw != text && raw.starts_with('0');
        let message = if octal {
            format!("the agent reads the mode `{raw}` as the number {text}")
        } else {
            format!("the mode must be one to four octal digits, but is `{text}`")
        };
        let found = findings.report(&INVALID_MODE, subject.source(), mode.span, message);
        found.set_help(agent::says(&sentence));
        if let Some(fix) = octal.then(|| super::octal_mode::without_zero(raw, mode.span)).flatten() {
            found.set_fix(fix);
        }
    }
}
