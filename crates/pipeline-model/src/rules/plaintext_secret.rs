//! A variable that looks like a secret stands in the file.

use spec_report::{Findings, declare_rule};

use super::subject::{Subject, is_placeholder};
use crate::model::EnvironmentVariableType;
use crate::places::join;

/// What names of secrets end with.
const ENDINGS: [&str; 7] = ["TOKEN", "SECRET", "PASSWORD", "PASSWD", "API_KEY", "APIKEY", "PRIVATE_KEY"];

declare_rule! {
    /// ## What it does
    /// Looks through the `EnvironmentVariables` of CodeBuild actions and the `environmentVariables` of compute
    /// actions for names such as `API_TOKEN` or `DB_PASSWORD` with a plain value.
    ///
    /// ## Why
    /// The value can be read by whoever can read the pipeline, its executions, or the history of the file.
    pub(crate) static PLAINTEXT_SECRET = {
        id: "pipeline-model/plaintext-secret",
        severity: Warning,
        summary: "a variable that looks like a secret stands in the file",
    }
}

pub(super) fn check(subject: &Subject, out: &mut Findings<'_>) {
    for found in subject.actions() {
        let mut leaks = Vec::new();
        let settings = subject.settings(&found);
        let path = found.config_path("EnvironmentVariables");
        let listed = settings.known("EnvironmentVariables").and_then(|text| serde_json::from_str(text).ok());
        let listed: Vec<serde_json::Value> = listed.unwrap_or_default();
        for variable in &listed {
            let text = |key: &str| variable.get(key).and_then(serde_json::Value::as_str);
            let plain = text("type").is_none_or(|kind| kind == "PLAINTEXT");
            if let (Some(name), Some(value), true) = (text("name"), text("value"), plain) {
                leaks.push((name, value, path.clone()));
            }
        }
        for (index, variable) in found.action.environment_variables.iter().enumerate() {
            if !matches!(variable.kind, Some(EnvironmentVariableType::SecretsManager)) {
                let path = join(&join(&found.path("environmentVariables"), index), "value");
                leaks.push((&variable.name, &variable.value, path));
            }
        }
        for (name, value, path) in leaks {
            let upper = name.to_ascii_uppercase();
            let looks = ENDINGS.iter().any(|ending| upper.ends_with(ending));
            let known =
                !value.is_empty() && !is_placeholder(value) && !value.contains("#{") && !value.starts_with("arn:");
            if looks && known {
                // The message never holds the value.
                let message =
                    format!("`{name}` of action `{}` looks like a secret and stands in the file", found.action.name);
                subject.report(out, &PLAINTEXT_SECRET, subject.key(&path), message).set_help(
                    "keep it in Secrets Manager, and give the name of the secret with the type `SECRETS_MANAGER`",
                );
            }
        }
    }
}
