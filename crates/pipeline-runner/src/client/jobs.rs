//! Jobs of custom actions as two roles: whoever runs them needs [`Jobs`], whoever sets the action type up [`CustomActions`].

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::Arc;

use async_trait::async_trait;
use aws_call::{CallError, Secret};
use pipeline_model::actions::ActionType;
use pipeline_model::model::ActionTypeId;

/// Gives jobs out and takes their results, as CodePipeline does for job workers.
#[async_trait]
pub trait Jobs: Debug + Send + Sync {
    /// Jobs that wait for a worker. Each comes with a nonce; whoever acknowledges it first has it.
    ///
    /// # Errors
    /// `ActionTypeNotFoundException` and failures of the call.
    async fn poll_for_jobs(&self, request: &PollForJobs) -> Result<Vec<Job>, CallError>;

    /// Takes a job and gives its status, which is `InProgress` for whoever has it.
    ///
    /// # Errors
    /// `JobNotFoundException`, `InvalidNonceException` and failures of the call.
    async fn acknowledge_job(&self, id: &str, nonce: &str) -> Result<String, CallError>;

    /// Ends a job well, or hands it back with a token to be continued.
    ///
    /// # Errors
    /// `JobNotFoundException`, `InvalidJobStateException`, `OutputVariablesSizeExceededException`, `ValidationException` and
    /// failures of the call.
    async fn put_job_success(&self, result: &JobSuccess) -> Result<(), CallError>;

    /// Ends a job badly.
    ///
    /// # Errors
    /// `JobNotFoundException`, `InvalidJobStateException`, `ValidationException` and failures of the call.
    async fn put_job_failure(&self, result: &JobFailure) -> Result<(), CallError>;
}

/// Keeps the account's own action types.
#[async_trait]
pub trait CustomActions: Debug + Send + Sync {
    /// Creates an action type.
    ///
    /// # Errors
    /// `ValidationException`, `LimitExceededException` and failures of the call.
    async fn create_custom_action_type(&self, new: &NewActionType) -> Result<(), CallError>;
}

const _: fn(&dyn Jobs, &dyn CustomActions) = |_, _| ();

/// Which jobs, and how many at most.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PollForJobs {
    /// The action type; its owner is `Custom`.
    pub action_type: ActionTypeId,
    /// How many at most.
    pub most: usize,
    /// Only jobs whose queryable property has this value.
    pub query: BTreeMap<String, String>,
}

impl PollForJobs {
    /// Jobs of this type.
    #[must_use]
    pub const fn new(action_type: ActionTypeId, most: usize) -> Self {
        Self { action_type, most, query: BTreeMap::new() }
    }
}

/// A job that waits for a worker.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Job {
    /// Its id.
    pub id: String,
    /// Says that the one who has it was given the job; never twice the same.
    pub nonce: String,
    /// The account of the pipeline.
    pub account: String,
    /// The action type.
    pub action_type: ActionTypeId,
    /// The action's configuration, secrets in the clear: hence the type.
    pub configuration: BTreeMap<String, Secret>,
    /// The pipeline.
    pub pipeline: String,
    /// The stage.
    pub stage: String,
    /// The action.
    pub action: String,
    /// The execution of the pipeline.
    pub execution: String,
    /// The execution of the action; the same for every job that continues it.
    pub action_execution: String,
    /// What it takes.
    pub inputs: Vec<JobArtifact>,
    /// What it is to give.
    pub outputs: Vec<JobArtifact>,
    /// Credentials for the artifacts, good for a few minutes.
    pub credentials: Option<SessionCredentials>,
    /// The key that artifacts are encrypted with, if it is not the bucket's own.
    pub encryption_key: Option<String>,
    /// What the worker left when it handed the job back.
    pub continuation: Option<String>,
}

impl Job {
    /// A job without configuration and artifacts.
    pub fn new(id: impl Into<String>, nonce: impl Into<String>, action_type: ActionTypeId) -> Self {
        Self {
            id: id.into(),
            nonce: nonce.into(),
            account: String::new(),
            action_type,
            configuration: BTreeMap::new(),
            pipeline: String::new(),
            stage: String::new(),
            action: String::new(),
            execution: String::new(),
            action_execution: String::new(),
            inputs: Vec::new(),
            outputs: Vec::new(),
            credentials: None,
            encryption_key: None,
            continuation: None,
        }
    }
}

/// An artifact and where it lies.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct JobArtifact {
    /// Its name.
    pub name: String,
    /// The bucket.
    pub bucket: String,
    /// The key in it.
    pub key: String,
}

impl JobArtifact {
    /// An artifact from its three parts.
    pub fn new(name: impl Into<String>, bucket: impl Into<String>, key: impl Into<String>) -> Self {
        Self { name: name.into(), bucket: bucket.into(), key: key.into() }
    }
}

/// Credentials that end by themselves.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SessionCredentials {
    /// The id of the key.
    pub access_key_id: Secret,
    /// The key.
    pub secret_access_key: Secret,
    /// The session.
    pub session_token: Secret,
}

impl SessionCredentials {
    /// Credentials from their three parts.
    #[must_use]
    pub const fn new(access_key_id: Secret, secret_access_key: Secret, session_token: Secret) -> Self {
        Self { access_key_id, secret_access_key, session_token }
    }
}

/// The good end of a job, or that it is to be continued.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct JobSuccess {
    /// Which job.
    pub id: String,
    /// Output variables; none with a token.
    pub variables: BTreeMap<String, String>,
    /// What was done, at most 2048 characters.
    pub summary: Option<String>,
    /// Id in the service that did the work.
    pub external_id: Option<String>,
    /// The revision that a source delivered.
    pub revision: Option<String>,
    /// Hands the job back: it comes again as another job with this token.
    pub continuation: Option<String>,
}

impl JobSuccess {
    /// A success without anything to tell.
    pub fn new(id: impl Into<String>) -> Self {
        Self { id: id.into(), ..Self::default() }
    }

    /// A job that is handed back.
    pub fn to_be_continued(id: impl Into<String>, token: impl Into<String>) -> Self {
        Self { continuation: Some(token.into()), ..Self::new(id) }
    }
}

/// The bad end of a job.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct JobFailure {
    /// Which job.
    pub id: String,
    /// `JobFailed`, `ConfigurationError`, `PermissionError`, `RevisionOutOfSync`, `RevisionUnavailable` or
    /// `SystemUnavailable`.
    pub kind: String,
    /// Why, at most 5000 characters.
    pub message: String,
    /// Id in the service that did the work.
    pub external_id: Option<String>,
}

impl JobFailure {
    /// A failure of a kind.
    pub fn new(id: impl Into<String>, kind: impl Into<String>, message: impl Into<String>) -> Self {
        Self { id: id.into(), kind: kind.into(), message: message.into(), external_id: None }
    }
}

/// An action type of one's own.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct NewActionType {
    /// What kind of step it is.
    pub category: String,
    /// Its provider.
    pub provider: String,
    /// Its version.
    pub version: String,
    /// The keys of its configuration, at most ten.
    pub properties: Vec<ActionProperty>,
    /// Fewest and most input artifacts, at most five.
    pub inputs: (u32, u32),
    /// Fewest and most output artifacts, at most five.
    pub outputs: (u32, u32),
}

/// A key of an action type's configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ActionProperty {
    /// The key.
    pub name: String,
    /// Whether it must be there.
    pub required: bool,
    /// Whether its value is hidden.
    pub secret: bool,
    /// Whether workers can ask for jobs by its value.
    pub queryable: bool,
    /// What it means.
    pub description: String,
}

impl ActionProperty {
    /// A key that must be there.
    pub fn required(name: impl Into<String>, description: impl Into<String>) -> Self {
        let (name, description) = (name.into(), description.into());
        Self { name, required: true, secret: false, queryable: false, description }
    }
}

impl NewActionType {
    /// An action type without keys and artifacts.
    pub fn new(category: impl Into<String>, provider: impl Into<String>, version: impl Into<String>) -> Self {
        Self {
            category: category.into(),
            provider: provider.into(),
            version: version.into(),
            properties: Vec::new(),
            inputs: (0, 0),
            outputs: (0, 0),
        }
    }

    /// The action type that a provider's description tells of. Artifacts are counted up to five, as the service does.
    #[must_use]
    pub fn of(description: &dyn ActionType) -> Self {
        let id = description.id();
        let count = |range: std::ops::RangeInclusive<usize>| {
            let bounded = |count: usize| u32::try_from(count.min(5)).unwrap_or(5);
            (bounded(*range.start()), bounded(*range.end()))
        };
        Self {
            category: id.category.to_owned(),
            provider: id.provider.to_owned(),
            version: id.version.to_owned(),
            properties: description
                .config()
                .iter()
                .map(|key| ActionProperty {
                    name: key.name.to_owned(),
                    required: key.required,
                    secret: key.secret,
                    queryable: false,
                    description: key.summary.to_owned(),
                })
                .collect(),
            inputs: count(description.inputs()),
            outputs: count(description.outputs()),
        }
    }

    /// Lets workers ask for jobs by the value of this key.
    #[must_use]
    pub fn queryable_by(mut self, key: &str) -> Self {
        self.properties.iter_mut().for_each(|property| property.queryable = property.name == key);
        self
    }
}

#[async_trait]
impl<T: Jobs + ?Sized> Jobs for Arc<T> {
    async fn poll_for_jobs(&self, request: &PollForJobs) -> Result<Vec<Job>, CallError> {
        (**self).poll_for_jobs(request).await
    }

    async fn acknowledge_job(&self, id: &str, nonce: &str) -> Result<String, CallError> {
        (**self).acknowledge_job(id, nonce).await
    }

    async fn put_job_success(&self, result: &JobSuccess) -> Result<(), CallError> {
        (**self).put_job_success(result).await
    }

    async fn put_job_failure(&self, result: &JobFailure) -> Result<(), CallError> {
        (**self).put_job_failure(result).await
    }
}

#[async_trait]
impl<T: CustomActions + ?Sized> CustomActions for Arc<T> {
    async fn create_custom_action_type(&self, new: &NewActionType) -> Result<(), CallError> {
        (**self).create_custom_action_type(new).await
    }
}
