//! What the build and the test action of CodeBuild share.

use super::{ConfigKey, Problems, Settings};

pub(super) const CONFIG: &[ConfigKey] = &[
    ConfigKey::optional("BatchEnabled", "Whether the build is a batch.").boolean(),
    ConfigKey::optional("BuildspecOverride", "A buildspec in place of the project's."),
    ConfigKey::optional("CombineArtifacts", "Whether the artifacts of a batch are put together.").boolean(),
    ConfigKey::optional("EnvironmentVariables", "Environment variables as a JSON list of name, value and type."),
    ConfigKey::optional("PrimarySource", "The input artifact that holds the buildspec."),
    ConfigKey::required("ProjectName", "The project."),
];

pub(super) fn check(settings: &Settings<'_>, problems: &mut Problems) {
    let inputs = &settings.action().input_artifacts;
    if inputs.len() > 1 && settings.lacks("PrimarySource") {
        problems.missing("PrimarySource", "with more than one input artifact, one must be the primary source");
    }
    if let Some(primary) = settings.known("PrimarySource")
        && !inputs.iter().any(|input| input.name == primary || input.name.contains("${"))
    {
        problems.invalid("PrimarySource", format!("`{primary}` is not an input artifact of the action"));
    }
    if settings.known("CombineArtifacts") == Some("true") {
        let outputs = settings.action().output_artifacts.len();
        if settings.lacks("BatchEnabled") || settings.known("BatchEnabled") == Some("false") {
            problems.invalid("CombineArtifacts", "only the artifacts of a batch can be combined: set `BatchEnabled`");
        } else if outputs > 1 {
            problems.invalid("CombineArtifacts", format!("it makes one output artifact, and the action has {outputs}"));
        }
    }
    if let Some(text) = settings.known("EnvironmentVariables") {
        environment_variables(text, problems);
    }
}

fn environment_variables(text: &str, problems: &mut Problems) {
    const KEY: &str = "EnvironmentVariables";
    let Ok(serde_json::Value::Array(variables)) = serde_json::from_str(text) else {
        problems.invalid(KEY, "the value is not a JSON list");
        return;
    };
    for variable in &variables {
        let name = variable.get("name").and_then(serde_json::Value::as_str);
        if name.is_none() || variable.get("value").is_none() {
            problems.invalid(KEY, "each entry needs a `name` and a `value`");
            continue;
        }
        let Some(kind) = variable.get("type") else {
            continue;
        };
        if !kind.as_str().is_some_and(|kind| ["PARAMETER_STORE", "PLAINTEXT", "SECRETS_MANAGER"].contains(&kind)) {
            let name = name.unwrap_or_default();
            problems.invalid(
                KEY,
                format!("the type {kind} of `{name}` is not PLAINTEXT, PARAMETER_STORE or SECRETS_MANAGER"),
            );
        }
    }
}
