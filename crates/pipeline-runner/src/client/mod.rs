//! The services that actions need beside those of the sister crates, as one role each: objects,
//! functions, state machines, jobs of custom actions.
//!
//! [`Buckets`] and [`Commands`] play the first two on this machine. Feature `sdk` has the adapters over AWS's SDK. Whoever
//! has another store of objects, or another place where functions run, implements the role.

mod buckets;
mod commands;
mod jobs;
#[cfg(feature = "memory")]
mod memory_jobs;
#[cfg(feature = "sdk")]
pub mod sdk;

use std::fmt::Debug;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use aws_call::CallError;
use serde_json::Value as Json;

pub use self::buckets::Buckets;
pub use self::commands::{Commands, Function};
pub use self::jobs::{
    ActionProperty, CustomActions, Job, JobArtifact, JobFailure, JobSuccess, Jobs, NewActionType, PollForJobs,
    SessionCredentials,
};
#[cfg(feature = "memory")]
pub use self::memory_jobs::{JobEnd, MemoryJobs};

/// Keeps objects in buckets, as S3 does.
#[async_trait]
pub trait Objects: Debug + Send + Sync {
    /// Writes an object, its newest version or the one named, to `file`, which is replaced.
    ///
    /// # Errors
    /// `NoSuchBucket`, `NoSuchKey`, `NoSuchVersion` and failures of the call.
    async fn get_object(&self, request: &GetObject, file: &Path) -> Result<ObjectVersion, CallError>;

    /// Stores a file as an object.
    ///
    /// # Errors
    /// `NoSuchBucket` and failures of the call; the object is then as it was before.
    async fn put_object(&self, request: &PutObject) -> Result<ObjectVersion, CallError>;
}

/// Keeps functions and calls them, as Lambda does.
#[async_trait]
pub trait Functions: Debug + Send + Sync {
    /// Calls a function and waits for its answer. A function that fails is no error: see [`Invoked::error`].
    ///
    /// # Errors
    /// `ResourceNotFoundException` and failures of the call.
    async fn invoke(&self, request: &InvokeFunction) -> Result<Invoked, CallError>;

    /// Publishes a zip archive as a new version and gives its number, once the version can be called.
    ///
    /// # Errors
    /// `ResourceNotFoundException`, `InvalidZipFileException` and failures of the call.
    async fn publish(&self, function: &str, archive: &Path) -> Result<String, CallError>;

    /// Points an alias at a version.
    ///
    /// # Errors
    /// `ResourceNotFoundException` for the function, the alias or the version, and failures of the call.
    async fn point_alias(&self, function: &str, alias: &str, version: &str) -> Result<(), CallError>;
}

/// Runs state machines, as Step Functions does.
#[async_trait]
pub trait StateMachines: Debug + Send + Sync {
    /// Starts an execution and gives its ARN.
    ///
    /// # Errors
    /// `StateMachineDoesNotExist`, `ExecutionAlreadyExists`, `InvalidExecutionInput` and failures of the call.
    async fn start_execution(&self, machine: &str, name: &str, input: &str) -> Result<String, CallError>;

    /// How an execution stands.
    ///
    /// # Errors
    /// `ExecutionDoesNotExist` and failures of the call.
    async fn describe_execution(&self, execution: &str) -> Result<MachineRun, CallError>;
}

const _: fn(&dyn Objects, &dyn Functions, &dyn StateMachines) = |_, _, _| ();

/// Which object.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct GetObject {
    /// Its bucket.
    pub bucket: String,
    /// Its key.
    pub key: String,
    /// Which of its versions; the newest if none is named.
    pub version: Option<String>,
}

impl GetObject {
    /// The newest version of an object.
    pub fn new(bucket: impl Into<String>, key: impl Into<String>) -> Self {
        Self { bucket: bucket.into(), key: key.into(), version: None }
    }

    /// This version.
    #[must_use]
    pub fn with_version(mut self, version: impl Into<String>) -> Self {
        self.version = Some(version.into());
        self
    }
}

/// What to store where.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PutObject {
    /// The bucket.
    pub bucket: String,
    /// The key.
    pub key: String,
    /// The file that holds the content.
    pub file: PathBuf,
    /// `Content-Type`
    pub content_type: Option<String>,
    /// `Cache-Control`
    pub cache_control: Option<String>,
    /// A canned ACL, such as `public-read`.
    pub acl: Option<String>,
    /// The key of KMS to encrypt with.
    pub kms_key: Option<String>,
}

impl PutObject {
    /// A file with nothing said about it.
    pub fn new(bucket: impl Into<String>, key: impl Into<String>, file: impl Into<PathBuf>) -> Self {
        Self {
            bucket: bucket.into(),
            key: key.into(),
            file: file.into(),
            content_type: None,
            cache_control: None,
            acl: None,
            kms_key: None,
        }
    }
}

/// The version of an object that was read or written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ObjectVersion {
    /// `VersionId`; none where the bucket keeps no versions.
    pub version: Option<String>,
    /// `ETag`, without quotation marks.
    pub e_tag: Option<String>,
}

impl ObjectVersion {
    /// A version from its two parts.
    #[must_use]
    pub const fn new(version: Option<String>, e_tag: Option<String>) -> Self {
        Self { version, e_tag }
    }
}

/// Which function, with what.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct InvokeFunction {
    /// Its name, or its ARN.
    pub function: String,
    /// The event.
    pub payload: Json,
}

impl InvokeFunction {
    /// A call from its two parts.
    pub fn new(function: impl Into<String>, payload: Json) -> Self {
        Self { function: function.into(), payload }
    }
}

/// What a function answered.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Invoked {
    /// The answer, or what the failure looked like.
    pub payload: Json,
    /// Why the function failed, if it did: never a success then.
    pub error: Option<String>,
    /// The end of its log, line by line.
    pub log: Vec<String>,
}

impl Invoked {
    /// An answer.
    #[must_use]
    pub const fn answered(payload: Json) -> Self {
        Self { payload, error: None, log: Vec::new() }
    }

    /// A failure.
    pub fn failed(error: impl Into<String>) -> Self {
        Self { error: Some(error.into()), ..Self::default() }
    }
}

/// How an execution of a state machine stands.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct MachineRun {
    /// `RUNNING`, `SUCCEEDED`, `FAILED`, `TIMED_OUT` or `ABORTED`; words that nobody knows are kept.
    pub status: String,
    /// What it gave, as JSON text.
    pub output: Option<String>,
    /// Error and cause, if it failed.
    pub failure: Option<String>,
}

impl MachineRun {
    /// A run in this state.
    pub fn new(status: impl Into<String>) -> Self {
        Self { status: status.into(), output: None, failure: None }
    }

    /// With what it gave.
    #[must_use]
    pub fn with_output(mut self, output: impl Into<String>) -> Self {
        self.output = Some(output.into());
        self
    }

    /// With why it failed.
    #[must_use]
    pub fn with_failure(mut self, failure: impl Into<String>) -> Self {
        self.failure = Some(failure.into());
        self
    }
}

#[async_trait]
impl<T: Objects + ?Sized> Objects for Arc<T> {
    async fn get_object(&self, request: &GetObject, file: &Path) -> Result<ObjectVersion, CallError> {
        (**self).get_object(request, file).await
    }

    async fn put_object(&self, request: &PutObject) -> Result<ObjectVersion, CallError> {
        (**self).put_object(request).await
    }
}

#[async_trait]
impl<T: Functions + ?Sized> Functions for Arc<T> {
    async fn invoke(&self, request: &InvokeFunction) -> Result<Invoked, CallError> {
        (**self).invoke(request).await
    }

    async fn publish(&self, function: &str, archive: &Path) -> Result<String, CallError> {
        (**self).publish(function, archive).await
    }

    async fn point_alias(&self, function: &str, alias: &str, version: &str) -> Result<(), CallError> {
        (**self).point_alias(function, alias, version).await
    }
}

#[async_trait]
impl<T: StateMachines + ?Sized> StateMachines for Arc<T> {
    async fn start_execution(&self, machine: &str, name: &str, input: &str) -> Result<String, CallError> {
        (**self).start_execution(machine, name, input).await
    }

    async fn describe_execution(&self, execution: &str) -> Result<MachineRun, CallError> {
        (**self).describe_execution(execution).await
    }
}
