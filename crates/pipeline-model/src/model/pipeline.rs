//! The declaration itself and what belongs to the pipeline as a whole.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::open::open_enum;
use super::{Action, Extra, Kept, Stage, Trigger};

/// A pipeline declaration: the `pipeline` structure of `create-pipeline`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Pipeline {
    /// The name, 1 to 100 characters of `[A-Za-z0-9.@\-_]`.
    #[serde(default)]
    pub name: String,
    /// The role that CodePipeline assumes.
    #[serde(default)]
    pub role_arn: String,
    /// The one artifact store of a pipeline in a single region.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub artifact_store: Option<ArtifactStore>,
    /// The artifact store of each region, for a pipeline with actions in several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub artifact_stores: Option<BTreeMap<String, ArtifactStore>>,
    /// The stages, in the order of execution.
    #[serde(default)]
    pub stages: Vec<Stage>,
    /// The revision of the declaration; the service counts it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<u32>,
    /// How executions share the pipeline; absent means `SUPERSEDED`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub execution_mode: Option<ExecutionMode>,
    /// V1 or V2; absent means V1 when a pipeline is created.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pipeline_type: Option<PipelineType>,
    /// Variables that a start may set.
    #[serde(default, skip_serializing_if = "Kept::is_absent")]
    pub variables: Kept<Vec<VariableDeclaration>>,
    /// What starts the pipeline, for connection sources.
    #[serde(default, skip_serializing_if = "Kept::is_absent")]
    pub triggers: Kept<Vec<Trigger>>,
    /// Fields this version does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

impl Pipeline {
    /// A pipeline without stages.
    pub fn new(name: impl Into<String>, role_arn: impl Into<String>) -> Self {
        Self { name: name.into(), role_arn: role_arn.into(), ..Self::default() }
    }

    /// The mode that holds: `SUPERSEDED` unless the declaration says otherwise.
    #[must_use]
    pub fn effective_mode(&self) -> ExecutionMode {
        self.execution_mode.clone().unwrap_or(ExecutionMode::Superseded)
    }

    /// Whether the declaration says V2. An absent type is V1, as when the service creates the pipeline.
    #[must_use]
    pub fn is_v2(&self) -> bool {
        self.pipeline_type == Some(PipelineType::V2)
    }

    /// The stage of that name.
    #[must_use]
    pub fn stage(&self, name: &str) -> Option<&Stage> {
        self.stages.iter().find(|stage| stage.name == name)
    }

    /// Every action with its stage, in declaration order.
    pub fn actions(&self) -> impl Iterator<Item = (&Stage, &Action)> {
        self.stages.iter().flat_map(|stage| stage.actions.iter().map(move |action| (stage, action)))
    }
}

/// Where artifacts lie.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ArtifactStore {
    /// The kind of store; only `S3` exists.
    #[serde(rename = "type", default)]
    pub kind: String,
    /// The bucket.
    #[serde(default)]
    pub location: String,
    /// The key that encrypts artifacts; absent means the account's default key for S3.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encryption_key: Option<EncryptionKey>,
    /// Fields this version does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

impl ArtifactStore {
    /// The store in an S3 bucket.
    pub fn s3(bucket: impl Into<String>) -> Self {
        Self { kind: "S3".to_owned(), location: bucket.into(), encryption_key: None, extra: Extra::new() }
    }
}

/// The key that encrypts the artifacts of a store.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct EncryptionKey {
    /// Key id, key ARN or alias ARN.
    #[serde(default)]
    pub id: String,
    /// The kind of key; only `KMS` exists.
    #[serde(rename = "type", default)]
    pub kind: String,
    /// Fields this version does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A variable that a start may set and actions refer to as `#{variables.name}`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct VariableDeclaration {
    /// The name, 1 to 128 characters of `[A-Za-z0-9@\-_]`.
    #[serde(default)]
    pub name: String,
    /// The value of executions that do not set one; without it the variable is required.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_value: Option<String>,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Fields this version does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

impl VariableDeclaration {
    /// A variable that each start must set.
    pub fn required(name: impl Into<String>) -> Self {
        Self { name: name.into(), ..Self::default() }
    }

    /// A variable with a default value.
    pub fn with_default(name: impl Into<String>, value: impl Into<String>) -> Self {
        Self { name: name.into(), default_value: Some(value.into()), ..Self::default() }
    }
}

open_enum! {
    /// How executions share the pipeline.
    pub enum ExecutionMode {
        /// A newer execution overtakes one that waits between stages.
        Superseded = "SUPERSEDED",
        /// Executions pass each stage in the order they were started.
        Queued = "QUEUED",
        /// Executions do not wait for one another.
        Parallel = "PARALLEL",
    }
}

open_enum! {
    /// The generation of the pipeline, which decides price and features.
    pub enum PipelineType {
        /// The first: no variables, triggers, conditions nor modes.
        V1 = "V1",
        /// The second: everything.
        V2 = "V2",
    }
}
