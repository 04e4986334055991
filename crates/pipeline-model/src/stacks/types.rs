//! What is asked of CloudFormation, and what it answers.

use std::collections::BTreeMap;
use std::fmt;
use std::time::SystemTime;

use aws_call::Secret;

/// A stack as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StackInput {
    /// The name: letters, digits and dashes, a letter first, at most 128.
    pub name: String,
    /// The template, at most 51,200 bytes.
    pub template: String,
    /// Values of parameters. Those that are not here keep their default.
    pub parameters: BTreeMap<String, Parameter>,
    /// What the template may do beyond its own resources: `CAPABILITY_IAM` for roles, `CAPABILITY_NAMED_IAM` for roles
    /// with names of their own, `CAPABILITY_AUTO_EXPAND` for macros.
    pub capabilities: Vec<String>,
    /// Tags of the stack, which its resources get as well.
    pub tags: BTreeMap<String, String>,
    /// The role that CloudFormation assumes in place of the caller.
    pub role_arn: Option<String>,
    /// Makes a request that is sent twice one request; a deployer sets one where there is none.
    pub client_request_token: Option<String>,
}

/// The value of a parameter.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Parameter {
    /// This value. It may be a token, so it is never shown.
    Given(Secret),
    /// The value that the stack has, for updates.
    Previous,
}

impl StackInput {
    /// A stack without parameters.
    pub fn new(name: impl Into<String>, template: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            template: template.into(),
            parameters: BTreeMap::new(),
            capabilities: Vec::new(),
            tags: BTreeMap::new(),
            role_arn: None,
            client_request_token: None,
        }
    }

    /// The same stack with a value of a parameter.
    #[must_use]
    pub fn with_parameter(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.parameters.insert(name.into(), Parameter::Given(Secret::new(value)));
        self
    }

    /// The same stack whose parameter stays what it is.
    #[must_use]
    pub fn with_previous(mut self, name: impl Into<String>) -> Self {
        self.parameters.insert(name.into(), Parameter::Previous);
        self
    }

    /// The same stack with a capability.
    #[must_use]
    pub fn with_capability(mut self, capability: impl Into<String>) -> Self {
        self.capabilities.push(capability.into());
        self
    }

    /// The same stack with a tag.
    #[must_use]
    pub fn with_tag(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.tags.insert(key.into(), value.into());
        self
    }

    /// The same stack, asked for once however often it is sent.
    #[must_use]
    pub fn with_client_request_token(mut self, token: impl Into<String>) -> Self {
        self.client_request_token = Some(token.into());
        self
    }

    /// The same stack, made by a role.
    #[must_use]
    pub fn with_role(mut self, arn: impl Into<String>) -> Self {
        self.role_arn = Some(arn.into());
        self
    }
}

/// A stack as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stack {
    /// Its ARN.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its status: `CREATE_COMPLETE`, `UPDATE_ROLLBACK_IN_PROGRESS` and so on.
    pub status: String,
    /// Why it has this status.
    pub reason: Option<String>,
    /// What the template puts out.
    pub outputs: BTreeMap<String, String>,
}

impl Stack {
    /// A stack without outputs.
    pub fn new(id: impl Into<String>, name: impl Into<String>, status: impl Into<String>) -> Self {
        Self { id: id.into(), name: name.into(), status: status.into(), reason: None, outputs: BTreeMap::new() }
    }

    /// Whether something is under way.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        self.status.ends_with("_IN_PROGRESS") && self.status != "REVIEW_IN_PROGRESS"
    }
}

/// Something that happened to a stack or one of its resources.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StackEvent {
    /// Its id.
    pub id: String,
    /// When.
    pub at: SystemTime,
    /// The resource's name in the template; of the stack itself, its name.
    pub logical_id: String,
    /// What the resource is called; of the stack itself, its id.
    pub physical_id: Option<String>,
    /// The resource's type.
    pub kind: String,
    /// The status it has from now on.
    pub status: String,
    /// Why.
    pub reason: Option<String>,
}

impl StackEvent {
    /// An event without a reason.
    pub fn new(
        id: impl Into<String>,
        at: SystemTime,
        logical_id: impl Into<String>,
        kind: impl Into<String>,
        status: impl Into<String>,
    ) -> Self {
        Self {
            id: id.into(),
            at,
            logical_id: logical_id.into(),
            physical_id: None,
            kind: kind.into(),
            status: status.into(),
            reason: None,
        }
    }

    /// The same event about what is called so.
    #[must_use]
    pub fn with_physical_id(mut self, id: impl Into<String>) -> Self {
        self.physical_id = Some(id.into());
        self
    }

    /// The same event for a reason.
    #[must_use]
    pub fn with_reason(mut self, reason: impl Into<String>) -> Self {
        self.reason = Some(reason.into());
        self
    }
}

/// `Bucket (AWS::S3::Bucket) CREATE_FAILED: why`
impl fmt::Display for StackEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}) {}", self.logical_id, self.kind, self.status)?;
        self.reason.as_ref().map_or(Ok(()), |reason| write!(f, ": {reason}"))
    }
}
