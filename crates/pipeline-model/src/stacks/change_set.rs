//! Change sets: what an update would do, to be looked at before it is done.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use aws_call::CallError;

use super::StackInput;

/// What a program asks of CloudFormation about change sets.
#[async_trait]
pub trait ChangeSets: Send + Sync {
    /// Begins to compute a change set and gives its id. With [`creates`](ChangeSetInput::creates) a stack that does not
    /// exist is made, empty and in `REVIEW_IN_PROGRESS`.
    ///
    /// # Errors
    /// `AlreadyExistsException`, the `ValidationError`s of a wrong template and of a stack that is not there, or is there
    /// already, `InsufficientCapabilitiesException`, and failures of the call.
    async fn create_change_set(&self, input: &ChangeSetInput) -> Result<String, CallError>;

    /// A change set of a stack, by name or id.
    ///
    /// # Errors
    /// `ChangeSetNotFound`, and failures of the call.
    async fn describe_change_set(&self, stack: &str, name: &str) -> Result<ChangeSet, CallError>;

    /// Begins to do what a change set says; the stack's events tell how that goes. A token makes a request that is sent
    /// twice one request.
    ///
    /// # Errors
    /// `ChangeSetNotFound`, `InvalidChangeSetStatus`, and failures of the call.
    async fn execute_change_set(&self, stack: &str, name: &str, token: &str) -> Result<(), CallError>;

    /// Deletes a change set; one that does not exist is no error.
    ///
    /// # Errors
    /// The `ValidationError` of a stack that does not exist, `InvalidChangeSetStatus`, and failures of the call.
    async fn delete_change_set(&self, stack: &str, name: &str) -> Result<(), CallError>;
}

const _: fn(&dyn ChangeSets) = |_| ();

#[async_trait]
impl<T: ChangeSets + ?Sized> ChangeSets for Arc<T> {
    async fn create_change_set(&self, input: &ChangeSetInput) -> Result<String, CallError> {
        (**self).create_change_set(input).await
    }

    async fn describe_change_set(&self, stack: &str, name: &str) -> Result<ChangeSet, CallError> {
        (**self).describe_change_set(stack, name).await
    }

    async fn execute_change_set(&self, stack: &str, name: &str, token: &str) -> Result<(), CallError> {
        (**self).execute_change_set(stack, name, token).await
    }

    async fn delete_change_set(&self, stack: &str, name: &str) -> Result<(), CallError> {
        (**self).delete_change_set(stack, name).await
    }
}

/// A change set as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ChangeSetInput {
    /// The stack as it should be once the change set has been executed.
    pub stack: StackInput,
    /// The change set's name: letters, digits and dashes, a letter first, at most 128.
    pub name: String,
    /// Whether the stack is to be created (`ChangeSetType` `CREATE`, otherwise `UPDATE`).
    pub creates: bool,
}

impl ChangeSetInput {
    /// A change set for a stack that exists.
    pub fn new(stack: StackInput, name: impl Into<String>) -> Self {
        Self { stack, name: name.into(), creates: false }
    }

    /// The same change set for a stack that does not exist, or was only ever reviewed.
    #[must_use]
    pub const fn creating(mut self) -> Self {
        self.creates = true;
        self
    }
}

/// A change set as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ChangeSet {
    /// Its ARN.
    pub id: String,
    /// The ARN of its stack.
    pub stack_id: String,
    /// Its status: `CREATE_IN_PROGRESS`, `CREATE_COMPLETE`, `FAILED` and so on.
    pub status: String,
    /// Why it has this status.
    pub reason: Option<String>,
    /// What it would do.
    pub changes: Vec<ResourceChange>,
}

impl ChangeSet {
    /// A change set without changes.
    pub fn new(id: impl Into<String>, stack_id: impl Into<String>, status: impl Into<String>) -> Self {
        Self { id: id.into(), stack_id: stack_id.into(), status: status.into(), reason: None, changes: Vec::new() }
    }

    /// Whether it failed for the one reason that is none: the stack is what it should be. CloudFormation has no status of
    /// its own for that (the texts are those that the service gives).
    #[must_use]
    pub fn is_empty(&self) -> bool {
        let empty = ["didn't contain changes", "No updates are to be performed"];
        let reason = self.reason.as_deref().unwrap_or_default();
        self.status == "FAILED" && empty.iter().any(|text| reason.contains(text))
    }
}

/// What would become of a resource.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ResourceChange {
    /// `Add`, `Modify`, `Remove`, `Import` or `Dynamic`.
    pub action: String,
    /// The resource's name in the template.
    pub logical_id: String,
    /// Its type.
    pub kind: String,
    /// For `Modify`: whether another resource takes its place: `True`, `False` or `Conditional`.
    pub replacement: Option<String>,
}

impl ResourceChange {
    /// A change of a resource that is not replaced.
    pub fn new(action: impl Into<String>, logical_id: impl Into<String>, kind: impl Into<String>) -> Self {
        Self { action: action.into(), logical_id: logical_id.into(), kind: kind.into(), replacement: None }
    }
}

/// `Modify Bucket (AWS::S3::Bucket), replaced`
impl fmt::Display for ResourceChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} ({})", self.action, self.logical_id, self.kind)?;
        match self.replacement.as_deref() {
            Some("True") => f.write_str(", replaced"),
            Some("Conditional") => f.write_str(", perhaps replaced"),
            _ => Ok(()),
        }
    }
}
