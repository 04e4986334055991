//! What a provider is given and what it answers: the shape of a CodePipeline job.
//!
//! The same provider can therefore run in the local runner and as a job worker for a custom action on CodePipeline.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use aws_call::{Clock, Env, IdSource};
use pipeline_model::actions::BUILTIN;
use pipeline_model::model::{Action, ActionTypeId, ConfigValue, EnvironmentVariableType};

use crate::Error;
use crate::artifact::{ArtifactStore, inside};
use crate::cancel::Cancel;
use crate::core::{ActionStart, Compute, FailureKind};

/// Runs actions of one or several action types.
///
/// ```
/// use async_trait::async_trait;
/// use pipeline_model::model::ActionTypeId;
/// use pipeline_runner::{ActionJob, ActionOutcome, ActionProvider, JobContext};
///
/// #[derive(Debug)]
/// struct Greet;
///
/// #[async_trait]
/// impl ActionProvider for Greet {
///     fn action_types(&self) -> Vec<ActionTypeId> {
///         vec![ActionTypeId::new("Invoke", "Custom", "Greet", "1")]
///     }
///
///     async fn run(&self, job: ActionJob, cx: &JobContext) -> ActionOutcome {
///         let name = match job.required("Name") {
///             Ok(name) => name,
///             Err(outcome) => return outcome,
///         };
///         cx.log(&format!("hello, {name}"));
///         ActionOutcome::succeeded().with_variable("Greeted", name)
///     }
/// }
/// ```
#[async_trait]
pub trait ActionProvider: fmt::Debug + Send + Sync {
    /// The action types it runs. Versions are told apart.
    fn action_types(&self) -> Vec<ActionTypeId>;

    /// Does the work. Inputs are read and outputs written through `cx`; dropping the future gives the work up.
    async fn run(&self, job: ActionJob, cx: &JobContext) -> ActionOutcome;
}

const _: fn(&dyn ActionProvider) = |_| ();

/// One action to run.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ActionJob {
    /// Action run.
    pub id: String,
    /// Execution of the pipeline.
    pub execution: String,
    /// Pipeline name.
    pub pipeline: String,
    /// Stage.
    pub stage: String,
    /// Action.
    pub action: String,
    /// Action type.
    pub action_type: ActionTypeId,
    /// Configuration with every `#{…}` resolved.
    pub configuration: BTreeMap<String, ConfigValue>,
    /// Input artifacts: name and key in the store.
    pub inputs: Vec<(String, String)>,
    /// Output artifacts to write: name and key in the store.
    pub outputs: Vec<(String, String)>,
    /// Revision asked for, for source actions.
    pub revision: Option<String>,
    /// Revision of the execution's first source.
    pub source_version: Option<String>,
    /// What the last [`ActionOutcome::Continue`] of this action carried.
    pub continuation: Option<String>,
    /// Role to work under, where the action names one.
    pub role_arn: Option<String>,
    /// Region to work in, where the action names one.
    pub region: Option<String>,
    /// What only compute actions have.
    pub compute: Compute,
    /// It was in flight when an earlier runner ended, and may have done some of its work already.
    pub interrupted: bool,
    /// Which execution of the pipeline this is, from 1.
    pub ordinal: u32,
    /// Which run of the action in its execution this is, from 1.
    pub attempt: u32,
}

impl ActionJob {
    /// A job of an action as it is declared, for tests of a provider and for hosts of one's own. Artifacts have the keys
    /// `<job>/<name>`; everything else can be set, as the fields are public.
    pub fn of(id: impl Into<String>, action: &Action) -> Self {
        let id = id.into();
        let key = |name: &String| (name.clone(), format!("{id}/{name}"));
        let environment = action.environment_variables.iter().map(|variable| {
            let secret = variable.kind == Some(EnvironmentVariableType::SecretsManager);
            (variable.name.clone(), variable.value.clone(), secret)
        });
        Self {
            execution: String::new(),
            pipeline: String::new(),
            stage: String::new(),
            action: action.name.clone(),
            action_type: action.action_type_id.clone(),
            configuration: (*action.configuration).clone(),
            inputs: action.input_artifacts.iter().map(|artifact| key(&artifact.name)).collect(),
            outputs: action.output_artifacts.iter().map(|artifact| key(&artifact.name)).collect(),
            revision: None,
            source_version: None,
            continuation: None,
            role_arn: action.role_arn.clone(),
            region: action.region.clone(),
            compute: Compute {
                commands: action.commands.to_vec(),
                environment: environment.collect(),
                output_variables: action.output_variables.to_vec(),
                files: action.output_artifacts.iter().map(|artifact| artifact.files.to_vec()).collect(),
            },
            interrupted: false,
            ordinal: 1,
            attempt: 1,
            id,
        }
    }

    pub(crate) fn new(pipeline: &str, start: &ActionStart) -> Self {
        Self {
            id: start.id.clone(),
            execution: start.execution.clone(),
            pipeline: pipeline.to_owned(),
            stage: start.stage.clone(),
            action: start.name.clone(),
            action_type: start.action_type.clone(),
            configuration: start.configuration.clone(),
            inputs: start.inputs.clone(),
            outputs: start.outputs.clone(),
            revision: start.revision.clone(),
            source_version: start.source_version.clone(),
            continuation: start.continuation.clone(),
            role_arn: start.role_arn.clone(),
            region: start.region.clone(),
            compute: start.compute.clone(),
            interrupted: start.interrupted,
            ordinal: start.ordinal,
            attempt: start.attempt,
        }
    }

    /// The first input artifact, for actions that work on one: name and key.
    ///
    /// # Errors
    /// The outcome to answer with, when there is none.
    pub fn input(&self) -> Result<(&str, &str), ActionOutcome> {
        let first = self.inputs.first().map(|(name, key)| (name.as_str(), key.as_str()));
        first.ok_or_else(|| ActionOutcome::misconfigured("the action needs an input artifact: give it one"))
    }

    /// The key of an input artifact.
    ///
    /// # Errors
    /// The outcome to answer with, when the action has no such input.
    pub fn input_named(&self, name: &str) -> Result<(&str, &str), ActionOutcome> {
        let found = self.inputs.iter().find(|(known, _)| known == name);
        found.map(|(name, key)| (name.as_str(), key.as_str())).ok_or_else(|| {
            let known: Vec<_> = self.inputs.iter().map(|(name, _)| name.as_str()).collect();
            ActionOutcome::misconfigured(format!(
                "artifact `{}` is no input artifact of action '{}' (its inputs: {}): add it",
                name.escape_debug(),
                self.action,
                known.join(", ")
            ))
        })
    }

    /// The key of the first output artifact.
    ///
    /// # Errors
    /// The outcome to answer with, when there is none.
    pub fn output(&self) -> Result<&str, ActionOutcome> {
        let first = self.outputs.first().map(|(_, key)| key.as_str());
        first.ok_or_else(|| ActionOutcome::misconfigured("the action needs an output artifact: give it one"))
    }

    /// A configuration value.
    pub fn config(&self, key: &str) -> Option<&str> {
        self.configuration.get(key).map(ConfigValue::expose)
    }

    /// Whether a configuration value says `true`, in whatever case.
    pub fn flag(&self, key: &str) -> bool {
        self.config(key).is_some_and(|value| value.eq_ignore_ascii_case("true"))
    }

    /// A configuration value that names a file within an artifact, without `.` and `..`; `default` without the key.
    ///
    /// # Errors
    /// The outcome to answer with, when the path leaves the artifact.
    pub fn file_in_artifact(&self, key: &str, default: &str) -> Result<PathBuf, ActionOutcome> {
        let path = self.config(key).unwrap_or(default);
        inside(Path::new(path)).ok_or_else(|| {
            ActionOutcome::misconfigured(format!(
                "`{key}` `{}` leaves the artifact: name a file within it",
                path.escape_debug()
            ))
        })
    }

    /// Checks that every key is there which the catalogue of action types requires; for providers that do not need the
    /// values themselves.
    ///
    /// # Errors
    /// The outcome to answer with, naming the first missing key.
    pub fn check_required(&self) -> Result<(), ActionOutcome> {
        let Some(known) = BUILTIN.iter().find(|known| known.id().is(&self.action_type)) else { return Ok(()) };
        known.config().iter().filter(|key| key.required).try_for_each(|key| self.required(key.name).map(drop))
    }

    /// A configuration value that must be there.
    ///
    /// # Errors
    /// The outcome to answer with, naming the key.
    pub fn required(&self, key: &str) -> Result<&str, ActionOutcome> {
        self.config(key).ok_or_else(|| {
            ActionOutcome::misconfigured(format!(
                "Action configuration for action '{}' is missing required configuration '{key}'",
                self.action
            ))
        })
    }
}

/// How a job ended, or that it has not yet.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub enum ActionOutcome {
    /// The work is done.
    Succeeded {
        /// Output variables of the action's namespace.
        variables: BTreeMap<String, String>,
        /// What was done, in a sentence.
        summary: Option<String>,
        /// Id in the service that did the work.
        external_id: Option<String>,
        /// Source actions: the revision delivered.
        revision: Option<String>,
    },
    /// The work failed.
    Failed {
        /// Class of the failure.
        kind: FailureKind,
        /// What happened, where, and what to do next.
        message: String,
        /// Id in the service that did the work.
        external_id: Option<String>,
    },
    /// Not over yet: run again with this token.
    Continue {
        /// Comes back as [`ActionJob::continuation`].
        token: String,
        /// When to run again. Zero is at once, and also for an action that is given up in this moment: what it has begun
        /// elsewhere is then its to end.
        after: Duration,
    },
}

impl ActionOutcome {
    /// Success without variables.
    pub fn succeeded() -> Self {
        Self::Succeeded { variables: BTreeMap::new(), summary: None, external_id: None, revision: None }
    }

    /// The work failed.
    pub fn failed(message: impl Into<String>) -> Self {
        Self::Failed { kind: FailureKind::JobFailed, message: message.into(), external_id: None }
    }

    /// The configuration cannot work.
    pub fn misconfigured(message: impl Into<String>) -> Self {
        Self::Failed { kind: FailureKind::ConfigurationError, message: message.into(), external_id: None }
    }

    /// Adds an output variable to a success.
    pub fn with_variable(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        if let Self::Succeeded { variables, .. } = &mut self {
            variables.insert(name.into(), value.into());
        }
        self
    }

    /// Tells what a success did.
    pub fn with_summary(mut self, text: impl Into<String>) -> Self {
        if let Self::Succeeded { summary, .. } = &mut self {
            *summary = Some(text.into());
        }
        self
    }

    /// Names the revision that a source delivered.
    pub fn with_revision(mut self, id: impl Into<String>) -> Self {
        if let Self::Succeeded { revision, .. } = &mut self {
            *revision = Some(id.into());
        }
        self
    }

    /// Names the build, deployment or push behind the outcome.
    pub fn with_external_id(mut self, id: impl Into<String>) -> Self {
        match &mut self {
            Self::Succeeded { external_id, .. } | Self::Failed { external_id, .. } => *external_id = Some(id.into()),
            Self::Continue { .. } => {}
        }
        self
    }
}

/// Lets a provider leave early with `?` when an artifact cannot be had.
impl From<Error> for ActionOutcome {
    fn from(error: Error) -> Self {
        Self::Failed { kind: error.failure_kind(), message: error.to_string(), external_id: None }
    }
}

/// Takes the lines that an action prints.
pub type LogSink = Arc<dyn Fn(&str) + Send + Sync>;

/// The world as a provider sees it.
#[derive(Clone)]
#[non_exhaustive]
pub struct JobContext {
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub ids: Arc<dyn IdSource>,
    /// Environment of the caller.
    pub env: Arc<dyn Env>,
    /// Set when the action is given up.
    pub cancel: Cancel,
    artifacts: Arc<dyn ArtifactStore>,
    workspace: PathBuf,
    log: LogSink,
}

impl fmt::Debug for JobContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JobContext").field("workspace", &self.workspace).finish_non_exhaustive()
    }
}

impl JobContext {
    /// A context for one job; `workspace` is a directory of its own.
    pub fn new(
        artifacts: Arc<dyn ArtifactStore>,
        workspace: PathBuf,
        world: (Arc<dyn Clock>, Arc<dyn IdSource>, Arc<dyn Env>),
        cancel: Cancel,
        log: LogSink,
    ) -> Self {
        let (clock, ids, env) = world;
        Self { clock, ids, env, cancel, artifacts, workspace, log }
    }

    /// A directory that no other job uses.
    pub fn workspace(&self) -> &Path {
        &self.workspace
    }

    /// Prints a line to the action's log.
    pub fn log(&self, line: &str) {
        (self.log)(line);
    }

    /// The log as a value that can go to another thread.
    pub fn log_sink(&self) -> LogSink {
        Arc::clone(&self.log)
    }

    /// Unpacks an input artifact into a new directory of the workspace.
    ///
    /// # Errors
    /// The artifact is not in the store, or is no good archive.
    pub async fn unpack(&self, name: &str, key: &str) -> Result<PathBuf, Error> {
        let directory = self.workspace.join("in").join(name);
        self.artifacts.unpack(key, &directory).await?;
        Ok(directory)
    }

    /// Where the artifact of this key lies, as the store tells it: a path, or `s3://bucket/key`.
    pub fn locate(&self, key: &str) -> String {
        self.artifacts.locate(key)
    }

    /// Packs a directory as the output artifact of this key.
    ///
    /// # Errors
    /// The directory cannot be read, or the store cannot be written.
    pub async fn pack(&self, key: &str, directory: &Path) -> Result<(), Error> {
        self.artifacts.pack(key, directory).await
    }
}
