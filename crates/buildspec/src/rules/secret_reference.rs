//! References to secrets.

use spec_report::{Findings, declare_rule};

use super::subject::Subject;
use crate::model::SecretReference;

declare_rule! {
    /// A reference is `secret-id:json-key:version-stage:version-id`, of which all but the id may be left out. Stage and id of a
    /// version exclude each other.
    pub(crate) static SECRET_REFERENCE = {
        id: "buildspec/secret-reference",
        severity: Error,
        summary: "a reference to a secret cannot be understood",
    }
}

pub(crate) fn check(subject: &Subject, findings: &mut Findings<'_>) {
    for variable in &subject.spec.env.secrets_manager {
        if let Err(error) = SecretReference::parse(&variable.value.value) {
            findings.report(&SECRET_REFERENCE, &subject.source, variable.value.span, error.to_string());
        }
    }
}
