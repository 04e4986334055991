//! The API's notation: three wrappings, nothing lost, strict types.

use pipeline_model::format::json::{Secrets, to_json};
use pipeline_model::model::{Category, ExecutionMode, Owner, PipelineType, RetryMode};
use pipeline_model::{Pipeline, read};
use serde_json::{Value, json};

use crate::{checked, findings};

/// A declaration that uses every field the model knows, and one it does not at each level.
fn everything() -> Value {
    json!({
        "name": "shop", "roleArn": "arn:aws:iam::123456789012:role/pipeline", "version": 7,
        "pipelineType": "V2", "executionMode": "QUEUED", "future": {"a": [1]},
        "artifactStores": {
            "eu-central-1": {"type": "S3", "location": "shop", "encryptionKey": {"id": "alias/shop", "type": "KMS"}},
            "eu-west-1": {"type": "S3", "location": "shop-west", "future": true}
        },
        "variables": [{"name": "Stage", "defaultValue": "test", "description": "where to"}],
        "triggers": [{"providerType": "CodeStarSourceConnection", "gitConfiguration": {
            "sourceActionName": "Source",
            "push": [{"branches": {"includes": ["main"], "excludes": ["wip/**"]}, "filePaths": {"includes": ["src/**"]}},
                     {"tags": {"includes": ["v*"]}}],
            "pullRequest": [{"events": ["OPEN", "CLOSED"], "branches": {"includes": ["main"]}, "filePaths": {"excludes": ["docs/**"]}}]
        }}],
        "stages": [
            {"name": "Source", "blockers": [{"name": "b", "type": "Schedule"}], "actions": [{
                "name": "Source", "runOrder": 1, "namespace": "Source", "region": "eu-central-1",
                "actionTypeId": {"category": "Source", "owner": "AWS", "provider": "CodeStarSourceConnection", "version": "1"},
                "configuration": {"BranchName": "main"}, "inputArtifacts": [], "outputArtifacts": [{"name": "Code"}]
            }]},
            {"name": "Build",
             "beforeEntry": {"conditions": [{"result": "SKIP", "rules": [{
                "name": "Check", "ruleTypeId": {"category": "Rule", "owner": "AWS", "provider": "VariableCheck", "version": "1"},
                "configuration": {"Variable": "#{variables.Stage}", "Value": "test", "Operator": "EQ"},
                "inputArtifacts": [{"name": "Code"}], "commands": ["true"], "roleArn": "arn:aws:iam::123456789012:role/rule",
                "region": "eu-central-1", "timeoutInMinutes": 5 }]}]},
             "onSuccess": {"conditions": [{"result": "ROLLBACK", "rules": []}]},
             "onFailure": {"result": "RETRY", "retryConfiguration": {"retryMode": "ALL_ACTIONS"}, "conditions": []},
             "actions": [{
                "name": "Run", "actionTypeId": {"category": "Compute", "owner": "AWS", "provider": "Commands", "version": "1", "future": 1},
                "commands": ["make"], "outputVariables": ["VERSION"], "timeoutInMinutes": 60, "roleArn": "arn:aws:iam::123456789012:role/run",
                "environmentVariables": [{"name": "A", "value": "b", "type": "PLAINTEXT"}, {"name": "S", "value": "s", "type": "NEW_KIND"}],
                "inputArtifacts": [{"name": "Code"}], "outputArtifacts": [{"name": "Out", "files": ["a", "b"]}], "configuration": {}
             }]}
        ]
    })
}

#[test]
fn nothing_is_lost_by_the_reader_and_by_serde() {
    let value = everything();
    let reading = read("pipeline.json", &format!("{value:#}"));
    let read = reading.pipeline().unwrap();
    assert_eq!(to_json(read, Secrets::Expose), value);
    let by_serde: Pipeline = serde_json::from_value(value.clone()).unwrap();
    assert_eq!(to_json(&by_serde, Secrets::Expose), value);
    assert_eq!(*read, by_serde);
    let unknown: Vec<_> = findings(&reading.report);
    assert_eq!(unknown.iter().filter(|line| line.ends_with("unknown-key")).count(), 3, "{unknown:?}");
    assert_eq!(unknown.len(), 3);
}

#[test]
fn words_have_their_meaning() {
    let reading = read("pipeline.json", &everything().to_string());
    let pipeline = reading.pipeline().unwrap();
    assert_eq!(pipeline.execution_mode, Some(ExecutionMode::Queued));
    assert_eq!(pipeline.pipeline_type, Some(PipelineType::V2));
    let run = &pipeline.stages[1].actions[0];
    assert_eq!((&run.action_type_id.category, &run.action_type_id.owner), (&Category::Compute, &Owner::Aws));
    assert_eq!(run.effective_run_order(), 1);
    assert_eq!(run.environment_variables[1].kind.as_ref().unwrap().as_str(), "NEW_KIND");
    let failure = pipeline.stages[1].on_failure.as_ref().unwrap();
    assert_eq!(failure.retry_configuration.as_ref().unwrap().retry_mode, Some(RetryMode::AllActions));
}

#[test]
fn three_wrappings_are_one() {
    let bare = everything();
    let metadata = json!({"pipelineArn": "arn:aws:codepipeline:eu-central-1:123456789012:shop", "created": 1.5});
    let wrapped = [
        json!({"pipeline": bare}),
        json!({"pipeline": bare, "metadata": metadata}),
        json!({"pipeline": bare, "tags": [{"key": "a", "value": "b"}]}),
    ];
    let expected = read("pipeline.json", &bare.to_string());
    for file in wrapped {
        let reading = read("pipeline.json", &file.to_string());
        assert_eq!(reading.pipeline(), expected.pipeline());
        assert_eq!(reading.report.len(), expected.report.len());
    }
    let reading = read("pipeline.json", &json!({"pipeline": bare, "metadata": metadata}).to_string());
    assert_eq!(reading.declarations[0].beside["metadata"], metadata);
    let stray = read("pipeline.json", &json!({"pipeline": bare, "metdata": {}}).to_string());
    assert!(stray.report.iter().any(|found| found.help.as_deref() == Some("did you mean `metadata`?")));
}

#[test]
fn the_api_takes_no_number_for_a_string_and_no_string_for_a_number() {
    let text = r#"{"name": "shop", "roleArn": "arn:aws:iam::123456789012:role/p", "version": "1",
"artifactStore": {"type": "S3", "location": "shop"},
"stages": [{"name": 1, "actions": [{"name": "A", "runOrder": "2",
"actionTypeId": {"category": "Source", "owner": "AWS", "provider": "S3", "version": 1},
"configuration": {"S3Bucket": "b", "PollForSourceChanges": false}}]}]}"#;
    let reading = read("pipeline.json", text);
    let wrong: Vec<_> = findings(&reading.report);
    assert_eq!(wrong.iter().filter(|line| line.ends_with("wrong-type")).count(), 5, "{wrong:?}");
    // What was meant is still read.
    let action = &reading.pipeline().unwrap().stages[0].actions[0];
    assert_eq!(action.action_type_id.version, "1");
    assert_eq!(action.config("PollForSourceChanges"), Some("false"));
}

#[test]
fn broken_json_is_one_error_with_its_place() {
    let (reading, report) = checked("pipeline.json", "{\"name\": \"shop\",\n \"stages\": [}");
    assert!(reading.report.has_errors());
    assert!(findings(&report).iter().any(|line| line.starts_with("2:") && line.ends_with("syntax")), "{report:?}");
    assert!(!findings(&report).iter().any(|line| line.ends_with("no-pipeline")));
}

#[test]
fn empty_and_foreign_files_say_so() {
    for text in ["version: 0.2\nphases: {}\n", "[]", "just text", "{}"] {
        let (reading, report) = checked("x.yaml", text);
        assert!(reading.pipeline().is_none());
        assert!(findings(&report).iter().any(|line| line.ends_with("no-pipeline")), "{text}: {report:?}");
    }
}
