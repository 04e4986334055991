//! Secrets that everyone can read.

use spec_report::{Findings, declare_rule};

use super::subject::Subject;

declare_rule! {
    /// Values of `env.variables` are visible in the file, in the console and in the log of every build.
    pub(crate) static SECRETS_IN_PLAINTEXT = {
        id: "buildspec/secrets-in-plaintext",
        severity: Warning,
        summary: "a secret is written in the file",
    }
}

/// Ends of names whose values are secrets.
const NAMES: [&str; 9] =
    ["PASSWORD", "PASSWD", "SECRET", "SECRET_KEY", "SECRET_ACCESS_KEY", "API_KEY", "APIKEY", "PRIVATE_KEY", "TOKEN"];
/// Beginnings of values that are nothing but secrets.
const PREFIXES: [&str; 8] = ["AKIA", "ASIA", "ghp_", "github_pat_", "glpat-", "xoxb-", "xoxp-", "-----BEGIN "];

pub(crate) fn check(subject: &Subject, findings: &mut Findings<'_>) {
    for variable in &subject.spec.env.variables {
        let (name, value) = (variable.name.value.to_ascii_uppercase(), variable.value.value.trim());
        let by_value = PREFIXES.iter().any(|prefix| value.starts_with(prefix) && value.len() > prefix.len() + 10);
        let by_name = NAMES.iter().any(|end| name == *end || name.ends_with(&format!("_{end}")));
        if by_value || (by_name && is_a_value(value)) {
            findings
                .report(
                    &SECRETS_IN_PLAINTEXT,
                    &subject.source,
                    variable.value.span,
                    format!("the value of `{}` looks like a secret", variable.name.value),
                )
                .set_help("keep it in Secrets Manager and refer to it under `env.secrets-manager`");
        }
    }
}

/// A placeholder, a reference and a path to a secret are none.
fn is_a_value(value: &str) -> bool {
    let placeholder = value.starts_with(['$', '<', '/', '{']) || value.contains("://") || value.starts_with("arn:");
    let word = value.to_ascii_lowercase();
    let empty = ["", "true", "false", "none", "null", "changeme", "xxx", "***"].contains(&word.as_str());
    !placeholder && !empty && value.len() >= 6 && !value.contains(' ')
}
