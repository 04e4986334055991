//! A `version` other than the number 0.0.

use spec_report::{Findings, Severity, Span, declare_rule};

use super::Subject;
use crate::agent;
use crate::model::Kind;

declare_rule! {
    /// ## What it does
    /// Reports a version other than the number 0.0. The agent refuses everything else, also the text
    /// `"0.0"`; CodeDeploy is lenient with ECS and Lambda files, where this is a warning.
    pub(crate) static UNSUPPORTED_VERSION = {
        id: "appspec/unsupported-version",
        severity: Error,
        summary: "the version is not 0.0",
        service: "The deployment failed because an invalid version value (X) was entered in the application specification file. Make sure your AppSpec file specifies \"0.0\" as the version, and then try again.",
    }
}

pub(super) fn check(subject: &Subject, findings: &mut Findings<'_>) {
    let Some(spec) = &subject.parsed.value else { return };
    let server = spec.kind() == Kind::Server;
    let (span, message, text): (Span, String, &str) = match spec.version() {
        Some(version) if version.value.is_zero => return,
        Some(version) if !server && version.value.text == "0.0" => return,
        Some(version) => {
            let text = version.value.text.as_str();
            (version.span, format!("the version must be the number 0.0, but is `{text}`"), text)
        }
        None if subject.is_complete() => {
            (subject.top(), "the version is missing; it must be the number 0.0".into(), "")
        }
        None => return,
    };
    let found = findings.report(&UNSUPPORTED_VERSION, subject.source(), span, message);
    if server {
        found.set_help(agent::says(&agent::invalid_version(text)));
    } else {
        found.set_severity(Severity::Warning);
    }
}
