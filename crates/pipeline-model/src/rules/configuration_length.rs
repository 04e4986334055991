//! A configuration value is empty or too long.

use spec_report::{Findings, Severity, declare_rule};

use super::subject::Subject;

/// What the documentation and the API model say.
const DOCUMENTED_LIMIT: usize = 1000;

/// What the server was seen to enforce.
const SERVER_LIMIT: usize = 50_000;

declare_rule! {
    /// ## What it does
    /// Reports a configuration value without text, and one that is longer than the service stores; the documented
    /// limit of 1000 characters gives a warning.
    ///
    /// ## Why
    /// An empty value is refused where a missing key would be accepted. Values beyond the documented limit work
    /// today, up to 50000 characters.
    pub(crate) static CONFIGURATION_LENGTH = {
        id: "pipeline-model/configuration-length",
        severity: Error,
        summary: "a configuration value is empty or too long",
        service: "ValidationException: Value at … failed to satisfy constraint: Map value must satisfy constraint: [Member must have length …]",
    }
}

pub(super) fn check(subject: &Subject, out: &mut Findings<'_>) {
    for found in subject.actions() {
        for (key, value) in &found.action.configuration {
            let path = found.config_path(key);
            let length = value.expose().chars().count();
            let place = || {
                format!(
                    "Value at 'pipeline.stages.{}.member.actions.{}.member.configuration' failed to satisfy constraint",
                    found.at.stage + 1,
                    found.at.action + 1
                )
            };
            if length == 0 {
                let message = format!(
                    "{}: Map value must satisfy constraint: [Member must have length greater than or equal to 1]",
                    place()
                );
                let report = subject.report(out, &CONFIGURATION_LENGTH, subject.key(&path), message);
                report.set_help(format!("leave `{key}` out, or give it a value"));
                if !subject.declaration.places.is_written(&path) {
                    // Such as the empty default of a parameter, which a deployment is likely to set.
                    report.set_severity(Severity::Warning);
                }
            } else if length > SERVER_LIMIT {
                let message = format!(
                    "{}: Map value must satisfy constraint: [Member must have length less than or equal to 50000]",
                    place()
                );
                subject.report(out, &CONFIGURATION_LENGTH, subject.key(&path), message);
            } else if length > DOCUMENTED_LIMIT {
                let message = format!("the value of `{key}` has {length} characters, more than the documented 1000");
                subject.report(out, &CONFIGURATION_LENGTH, subject.key(&path), message).set_severity(Severity::Warning);
            }
        }
    }
}
