//! A node in either naming becomes the model: nothing fails, everything wrong is reported at its place.

use std::collections::BTreeMap;

use spec_report::{Node, Reader};

use super::Naming;
use super::fields::{Decoder, Fields, Origins};
use crate::model::{
    Action, ActionTypeId, ArtifactStore, BeforeEntry, Blocker, Condition, ConditionRule, EncryptionKey,
    EnvironmentVariable, Extra, GitConfiguration, InputArtifact, OnFailure, OnSuccess, OutputArtifact, Patterns,
    Pipeline, PullRequestFilter, PushFilter, RetryConfiguration, RuleTypeId, Stage, Trigger, VariableDeclaration,
};
use crate::places::{Origin, Places, join};

type D<'x, 'r, 'd> = &'x mut Decoder<'r, 'd>;

/// What came out of one node.
#[derive(Debug)]
pub(crate) struct Decoded {
    pub(crate) pipeline: Pipeline,
    pub(crate) places: Places,
    /// Properties that a template sets and a declaration has not.
    pub(crate) template: Extra,
}

/// Decodes a declaration. `what` names it in messages.
pub(crate) fn decode(
    reader: &mut Reader<'_>,
    naming: Naming,
    origins: &Origins,
    node: &Node,
    what: &str,
) -> Option<Decoded> {
    let mut decoder = Decoder { reader, naming, origins, places: Places::default() };
    let d = &mut decoder;
    d.place("", None, node);
    let mut fields = d.open(node, what, "")?;
    let mut template = Extra::new();
    let name = match naming {
        Naming::Api => fields.required_text(d, "name"),
        // CloudFormation makes one up.
        Naming::CloudFormation => fields.text(d, "name").unwrap_or_default(),
    };
    let mut pipeline = Pipeline::new(name, fields.required_text(d, "roleArn"));
    pipeline.artifact_store = fields.inner(d, "artifactStore", artifact_store);
    pipeline.artifact_stores = artifact_stores(&mut fields, d);
    if let Some(field) = fields.require(d, "stages") {
        let items = fields.listed(d, "stages", field);
        pipeline.stages = items.into_iter().filter_map(|(node, path)| stage(d, node, &path)).collect();
    }
    pipeline.execution_mode = fields.word(d, "executionMode");
    pipeline.pipeline_type = fields.word(d, "pipelineType");
    pipeline.variables = fields.list(d, "variables", variable);
    pipeline.triggers = fields.list(d, "triggers", trigger);
    match naming {
        Naming::Api => pipeline.version = fields.number(d, "version"),
        Naming::CloudFormation => {
            for api in ["restartExecutionOnUpdate", "disableInboundStageTransitions", "tags"] {
                if let Some(field) = fields.take(d, api) {
                    template.insert(field.name().to_owned(), field.value.to_json(d.reader.schema()));
                }
            }
        }
    }
    pipeline.extra = fields.finish(d);
    Some(Decoded { pipeline, places: decoder.places, template })
}

fn artifact_stores(fields: &mut Fields<'_>, d: D<'_, '_, '_>) -> Option<BTreeMap<String, ArtifactStore>> {
    let mut stores = BTreeMap::new();
    match d.naming {
        Naming::Api => {
            let field = fields.take(d, "artifactStores")?;
            let mut map = d.reader.map(field.value, "`artifactStores`")?;
            for entry in map.rest() {
                let path = join(&fields.path("artifactStores"), entry.name());
                d.place(path.as_str(), Some(entry.key), entry.value);
                if let Some(store) = artifact_store(d, entry.value, &path) {
                    stores.insert(entry.name().to_owned(), store);
                }
            }
        }
        Naming::CloudFormation => {
            for (node, path) in fields.items(d, "artifactStores")? {
                let Some(mut item) = d.open(node, "an item of `ArtifactStores`", &path) else { continue };
                let region = item.required_text(d, "region");
                let store = item.inner(d, "artifactStore", artifact_store);
                item.finish(d);
                // The model keys stores by region; so must the table of places.
                let span = node.span;
                let origin = if d.origins.computed.contains(&span) { Origin::Computed } else { Origin::Written };
                d.places.insert(join(&fields.path("artifactStores"), &region), None, span, origin);
                if let Some(store) = store {
                    stores.insert(region, store);
                }
            }
        }
    }
    Some(stores)
}

fn artifact_store(d: D<'_, '_, '_>, node: &Node, path: &str) -> Option<ArtifactStore> {
    let mut fields = d.open(node, "the artifact store", path)?;
    let kind = fields.required_text(d, "type");
    let mut store = ArtifactStore::s3(fields.required_text(d, "location"));
    store.kind = kind;
    store.encryption_key = fields.inner(d, "encryptionKey", |d, node, path| {
        let mut fields = d.open(node, "the encryption key", path)?;
        Some(EncryptionKey {
            id: fields.required_text(d, "id"),
            kind: fields.required_text(d, "type"),
            extra: fields.finish(d),
        })
    });
    store.extra = fields.finish(d);
    Some(store)
}

fn variable(d: D<'_, '_, '_>, node: &Node, path: &str) -> Option<VariableDeclaration> {
    let mut fields = d.open(node, "the variable", path)?;
    let mut variable = VariableDeclaration::required(fields.required_text(d, "name"));
    variable.default_value = fields.text(d, "defaultValue");
    variable.description = fields.text(d, "description");
    variable.extra = fields.finish(d);
    Some(variable)
}

fn stage(d: D<'_, '_, '_>, node: &Node, path: &str) -> Option<Stage> {
    let mut fields = d.open(node, "the stage", path)?;
    let mut stage = Stage::new(fields.required_text(d, "name"));
    stage.blockers = fields.list(d, "blockers", |d, node, path| {
        let mut fields = d.open(node, "the blocker", path)?;
        Some(Blocker {
            name: fields.required_text(d, "name"),
            kind: fields.required_text(d, "type"),
            extra: fields.finish(d),
        })
    });
    if let Some(field) = fields.require(d, "actions") {
        let items = fields.listed(d, "actions", field);
        stage.actions = items.into_iter().filter_map(|(node, path)| action(d, node, &path)).collect();
    }
    stage.before_entry = fields.inner(d, "beforeEntry", |d, node, path| {
        let mut fields = d.open(node, &format!("`{}`", d.naming.word("beforeEntry")), path)?;
        Some(BeforeEntry { conditions: required_conditions(&mut fields, d), extra: fields.finish(d) })
    });
    stage.on_success = fields.inner(d, "onSuccess", |d, node, path| {
        let mut fields = d.open(node, &format!("`{}`", d.naming.word("onSuccess")), path)?;
        Some(OnSuccess { conditions: required_conditions(&mut fields, d), extra: fields.finish(d) })
    });
    stage.on_failure = fields.inner(d, "onFailure", on_failure);
    stage.extra = fields.finish(d);
    Some(stage)
}

fn on_failure(d: D<'_, '_, '_>, node: &Node, path: &str) -> Option<OnFailure> {
    let mut fields = d.open(node, &format!("`{}`", d.naming.word("onFailure")), path)?;
    Some(OnFailure {
        result: fields.word(d, "result"),
        retry_configuration: fields.inner(d, "retryConfiguration", |d, node, path| {
            let mut fields = d.open(node, "the retry configuration", path)?;
            Some(RetryConfiguration { retry_mode: fields.word(d, "retryMode"), extra: fields.finish(d) })
        }),
        conditions: fields.list(d, "conditions", condition),
        extra: fields.finish(d),
    })
}

fn required_conditions(fields: &mut Fields<'_>, d: D<'_, '_, '_>) -> Vec<Condition> {
    let Some(field) = fields.require(d, "conditions") else { return Vec::new() };
    let items = fields.listed(d, "conditions", field);
    items.into_iter().filter_map(|(node, path)| condition(d, node, &path)).collect()
}

fn condition(d: D<'_, '_, '_>, node: &Node, path: &str) -> Option<Condition> {
    let mut fields = d.open(node, "the condition", path)?;
    Some(Condition {
        result: fields.word(d, "result"),
        rules: fields.list(d, "rules", condition_rule),
        extra: fields.finish(d),
    })
}

fn condition_rule(d: D<'_, '_, '_>, node: &Node, path: &str) -> Option<ConditionRule> {
    let mut fields = d.open(node, "the rule", path)?;
    Some(ConditionRule {
        name: fields.required_text(d, "name"),
        rule_type_id: fields.required_inner(d, "ruleTypeId", rule_type_id).unwrap_or_default(),
        configuration: fields.config(d, "configuration"),
        commands: fields.texts(d, "commands"),
        input_artifacts: fields.list(d, "inputArtifacts", input_artifact),
        role_arn: fields.text(d, "roleArn"),
        region: fields.text(d, "region"),
        timeout_in_minutes: fields.number(d, "timeoutInMinutes"),
        extra: fields.finish(d),
    })
}

fn rule_type_id(d: D<'_, '_, '_>, node: &Node, path: &str) -> Option<RuleTypeId> {
    let mut fields = d.open(node, "the rule type", path)?;
    Some(RuleTypeId {
        category: fields.required_text(d, "category"),
        owner: fields.text(d, "owner"),
        provider: fields.required_text(d, "provider"),
        version: fields.text(d, "version"),
        extra: fields.finish(d),
    })
}

fn action(d: D<'_, '_, '_>, node: &Node, path: &str) -> Option<Action> {
    let mut fields = d.open(node, "the action", path)?;
    let name = fields.required_text(d, "name");
    let id = fields.required_inner(d, "actionTypeId", action_type_id);
    let mut action = Action::new(name, id.unwrap_or_default());
    action.run_order = fields.number(d, "runOrder");
    action.configuration = fields.config(d, "configuration");
    action.commands = fields.texts(d, "commands");
    action.output_artifacts = fields.list(d, "outputArtifacts", |d, node, path| {
        let mut fields = d.open(node, "the output artifact", path)?;
        let mut artifact = OutputArtifact::new(fields.required_text(d, "name"));
        artifact.files = fields.texts(d, "files");
        artifact.extra = fields.finish(d);
        Some(artifact)
    });
    action.input_artifacts = fields.list(d, "inputArtifacts", input_artifact);
    action.output_variables = fields.texts(d, "outputVariables");
    action.role_arn = fields.text(d, "roleArn");
    action.region = fields.text(d, "region");
    action.namespace = fields.text(d, "namespace");
    action.timeout_in_minutes = fields.number(d, "timeoutInMinutes");
    action.environment_variables = fields.list(d, "environmentVariables", |d, node, path| {
        let mut fields = d.open(node, "the environment variable", path)?;
        Some(EnvironmentVariable {
            name: fields.required_text(d, "name"),
            value: fields.required_text(d, "value"),
            kind: fields.word(d, "type"),
            extra: fields.finish(d),
        })
    });
    action.extra = fields.finish(d);
    action.hide_secrets();
    Some(action)
}

fn action_type_id(d: D<'_, '_, '_>, node: &Node, path: &str) -> Option<ActionTypeId> {
    let mut fields = d.open(node, "the action type", path)?;
    let category = fields.required_text(d, "category");
    let owner = fields.required_text(d, "owner");
    let provider = fields.required_text(d, "provider");
    let version = fields.required_text(d, "version");
    let mut id = ActionTypeId::new(category, owner, provider, version);
    id.extra = fields.finish(d);
    Some(id)
}

fn input_artifact(d: D<'_, '_, '_>, node: &Node, path: &str) -> Option<InputArtifact> {
    let mut fields = d.open(node, "the input artifact", path)?;
    let mut artifact = InputArtifact::new(fields.required_text(d, "name"));
    artifact.extra = fields.finish(d);
    Some(artifact)
}

fn trigger(d: D<'_, '_, '_>, node: &Node, path: &str) -> Option<Trigger> {
    let mut fields = d.open(node, "the trigger", path)?;
    Some(Trigger {
        provider_type: fields.required_text(d, "providerType"),
        git_configuration: fields.inner(d, "gitConfiguration", |d, node, path| {
            let mut fields = d.open(node, "the Git configuration", path)?;
            Some(GitConfiguration {
                source_action_name: fields.required_text(d, "sourceActionName"),
                push: fields.list(d, "push", |d, node, path| {
                    let mut fields = d.open(node, "the push filter", path)?;
                    Some(PushFilter {
                        tags: fields.inner(d, "tags", patterns),
                        branches: fields.inner(d, "branches", patterns),
                        file_paths: fields.inner(d, "filePaths", patterns),
                        extra: fields.finish(d),
                    })
                }),
                pull_request: fields.list(d, "pullRequest", |d, node, path| {
                    let mut fields = d.open(node, "the pull request filter", path)?;
                    Some(PullRequestFilter {
                        events: fields.texts(d, "events"),
                        branches: fields.inner(d, "branches", patterns),
                        file_paths: fields.inner(d, "filePaths", patterns),
                        extra: fields.finish(d),
                    })
                }),
                extra: fields.finish(d),
            })
        }),
        extra: fields.finish(d),
    })
}

fn patterns(d: D<'_, '_, '_>, node: &Node, path: &str) -> Option<Patterns> {
    let mut fields = d.open(node, "the filter", path)?;
    Some(Patterns {
        includes: fields.texts(d, "includes"),
        excludes: fields.texts(d, "excludes"),
        extra: fields.finish(d),
    })
}
