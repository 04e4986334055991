//! The pipeline declaration as plain data, V1 and V2, in the field words of the CodePipeline API.
//!
//! Invariant: nothing a file says is lost. Fields this version does not know stay in `extra`, words it does not
//! know stay in the `Unknown` arm of their enumeration, and empty collections that were written are written again
//! ([`Kept`]). The only thing held back on purpose is a secret configuration value ([`ConfigValue`]).

mod action;
mod config;
mod kept;
mod open;
mod pipeline;
mod stage;
mod trigger;

use std::collections::BTreeMap;

pub use action::{
    Action, ActionTypeId, Category, EnvironmentVariable, EnvironmentVariableType, InputArtifact, OutputArtifact, Owner,
};
pub use config::{ConfigValue, REDACTED};
pub use kept::Kept;
pub(crate) use open::open_enum;
pub use pipeline::{ArtifactStore, EncryptionKey, ExecutionMode, Pipeline, PipelineType, VariableDeclaration};
pub use stage::{
    BeforeEntry, Blocker, Condition, ConditionResult, ConditionRule, OnFailure, OnSuccess, RetryConfiguration,
    RetryMode, RuleTypeId, Stage,
};
pub use trigger::{GitConfiguration, Patterns, PullRequestFilter, PushFilter, Trigger};

/// Fields that this version does not know, by their API name.
pub type Extra = BTreeMap<String, serde_json::Value>;
