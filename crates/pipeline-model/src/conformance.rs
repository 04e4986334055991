//! Test-suites for what others add: action types and clients.
//!
//! Not a stable part of the API: a new version may ask for more.

mod service;

use spec_report::{Levels, Report};

use crate::actions::{ActionType, Catalogue};
use crate::client::{GetPipeline, Pipelines};
use crate::model::{Action, Category, InputArtifact, OutputArtifact, Pipeline};
use crate::{check_with, read};
pub use service::service;

/// What a suite found wrong, one sentence each.
pub type Failures = Vec<String>;

/// Tests an action type: its example is accepted, each required key is missed when it is gone, and a misspelt key is
/// recognized.
///
/// # Errors
/// Everything that does not hold.
pub fn action_type(kind: &(impl ActionType + Clone + 'static)) -> Result<(), Failures> {
    action_type_in(kind, &Catalogue::builtin().with(kind.clone()))
}

/// The same for a type that the catalogue holds already.
///
/// # Errors
/// Everything that does not hold.
pub fn action_type_in(kind: &dyn ActionType, catalogue: &Catalogue) -> Result<(), Failures> {
    let mut failures = Failures::new();
    let id = kind.id();
    let names: Vec<&str> = kind.config().iter().map(|key| key.name).collect();
    if !names.is_sorted() {
        failures.push(format!("{id}: the configuration keys are not sorted"));
    }
    if kind.summary().trim().is_empty() || kind.config().iter().any(|key| key.summary.trim().is_empty()) {
        failures.push(format!("{id}: a summary is empty"));
    }
    for permission in kind.permissions() {
        let parts = permission.split_once(':');
        if !parts.is_some_and(|(service, action)| !service.is_empty() && action.starts_with(char::is_uppercase)) {
            failures.push(format!("{id}: `{permission}` is not of the form `service:Action`"));
        }
    }
    let text = around(kind);
    let (example, report) = checked(&text, catalogue);
    let Some(example) = example else {
        failures.push(format!("{id}: the example cannot be read:\n{text}"));
        return Err(failures);
    };
    if !id.is(&example.action_type_id) {
        failures.push(format!("{id}: the example is of type {}", example.action_type_id));
    }
    failures.extend(report.iter().map(|found| format!("{id}: the example is not accepted: {}", found.message)));
    for key in kind.config() {
        if key.required {
            let (_, report) = checked(&rename(&text, key.name, None), catalogue);
            if !report
                .iter()
                .any(|found| found.rule.name() == "missing-configuration" && found.message.contains(key.name))
            {
                failures.push(format!("{id}: nobody misses the required key `{}`", key.name));
            }
        }
        if example.configuration.contains_key(key.name) {
            let misspelt = format!("{}x", key.name);
            let (_, report) = checked(&rename(&text, key.name, Some(&misspelt)), catalogue);
            let suggested = report.iter().any(|found| {
                let help = found.help.as_deref().unwrap_or_default();
                found.rule.name() == "unknown-configuration" && help.contains(&format!("`{}`", key.name))
            });
            if !suggested {
                failures.push(format!("{id}: `{misspelt}` is not recognized as `{}`", key.name));
            }
        }
    }
    if failures.is_empty() { Ok(()) } else { Err(failures) }
}

/// A whole declaration around the example, with sources for what it takes and a taker for what it gives.
fn around(kind: &dyn ActionType) -> String {
    let mut out = String::from(
        "name: example\nroleArn: arn:aws:iam::123456789012:role/pipeline\npipelineType: V2\n\
         artifactStore: {type: S3, location: example}\nstages:\n",
    );
    let is_source = kind.id().category == Category::Source.as_str();
    let outline = crate::read("example.yaml", &format!("stages:\n  - name: X\n    actions:\n{}", item(kind.example())));
    let action = outline.pipeline().and_then(|pipeline| pipeline.actions().next().map(|(_, action)| action.clone()));
    let inputs: Vec<InputArtifact> = action.as_ref().map(|action| action.input_artifacts.to_vec()).unwrap_or_default();
    let outputs: Vec<OutputArtifact> =
        action.as_ref().map(|action| action.output_artifacts.to_vec()).unwrap_or_default();
    if is_source {
        out.push_str(&format!("  - name: Source\n    actions:\n{}", item(kind.example())));
    } else {
        out.push_str("  - name: Source\n    actions:\n");
        let names: Vec<&str> = inputs.iter().map(|artifact| artifact.name.as_str()).collect();
        let spare = ["Spare"];
        for (index, name) in if names.is_empty() { &spare[..] } else { &names }.iter().enumerate() {
            out.push_str(&format!(
                "      - name: Source{index}\n        actionTypeId: {{category: Source, owner: AWS, provider: S3, version: \"1\"}}\n        \
                 outputArtifacts: [{{name: {name}}}]\n        configuration: {{PollForSourceChanges: \"false\", S3Bucket: example, S3ObjectKey: {name}.zip}}\n"
            ));
        }
        out.push_str(&format!("  - name: Example\n    actions:\n{}", item(kind.example())));
    }
    let mut left: Vec<&str> = outputs.iter().map(|artifact| artifact.name.as_str()).collect();
    if !is_source && inputs.is_empty() {
        left.push("Spare");
    }
    if is_source || !left.is_empty() {
        out.push_str("  - name: Use\n    actions:\n");
        for (index, name) in left.iter().enumerate() {
            out.push_str(&format!(
                "      - name: Use{index}\n        actionTypeId: {{category: Build, owner: AWS, provider: CodeBuild, version: \"1\"}}\n        \
                 inputArtifacts: [{{name: {name}}}]\n        configuration: {{ProjectName: example}}\n"
            ));
        }
    }
    out
}

fn item(example: &str) -> String {
    let mut out = String::new();
    for (index, line) in example.lines().enumerate() {
        out.push_str(if index == 0 { "      - " } else { "        " });
        out.push_str(line);
        out.push('\n');
    }
    out
}

/// The text with a configuration key renamed, or without its line.
fn rename(text: &str, key: &str, to: Option<&str>) -> String {
    let own = format!("{key}:");
    let mut out = String::new();
    for line in text.lines() {
        // Keys of the example stand ten columns in; what is built around it is written in flow style.
        match line.strip_prefix("          ").filter(|rest| rest.starts_with(&own)) {
            Some(rest) => {
                if let Some(to) = to {
                    out.push_str(&format!("          {to}{}\n", &rest[key.len()..]));
                }
            }
            None => {
                out.push_str(line);
                out.push('\n');
            }
        }
    }
    out
}

fn checked(text: &str, catalogue: &Catalogue) -> (Option<Action>, Report) {
    let reading = read("example.yaml", text);
    // What is superseded or shut down is still a type of the catalogue.
    let levels =
        Levels::default().allow("pipeline-model/github-v1-deprecated").allow("pipeline-model/retired-provider");
    let report = check_with(&reading, catalogue, &levels);
    let example = reading.pipeline().and_then(|pipeline| {
        let stage = pipeline.stage("Example").or_else(|| pipeline.stages.first())?;
        stage.actions.first().cloned()
    });
    (example, report)
}

/// Tests a store of declarations with a pipeline that must not exist in it yet; it is deleted at the end where the
/// store can delete.
///
/// # Errors
/// Everything that does not hold.
pub async fn pipelines(client: &dyn Pipelines, pipeline: &Pipeline) -> Result<(), Failures> {
    let mut failures = Failures::new();
    let mut expect = |holds: bool, what: &str| {
        if !holds {
            failures.push(what.to_owned());
        }
    };
    let name = pipeline.name.as_str();
    let missing = client.get(&GetPipeline::new(name)).await;
    let code = |code: &str, error: &aws_call::CallError| error.code() == Some(code);
    expect(
        missing.as_ref().is_err_and(|error| code("PipelineNotFoundException", error)),
        "a pipeline that does not exist is not found",
    );
    let updated = client.update(pipeline).await;
    expect(
        updated.as_ref().is_err_and(|error| code("PipelineNotFoundException", error)),
        "a pipeline that does not exist cannot be updated",
    );
    let created = client.create(pipeline).await;
    expect(created.as_ref().is_ok_and(|created| created.version == Some(1)), "a created pipeline has version 1");
    let again = client.create(pipeline).await;
    expect(again.as_ref().is_err_and(|error| code("PipelineNameInUseException", error)), "a name cannot be used twice");
    let updated = client.update(pipeline).await;
    expect(updated.as_ref().is_ok_and(|updated| updated.version == Some(2)), "an update counts the version up");
    let got = client.get(&GetPipeline::new(name)).await;
    expect(
        got.as_ref().is_ok_and(|got| got.pipeline.name == name && got.pipeline.version == Some(2)),
        "the current version is what is got",
    );
    let first = client.get(&GetPipeline::new(name).with_version(1)).await;
    expect(first.as_ref().is_ok_and(|got| got.pipeline.version == Some(1)), "an earlier version can be got");
    let mut wrong = pipeline.clone();
    wrong.stages.truncate(1);
    let refused = client.update(&wrong).await;
    expect(
        refused.as_ref().is_err_and(|error| code("InvalidStructureException", error)),
        "a pipeline of one stage is refused",
    );
    if client.delete(name).await.is_ok() {
        let gone = client.get(&GetPipeline::new(name)).await;
        expect(gone.is_err(), "a deleted pipeline is gone");
    }
    if failures.is_empty() { Ok(()) } else { Err(failures) }
}
