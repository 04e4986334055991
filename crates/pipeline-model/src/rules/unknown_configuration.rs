//! An action has a configuration key that its type does not know.

use spec_report::{Findings, declare_rule, did_you_mean};

use super::subject::{Subject, is_placeholder};

declare_rule! {
    /// ## What it does
    /// Reports configuration keys that the action type does not have, and suggests the one that was probably meant.
    ///
    /// ## Why
    /// The service refuses the action.
    pub(crate) static UNKNOWN_CONFIGURATION = {
        id: "pipeline-model/unknown-configuration",
        severity: Error,
        summary: "an action has a configuration key that its type does not know",
        service: "InvalidActionDeclarationException: Action configuration for action '…' contains unknown configuration '…'",
    }
}

pub(super) fn check(subject: &Subject, out: &mut Findings<'_>) {
    for found in subject.actions() {
        let Some(kind) = found.kind() else { continue };
        let known = kind.config();
        for key in found.action.configuration.keys() {
            if known.iter().any(|config| config.name == key) || is_placeholder(key) {
                continue;
            }
            let message = format!(
                "Action configuration for action '{}' contains unknown configuration '{key}'",
                found.action.name
            );
            let span = subject.key(&found.config_path(key));
            let report = subject.report(out, &UNKNOWN_CONFIGURATION, span, message);
            let absent = || {
                known.iter().map(|config| config.name).filter(|name| !found.action.configuration.contains_key(*name))
            };
            let near = absent().find(|name| name.eq_ignore_ascii_case(key)).or_else(|| did_you_mean(key, absent()));
            if let Some(near) = near {
                report.set_help(format!("did you mean `{near}`?"));
                if let Some(fix) = subject.rewrite(span, key, near) {
                    report.set_fix(fix);
                }
            } else if known.is_empty() {
                report.set_help(format!("{} takes no configuration", kind.id()));
            }
        }
    }
}
