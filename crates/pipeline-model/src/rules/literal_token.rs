//! A secret stands in the file.

use spec_report::{Findings, declare_rule};

use super::subject::{Subject, is_placeholder};

declare_rule! {
    /// ## What it does
    /// Reports a secret configuration value, such as the `OAuthToken` of a GitHub source, that is written in the file
    /// as it is.
    ///
    /// ## Why
    /// Whoever can read the file or its history has the token. A reference to Secrets Manager, or a parameter without
    /// a default, keeps it out.
    pub(crate) static LITERAL_TOKEN = {
        id: "pipeline-model/literal-token",
        severity: Warning,
        summary: "a secret stands in the file",
    }
}

pub(super) fn check(subject: &Subject, out: &mut Findings<'_>) {
    for found in subject.actions() {
        for (key, value) in found.action.configuration.iter().filter(|(_, value)| value.is_secret()) {
            let path = found.config_path(key);
            let text = value.expose();
            let literal = subject.declaration.places.is_written(&path);
            if !literal || value.is_redacted() || text.is_empty() || is_placeholder(text) || text.contains("#{") {
                continue;
            }
            // The message never holds the value, and the place is that of the key.
            let message = format!("`{key}` of action `{}` is a secret and stands in the file", found.action.name);
            subject
                .report(out, &LITERAL_TOKEN, subject.key(&path), message)
                .set_help("take it from Secrets Manager: `{{resolve:secretsmanager:…}}`, and revoke this one");
        }
    }
}
