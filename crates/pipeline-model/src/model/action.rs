//! An action: what it is, in which order it runs, what it takes and gives.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::open::open_enum;
use super::{ConfigValue, Extra, Kept};
use crate::actions;

/// An action of a stage.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", remote = "Self")]
#[non_exhaustive]
pub struct Action {
    /// The name, unique in its stage.
    #[serde(default)]
    pub name: String,
    /// Which action type.
    #[serde(default)]
    pub action_type_id: ActionTypeId,
    /// The place among the actions of the stage; absent means 1. Equal numbers run together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run_order: Option<u32>,
    /// The settings of the action type.
    #[serde(default, skip_serializing_if = "Kept::is_absent_map")]
    pub configuration: Kept<BTreeMap<String, ConfigValue>>,
    /// Shell commands of a compute action.
    #[serde(default, skip_serializing_if = "Kept::is_absent")]
    pub commands: Kept<Vec<String>>,
    /// Artifacts the action gives.
    #[serde(default, skip_serializing_if = "Kept::is_absent")]
    pub output_artifacts: Kept<Vec<OutputArtifact>>,
    /// Artifacts the action takes.
    #[serde(default, skip_serializing_if = "Kept::is_absent")]
    pub input_artifacts: Kept<Vec<InputArtifact>>,
    /// Variables a compute action exports.
    #[serde(default, skip_serializing_if = "Kept::is_absent")]
    pub output_variables: Kept<Vec<String>>,
    /// The role the action assumes in place of the pipeline's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role_arn: Option<String>,
    /// The region it runs in; absent means the pipeline's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// The namespace under which later actions find its output variables.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// Minutes until a manual approval counts as failed, 5 to 86400.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_in_minutes: Option<u32>,
    /// Environment variables of a compute action.
    #[serde(default, skip_serializing_if = "Kept::is_absent")]
    pub environment_variables: Kept<Vec<EnvironmentVariable>>,
    /// Fields this version does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

impl Action {
    /// An action without settings and artifacts.
    pub fn new(name: impl Into<String>, action_type_id: ActionTypeId) -> Self {
        Self { name: name.into(), action_type_id, ..Self::default() }
    }

    /// The same action with a setting; hidden when the action type calls the key a secret.
    #[must_use]
    pub fn with_config(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.configuration.insert(key.into(), ConfigValue::new(value));
        self.hide_secrets();
        self
    }

    /// The same action with one more input artifact.
    #[must_use]
    pub fn with_input(mut self, name: impl Into<String>) -> Self {
        self.input_artifacts.push(InputArtifact::new(name));
        self
    }

    /// The same action with one more output artifact.
    #[must_use]
    pub fn with_output(mut self, name: impl Into<String>) -> Self {
        self.output_artifacts.push(OutputArtifact::new(name));
        self
    }

    /// The same action at that place in its stage.
    #[must_use]
    pub const fn with_run_order(mut self, run_order: u32) -> Self {
        self.run_order = Some(run_order);
        self
    }

    /// The same action with a namespace for its output variables.
    #[must_use]
    pub fn with_namespace(mut self, namespace: impl Into<String>) -> Self {
        self.namespace = Some(namespace.into());
        self
    }

    /// The run order that holds: 1 unless the declaration says otherwise.
    #[must_use]
    pub fn effective_run_order(&self) -> u32 {
        self.run_order.unwrap_or(1)
    }

    /// The text of a setting, secret or not.
    #[must_use]
    pub fn config(&self, key: &str) -> Option<&str> {
        self.configuration.get(key).map(ConfigValue::expose)
    }

    /// Hides each value whose key the action type calls a secret.
    ///
    /// Reading does this by itself; call it after filling `configuration` by hand.
    pub fn hide_secrets(&mut self) {
        for (key, value) in self.configuration.iter_mut() {
            if actions::is_secret(&self.action_type_id, key) {
                value.hide();
            }
        }
    }
}

// `remote = "Self"` above makes the derived code inherent functions, so that reading can hide secrets at the end.
impl Serialize for Action {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Self::serialize(self, serializer)
    }
}

impl<'de> Deserialize<'de> for Action {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut action = Self::deserialize(deserializer)?;
        action.hide_secrets();
        Ok(action)
    }
}

/// Category, owner, provider and version of an action type.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ActionTypeId {
    /// What kind of step it is.
    #[serde(default)]
    pub category: Category,
    /// Who made it.
    #[serde(default)]
    pub owner: Owner,
    /// The service or tool that does it.
    #[serde(default)]
    pub provider: String,
    /// Its version, mostly `1`.
    #[serde(default)]
    pub version: String,
    /// Fields this version does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

impl ActionTypeId {
    /// The id from its four words.
    pub fn new(
        category: impl Into<Category>,
        owner: impl Into<Owner>,
        provider: impl Into<String>,
        version: impl Into<String>,
    ) -> Self {
        Self {
            category: category.into(),
            owner: owner.into(),
            provider: provider.into(),
            version: version.into(),
            extra: Extra::new(),
        }
    }
}

impl Default for ActionTypeId {
    fn default() -> Self {
        Self::new(Category::default(), Owner::default(), "", "")
    }
}

impl fmt::Display for ActionTypeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}/{}", self.category, self.owner, self.provider, self.version)
    }
}

/// An artifact that an action takes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct InputArtifact {
    /// The name an earlier action gave it.
    #[serde(default)]
    pub name: String,
    /// Fields this version does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

impl InputArtifact {
    /// The artifact of that name.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), extra: Extra::new() }
    }
}

/// An artifact that an action gives.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct OutputArtifact {
    /// The name, unique in the pipeline.
    #[serde(default)]
    pub name: String,
    /// The files a compute action puts into it.
    #[serde(default, skip_serializing_if = "Kept::is_absent")]
    pub files: Kept<Vec<String>>,
    /// Fields this version does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

impl OutputArtifact {
    /// The artifact of that name.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), files: Kept::default(), extra: Extra::new() }
    }
}

/// An environment variable of a compute action.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct EnvironmentVariable {
    /// The name.
    #[serde(default)]
    pub name: String,
    /// The value, or the name of the secret.
    #[serde(default)]
    pub value: String,
    /// Whether `value` names a secret; absent means `PLAINTEXT`.
    #[serde(rename = "type", default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<EnvironmentVariableType>,
    /// Fields this version does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

open_enum! {
    /// What kind of step an action is.
    pub enum Category {
        /// Brings a revision in.
        Source = "Source",
        /// Builds.
        Build = "Build",
        /// Deploys.
        Deploy = "Deploy",
        /// Tests.
        Test = "Test",
        /// Calls something else.
        Invoke = "Invoke",
        /// Waits for a person.
        Approval = "Approval",
        /// Runs commands in an environment that CodePipeline manages.
        Compute = "Compute",
    }
}

open_enum! {
    /// Who made an action type.
    pub enum Owner {
        /// Amazon.
        Aws = "AWS",
        /// A partner.
        ThirdParty = "ThirdParty",
        /// The account's own.
        Custom = "Custom",
    }
}

open_enum! {
    /// How the value of an environment variable is meant.
    pub enum EnvironmentVariableType {
        /// As it stands.
        Plaintext = "PLAINTEXT",
        /// The name of a secret.
        SecretsManager = "SECRETS_MANAGER",
    }
}

impl Default for Category {
    fn default() -> Self {
        Self::Unknown(String::new())
    }
}

impl Default for Owner {
    fn default() -> Self {
        Self::Unknown(String::new())
    }
}
