//! A pipeline in the words of CloudFormation.

use serde_json::{Map, Value as Json, json};

use crate::format::Naming;
use crate::format::json::{Secrets, to_json};
use crate::model::Pipeline;

/// What is below a field of the declaration.
enum Shape {
    /// A structure with fields of the API.
    Object(&'static [(&'static str, Self)]),
    /// A list of such structures.
    List(&'static [(&'static str, Self)]),
}

use Shape::{List, Object};

const STORE: &[(&str, Shape)] = &[("encryptionKey", Object(&[]))];
const RULE: &[(&str, Shape)] = &[("ruleTypeId", Object(&[])), ("inputArtifacts", List(&[]))];
const CONDITIONS: &[(&str, Shape)] =
    &[("conditions", List(&[("rules", List(RULE))])), ("retryConfiguration", Object(&[]))];
const ACTION: &[(&str, Shape)] = &[
    ("actionTypeId", Object(&[])),
    ("environmentVariables", List(&[])),
    ("inputArtifacts", List(&[])),
    ("outputArtifacts", List(&[])),
];
const STAGE: &[(&str, Shape)] = &[
    ("actions", List(ACTION)),
    ("beforeEntry", Object(CONDITIONS)),
    ("blockers", List(&[])),
    ("onFailure", Object(CONDITIONS)),
    ("onSuccess", Object(CONDITIONS)),
];
const PATTERNS: &[(&str, Shape)] = &[("branches", Object(&[])), ("filePaths", Object(&[])), ("tags", Object(&[]))];
const GIT: &[(&str, Shape)] = &[("pullRequest", List(PATTERNS)), ("push", List(PATTERNS))];
const PIPELINE: &[(&str, Shape)] = &[
    ("artifactStore", Object(STORE)),
    ("stages", List(STAGE)),
    ("triggers", List(&[("gitConfiguration", Object(GIT))])),
    ("variables", List(&[])),
];

/// The properties of `AWS::CodePipeline::Pipeline` that say what the declaration says.
///
/// Fields of the API with another first letter, except that artifact stores are a list and that there is no `version`,
/// which is an attribute of the resource. The keys of configurations stay as they are.
#[must_use]
pub fn properties(pipeline: &Pipeline, secrets: Secrets) -> Json {
    let mut json = to_json(pipeline, secrets);
    let Some(object) = json.as_object_mut() else { return json };
    object.remove("version");
    let stores = object.remove("artifactStores");
    let mut out = respelt(object, PIPELINE);
    if let Some(Json::Object(stores)) = stores {
        let stores = stores.into_iter().map(|(region, store)| {
            let store = store.as_object().map_or(Json::Null, |store| Json::Object(respelt(store, STORE)));
            json!({ "Region": region, "ArtifactStore": store })
        });
        out.insert("ArtifactStores".to_owned(), stores.collect());
    }
    Json::Object(out)
}

fn respelt(object: &Map<String, Json>, fields: &[(&str, Shape)]) -> Map<String, Json> {
    let entries = object.iter().map(|(key, value)| {
        let shape = fields.iter().find(|(name, _)| name == key).map(|(_, shape)| shape);
        let value = match (shape, value) {
            (Some(Object(fields)), Json::Object(inner)) => Json::Object(respelt(inner, fields)),
            (Some(List(fields)), Json::Array(items)) => items
                .iter()
                .map(|item| item.as_object().map_or_else(|| item.clone(), |inner| Json::Object(respelt(inner, fields))))
                .collect(),
            (_, value) => value.clone(),
        };
        let word = Naming::CloudFormation.word(key);
        // A key that differs from a field only in its first letter was kept as it is.
        let word = if object.contains_key(&word) && word != *key { key.clone() } else { word };
        (word, value)
    });
    entries.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_change_their_first_letter_and_configurations_do_not() {
        let pipeline: Pipeline = serde_json::from_value(json!({
            "name": "shop", "roleArn": "r", "version": 3, "pipelineType": "V2",
            "artifactStores": {"eu-west-1": {"type": "S3", "location": "b", "encryptionKey": {"id": "k", "type": "KMS"}}},
            "stages": [{"name": "S", "ofTomorrow": {"deep": 1}, "actions": [{
                "name": "A", "actionTypeId": {"category": "Build", "owner": "AWS", "provider": "CodeBuild", "version": "1"},
                "configuration": {"ProjectName": "p", "lower": "x"}, "environmentVariables": [{"name": "n", "value": "v", "type": "PLAINTEXT"}],
            }], "onFailure": {"result": "RETRY", "retryConfiguration": {"retryMode": "ALL_ACTIONS"},
                "conditions": [{"result": "FAIL", "rules": [{"name": "r", "ruleTypeId": {"category": "Rule", "provider": "CloudWatchAlarm"}}]}]}}],
            "triggers": [{"providerType": "CodeStarSourceConnection", "gitConfiguration": {
                "sourceActionName": "A", "push": [{"branches": {"includes": ["main"]}, "filePaths": {"excludes": ["x"]}}]}}],
        }))
        .unwrap();
        assert_eq!(
            properties(&pipeline, Secrets::Hide),
            json!({
                "Name": "shop", "RoleArn": "r", "PipelineType": "V2",
                "ArtifactStores": [{"Region": "eu-west-1", "ArtifactStore": {"Type": "S3", "Location": "b", "EncryptionKey": {"Id": "k", "Type": "KMS"}}}],
                "Stages": [{"Name": "S", "OfTomorrow": {"deep": 1}, "Actions": [{
                    "Name": "A", "ActionTypeId": {"Category": "Build", "Owner": "AWS", "Provider": "CodeBuild", "Version": "1"},
                    "Configuration": {"ProjectName": "p", "lower": "x"}, "EnvironmentVariables": [{"Name": "n", "Value": "v", "Type": "PLAINTEXT"}],
                }], "OnFailure": {"Result": "RETRY", "RetryConfiguration": {"RetryMode": "ALL_ACTIONS"},
                    "Conditions": [{"Result": "FAIL", "Rules": [{"Name": "r", "RuleTypeId": {"Category": "Rule", "Provider": "CloudWatchAlarm"}}]}]}}],
                "Triggers": [{"ProviderType": "CodeStarSourceConnection", "GitConfiguration": {
                    "SourceActionName": "A", "Push": [{"Branches": {"Includes": ["main"]}, "FilePaths": {"Excludes": ["x"]}}]}}],
            })
        );
    }
}
