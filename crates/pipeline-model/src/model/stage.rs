//! A stage and its gates: what must hold before it is entered, after it succeeds, and what follows a failure.

use serde::{Deserialize, Serialize};

use super::open::open_enum;
use super::{Action, Extra, InputArtifact, Kept};
use crate::model::ConfigValue;
use std::collections::BTreeMap;

/// A stage: actions that run in the order of their `runOrder`, behind up to three gates.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Stage {
    /// The name, unique in the pipeline.
    #[serde(default)]
    pub name: String,
    /// A relic that the API still carries.
    #[serde(default, skip_serializing_if = "Kept::is_absent")]
    pub blockers: Kept<Vec<Blocker>>,
    /// The actions.
    #[serde(default)]
    pub actions: Vec<Action>,
    /// What must hold before the stage is entered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before_entry: Option<BeforeEntry>,
    /// What must hold after the actions succeeded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_success: Option<OnSuccess>,
    /// What follows when an action failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_failure: Option<OnFailure>,
    /// Fields this version does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

impl Stage {
    /// A stage without actions.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), ..Self::default() }
    }

    /// The same stage with one more action.
    #[must_use]
    pub fn with_action(mut self, action: Action) -> Self {
        self.actions.push(action);
        self
    }

    /// The action of that name.
    #[must_use]
    pub fn action(&self, name: &str) -> Option<&Action> {
        self.actions.iter().find(|action| action.name == name)
    }

    /// Whether a condition stands at any of the three gates, or the failure gate says what to do.
    #[must_use]
    pub const fn has_gates(&self) -> bool {
        self.before_entry.is_some() || self.on_success.is_some() || self.on_failure.is_some()
    }
}

/// A blocker of a stage; of type `Schedule` only.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Blocker {
    /// The name.
    #[serde(default)]
    pub name: String,
    /// The kind; only `Schedule` exists.
    #[serde(rename = "type", default)]
    pub kind: String,
    /// Fields this version does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// The gate before a stage.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct BeforeEntry {
    /// Exactly one condition.
    #[serde(default)]
    pub conditions: Vec<Condition>,
    /// Fields this version does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// The gate after the actions of a stage succeeded.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct OnSuccess {
    /// Exactly one condition.
    #[serde(default)]
    pub conditions: Vec<Condition>,
    /// Fields this version does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// What follows a failure of the stage: a plain result, or conditions, never both.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct OnFailure {
    /// `ROLLBACK` or `RETRY`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<ConditionResult>,
    /// What a retry runs again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_configuration: Option<RetryConfiguration>,
    /// At most one condition.
    #[serde(default, skip_serializing_if = "Kept::is_absent")]
    pub conditions: Kept<Vec<Condition>>,
    /// Fields this version does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// How a stage is retried after a failure.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct RetryConfiguration {
    /// Which actions run again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_mode: Option<RetryMode>,
    /// Fields this version does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// Rules that must all hold, and what happens when they do not.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Condition {
    /// What happens when a rule does not hold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<ConditionResult>,
    /// One to five rules.
    #[serde(default, skip_serializing_if = "Kept::is_absent")]
    pub rules: Kept<Vec<ConditionRule>>,
    /// Fields this version does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// One rule of a condition, such as a deployment window or an alarm.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ConditionRule {
    /// The name.
    #[serde(default)]
    pub name: String,
    /// Which rule.
    #[serde(default)]
    pub rule_type_id: RuleTypeId,
    /// Its settings.
    #[serde(default, skip_serializing_if = "Kept::is_absent_map")]
    pub configuration: Kept<BTreeMap<String, ConfigValue>>,
    /// Commands of the rule of provider `Commands`.
    #[serde(default, skip_serializing_if = "Kept::is_absent")]
    pub commands: Kept<Vec<String>>,
    /// Artifacts the rule reads.
    #[serde(default, skip_serializing_if = "Kept::is_absent")]
    pub input_artifacts: Kept<Vec<InputArtifact>>,
    /// The role the rule assumes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role_arn: Option<String>,
    /// The region it runs in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// Minutes until it counts as failed, 5 to 86400.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_in_minutes: Option<u32>,
    /// Fields this version does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// Which rule: always category `Rule`, owner `AWS`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct RuleTypeId {
    /// `Rule`.
    #[serde(default)]
    pub category: String,
    /// `AWS`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// The provider, such as `DeploymentWindow`.
    #[serde(default)]
    pub provider: String,
    /// The version, `1`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Fields this version does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

open_enum! {
    /// What a gate does when it is not passed.
    pub enum ConditionResult {
        /// Back to the last execution that succeeded in this stage.
        Rollback = "ROLLBACK",
        /// The stage fails.
        Fail = "FAIL",
        /// The stage is tried once more.
        Retry = "RETRY",
        /// The stage is passed over.
        Skip = "SKIP",
    }
}

open_enum! {
    /// Which actions a retry runs again.
    pub enum RetryMode {
        /// Those that failed, and those that had not started.
        FailedActions = "FAILED_ACTIONS",
        /// All of the stage.
        AllActions = "ALL_ACTIONS",
    }
}
