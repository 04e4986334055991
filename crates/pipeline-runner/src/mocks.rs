//! Scripted outcomes in the place of actions: what a pipeline does when a deployment fails twice can be tried without
//! deploying anything.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use aws_call::Clock;
use jiff::SignedDuration;
use pipeline_model::model::{ActionTypeId, Pipeline};
use serde::Deserialize;

use crate::approval::{Answer, Approver};
use crate::artifact::inside;
use crate::core::{ApprovalRequest, FailureKind, Gate, rule_type};
use crate::job::{ActionJob, ActionOutcome, ActionProvider, JobContext};
use crate::providers::Providers;
use crate::{Error, Result};

/// Outcomes by action and attempt, from a TOML file. Of several lines for an action the most exact one counts.
///
/// ```
/// # fn main() -> pipeline_runner::Result<()> {
/// use pipeline_runner::mocks::Mocks;
///
/// let mocks = Mocks::parse("mocks.toml".as_ref(), r#"
///     [[mock]]
///     action = "Compile"
///     variables = { IMAGE_TAG = "v1" }
///     artifacts.Built = { "imagedefinitions.json" = "[]" }
///
///     [[mock]]
///     stage = "Deploy"
///     action = "Rollout"
///     attempt = 1                 # the second attempt of the same execution succeeds
///     outcome = "fail"
///     message = "the health checks did not pass"
///     delay = "30s"
///
///     [[mock]]
///     action = "Rollout"
/// "#)?;
/// # Ok(()) }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mocks(Arc<File>);

#[derive(Debug, PartialEq, Eq)]
struct File {
    path: PathBuf,
    mocks: Vec<Mock>,
}

#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    #[serde(default)]
    mock: Vec<Mock>,
}

/// One scripted outcome.
#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Mock {
    stage: Option<String>,
    /// Name of an action or of a rule.
    action: String,
    /// Which execution of the pipeline, from 1.
    execution: Option<u32>,
    /// Which run of the action in its execution, from 1.
    attempt: Option<u32>,
    #[serde(default)]
    outcome: Outcome,
    /// What a success did, or why it is a failure.
    message: Option<String>,
    /// Class of the failure.
    kind: Option<FailureKind>,
    external_id: Option<String>,
    /// What a source delivers.
    revision: Option<String>,
    #[serde(default)]
    variables: BTreeMap<String, String>,
    /// Files with their text, by output artifact. Artifacts that are not named are empty.
    #[serde(default)]
    artifacts: BTreeMap<String, BTreeMap<String, String>>,
    delay: Option<SignedDuration>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Outcome {
    #[default]
    Succeed,
    Fail,
}

impl Mocks {
    /// Reads a file's text; `path` is for messages.
    ///
    /// # Errors
    /// [`Error::Settings`] with line and column when the text is no such file, or names a file outside an artifact.
    pub fn parse(path: &Path, text: &str) -> Result<Self> {
        let invalid = |message: String| Error::Settings { path: path.to_owned(), message };
        let written: Written =
            toml::from_str(text).map_err(|error| invalid(error.to_string().trim_end().to_owned()))?;
        for mock in &written.mock {
            let mut files = mock.artifacts.values().flat_map(BTreeMap::keys);
            if let Some(file) = files.find(|file| inside(Path::new(file)).is_none()) {
                let file = file.escape_debug();
                return Err(invalid(format!(
                    "`{file}` of action `{}` leaves the artifact: name a file in it",
                    mock.action
                )));
            }
        }
        Ok(Self(Arc::new(File { path: path.to_owned(), mocks: written.mock })))
    }

    /// `inner`, with scripted actions of `pipeline` answered from here. An action type without a provider gets one when
    /// every action and rule of it is scripted.
    ///
    /// # Errors
    /// [`Error::Settings`] for a line that names no action or rule of the pipeline: it would never be used.
    pub fn providers(&self, pipeline: &Pipeline, inner: &Providers) -> Result<Providers> {
        /// Stage and name of all that has one type.
        type Of<'a> = (ActionTypeId, Vec<(&'a str, &'a str)>);

        let mut known: BTreeMap<String, Of<'_>> = BTreeMap::new();
        for stage in &pipeline.stages {
            let actions = stage.actions.iter().map(|action| (action.action_type_id.clone(), action.name.as_str()));
            let gates = [Gate::BeforeEntry, Gate::OnSuccess, Gate::OnFailure];
            let rules = gates.into_iter().filter_map(|gate| gate.condition(stage));
            let rules =
                rules.flat_map(|condition| condition.rules.iter()).map(|rule| (rule_type(rule), rule.name.as_str()));
            for (id, name) in actions.chain(rules) {
                let (_, names) = known.entry(id.to_string()).or_insert_with(|| (id, Vec::new()));
                names.push((&stage.name, name));
            }
        }
        for mock in &self.0.mocks {
            let mut names = known.values().flat_map(|(_, names)| names);
            if !names.any(|(stage, action)| mock.names(stage, action)) {
                let stage = mock.stage.as_ref().map(|stage| format!(" in stage `{stage}`")).unwrap_or_default();
                let message = format!("pipeline `{}` has no action or rule `{}`{stage}", pipeline.name, mock.action);
                return Err(Error::Settings { path: self.0.path.clone(), message });
            }
        }
        let mut providers = inner.clone();
        for (id, names) in known.into_values() {
            let scripted = |&(stage, action): &(&str, &str)| self.0.mocks.iter().any(|mock| mock.names(stage, action));
            let below = inner.get(&id);
            let covered = if below.is_some() { names.iter().any(scripted) } else { names.iter().all(scripted) };
            if covered && !crate::core::is_manual_approval(&id) {
                providers = providers.with(Mocked { id, mocks: self.clone(), below });
            }
        }
        Ok(providers)
    }

    /// `inner`, with scripted approvals answered from here.
    pub fn approver(&self, inner: Arc<dyn Approver>, clock: Arc<dyn Clock>) -> Arc<dyn Approver> {
        Arc::new(MockedApprover { mocks: self.clone(), inner, clock })
    }

    fn find(&self, stage: &str, action: &str, execution: u32, attempt: u32) -> Option<&Mock> {
        let fits = |mock: &&Mock| {
            mock.names(stage, action)
                && mock.execution.is_none_or(|wanted| wanted == execution)
                && mock.attempt.is_none_or(|wanted| wanted == attempt)
        };
        let exact = |mock: &&Mock| (mock.execution.is_some(), mock.attempt.is_some(), mock.stage.is_some());
        // Of equals the first one.
        self.0.mocks.iter().rev().filter(fits).max_by_key(exact)
    }
}

impl Mock {
    fn names(&self, stage: &str, action: &str) -> bool {
        self.action == action && self.stage.as_deref().is_none_or(|wanted| wanted == stage)
    }

    fn delay(&self) -> Duration {
        self.delay.map(|delay| delay.unsigned_abs()).unwrap_or_default()
    }

    fn message(&self) -> String {
        self.message.clone().unwrap_or_else(|| "told to fail".to_owned())
    }

    async fn write(&self, job: &ActionJob, cx: &JobContext) -> Result<()> {
        for (name, key) in &job.outputs {
            let directory = cx.workspace().join("out").join(name);
            std::fs::create_dir_all(&directory).map_err(|error| Error::file(&directory, error))?;
            for (file, text) in self.artifacts.get(name).into_iter().flatten() {
                let path = directory.join(file);
                let above = path.parent().unwrap_or(&directory);
                std::fs::create_dir_all(above).map_err(|error| Error::file(above, error))?;
                std::fs::write(&path, text).map_err(|error| Error::file(&path, error))?;
            }
            cx.pack(key, &directory).await?;
        }
        Ok(())
    }
}

#[derive(Debug)]
struct Mocked {
    id: ActionTypeId,
    mocks: Mocks,
    below: Option<Arc<dyn ActionProvider>>,
}

#[async_trait]
impl ActionProvider for Mocked {
    fn action_types(&self) -> Vec<ActionTypeId> {
        vec![self.id.clone()]
    }

    async fn run(&self, job: ActionJob, cx: &JobContext) -> ActionOutcome {
        let Some(mock) = self.mocks.find(&job.stage, &job.action, job.ordinal, job.attempt) else {
            let Some(below) = &self.below else {
                let (execution, attempt) = (job.ordinal, job.attempt);
                return ActionOutcome::misconfigured(format!(
                    "no line is for attempt {attempt} of execution {execution} of this action, and nothing else can run it here"
                ));
            };
            return below.run(job, cx).await;
        };
        let again = if job.interrupted { " again" } else { "" };
        cx.log(&format!("attempt {} of execution {}, scripted{again}: run {}", job.attempt, job.ordinal, job.id));
        tokio::select! {
            () = cx.clock.sleep(mock.delay()) => {}
            () = cx.cancel.cancelled() => return ActionOutcome::failed("given up"),
        }
        if mock.outcome == Outcome::Fail {
            let kind = mock.kind.unwrap_or(FailureKind::JobFailed);
            return ActionOutcome::Failed { kind, message: mock.message(), external_id: mock.external_id.clone() };
        }
        match mock.write(&job, cx).await {
            Err(error) => error.into(),
            Ok(()) => ActionOutcome::Succeeded {
                variables: mock.variables.clone(),
                summary: mock.message.clone(),
                external_id: mock.external_id.clone(),
                revision: mock.revision.clone(),
            },
        }
    }
}

#[derive(Debug)]
struct MockedApprover {
    mocks: Mocks,
    inner: Arc<dyn Approver>,
    clock: Arc<dyn Clock>,
}

#[async_trait]
impl Approver for MockedApprover {
    async fn ask(&self, request: &ApprovalRequest) -> Answer {
        let Some(mock) = self.mocks.find(&request.stage, &request.action, request.ordinal, request.attempt) else {
            return self.inner.ask(request).await;
        };
        self.clock.sleep(mock.delay()).await;
        match mock.outcome {
            Outcome::Fail => Answer::reject(mock.message()),
            Outcome::Succeed => Answer::approve(mock.message.clone().unwrap_or_else(|| "told to approve".to_owned())),
        }
    }
}
