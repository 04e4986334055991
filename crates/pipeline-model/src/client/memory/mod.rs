//! A CodePipeline without a network: it keeps declarations, checks them as the service does, and runs them as far as a
//! service without workers can.
//!
//! It refuses what the service refuses, with the same class and, where it is known, the same message; counts
//! versions; hides secrets; binds variables; knows tokens of starts and approvals; lets executions enter stages, wait for
//! one another and overtake one another by their mode; keeps a history; retries, rolls back and stops.
//!
//! What it does **not** do is work: an action runs until [`MemoryCodePipeline::end_action`] says how it ended, or ends by
//! itself after the time of [`MemoryCodePipeline::with_action_time`]. Conditions of stages cannot be evaluated here, so
//! starting a pipeline that has them answers [`Fault::Unsupported`]. The crate `pipeline-runner` runs pipelines in earnest.

mod advance;
mod again;
mod approvals;
mod declarations;
mod executions;
mod history;
mod record;
mod transitions;
mod webhooks;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use aws_call::{CallError, Clock, Fault, IdSource};

use super::{ActionError, ActionStatus, Execution};
use crate::model::Pipeline;
use crate::webhook::ListedWebhook;
use advance::Pace;
use record::Entry;

/// The account that ARNs and messages name unless another one is set.
const ACCOUNT: &str = "123456789012";

/// An in-memory CodePipeline; clones share their pipelines.
#[derive(Clone)]
pub struct MemoryCodePipeline {
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdSource>,
    account: String,
    region: String,
    /// How long a started execution cannot be seen yet.
    delay: Duration,
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    pipelines: BTreeMap<String, Entry>,
    webhooks: BTreeMap<String, Kept>,
    pace: Pace,
}

/// A webhook with its secret.
#[derive(Debug)]
struct Kept {
    listed: ListedWebhook,
    registered: bool,
}

impl fmt::Debug for MemoryCodePipeline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.lock();
        f.debug_struct("MemoryCodePipeline")
            .field("account", &self.account)
            .field("region", &self.region)
            .field("pipelines", &state.pipelines.keys().collect::<Vec<_>>())
            .field("webhooks", &state.webhooks.keys().collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}

impl MemoryCodePipeline {
    /// An empty service in account 123456789012 and region us-east-1.
    pub fn new(clock: impl Clock + 'static, ids: impl IdSource + 'static) -> Self {
        Self {
            clock: Arc::new(clock),
            ids: Arc::new(ids),
            account: ACCOUNT.to_owned(),
            region: "us-east-1".to_owned(),
            delay: Duration::ZERO,
            state: Arc::default(),
        }
    }

    /// The same service in another account and region.
    #[must_use]
    pub fn in_account(mut self, account: impl Into<String>, region: impl Into<String>) -> Self {
        self.account = account.into();
        self.region = region.into();
        self
    }

    /// Actions take that long on the clock and succeed, but for those that [`fail_action`](Self::fail_action) names and
    /// approvals, which always wait.
    #[must_use]
    pub fn with_action_time(self, lasts: Duration) -> Self {
        self.lock().pace.lasts = Some(lasts);
        self
    }

    /// A started execution cannot be seen before that time has passed, as in the service for some seconds.
    #[must_use]
    pub const fn with_delay(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    /// Lets every action of that name fail when it ends by itself, from now on; `None` lets it succeed again.
    pub fn fail_action(&self, action: &str, error: Option<ActionError>) {
        let failures = &mut self.lock().pace.failures;
        match error {
            Some(error) => failures.insert(action.to_owned(), error),
            None => failures.remove(action),
        };
    }

    /// The current declaration with its secrets, for whoever is to run it.
    #[must_use]
    pub fn stored(&self, pipeline: &str) -> Option<Pipeline> {
        self.lock().pipelines.get(pipeline).map(|entry| entry.current().clone())
    }

    /// The execution of that id, if there is one.
    #[must_use]
    pub fn execution(&self, pipeline: &str, id: &str) -> Option<Execution> {
        self.look(pipeline, |entry| entry.run(id).map(record::Run::told))?
    }

    /// Ends a running action, with a failure or with success; false if it does not run.
    pub fn end_action(&self, pipeline: &str, id: &str, action: &str, error: Option<ActionError>) -> bool {
        let ended = self.change("EndAction", pipeline, |entry, now| {
            let stages = entry.run_mut(id).map(|run| &mut run.stages).into_iter().flatten();
            let mut actions = stages.flat_map(|stage| &mut stage.actions);
            let running = actions.find(|found| found.action.name == action && found.is(&ActionStatus::InProgress));
            let Some(running) = running else { return Ok(false) };
            let status = if error.is_some() { ActionStatus::Failed } else { ActionStatus::Succeeded };
            running.end(status, error, now);
            Ok(true)
        });
        ended.unwrap_or(false)
    }

    /// The secret of a webhook as it is kept: what whoever plays GitHub needs.
    #[must_use]
    pub fn webhook_secret(&self, name: &str) -> Option<aws_call::Secret> {
        match &self.lock().webhooks.get(name)?.listed.webhook.authentication {
            crate::webhook::Authentication::GitHubHmac(secret) => Some(secret.clone()),
            _ => None,
        }
    }

    /// Whether GitHub knows of a webhook.
    #[must_use]
    pub fn is_registered(&self, name: &str) -> bool {
        self.lock().webhooks.get(name).is_some_and(|kept| kept.registered)
    }

    /// A panic elsewhere leaves whole entries behind, so the data stays usable.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks at a pipeline as it is by now.
    fn look<T>(&self, pipeline: &str, look: impl FnOnce(&Entry) -> T) -> Option<T> {
        let mut state = self.lock();
        let State { pipelines, pace, .. } = &mut *state;
        let entry = pipelines.get_mut(pipeline)?;
        advance::advance(entry, pace, &*self.ids, self.clock.now());
        Some(look(entry))
    }

    /// Changes a pipeline as it is by now, and lets happen what follows from it.
    fn change<T>(
        &self,
        operation: &'static str,
        pipeline: &str,
        change: impl FnOnce(&mut Entry, SystemTime) -> Result<T, CallError>,
    ) -> Result<T, CallError> {
        let now = self.clock.now();
        let mut state = self.lock();
        let State { pipelines, pace, .. } = &mut *state;
        let entry = pipelines.get_mut(pipeline).ok_or_else(|| self.not_found(operation, pipeline))?;
        advance::advance(entry, pace, &*self.ids, now);
        let answer = change(entry, now);
        advance::settle(entry, pace, &*self.ids, now);
        answer
    }

    fn not_found(&self, operation: &'static str, name: &str) -> CallError {
        let message = format!("Account '{}' does not have a pipeline with name '{name}'", self.account);
        CallError::service(operation, "PipelineNotFoundException", message)
    }

    fn arn(&self, resource: &str) -> String {
        format!("arn:aws:codepipeline:{}:{}:{resource}", self.region, self.account)
    }
}

fn no_execution(operation: &'static str, id: &str) -> CallError {
    CallError::service(operation, "PipelineExecutionNotFoundException", format!("there is no execution `{id}`"))
}

fn no_stage(operation: &'static str, stage: &str) -> CallError {
    CallError::service(operation, "StageNotFoundException", format!("there is no stage `{stage}`"))
}

fn invalid(operation: &'static str, message: impl Into<String>) -> CallError {
    CallError::service(operation, "ValidationException", message)
}

fn unsupported(operation: &'static str, message: impl Into<String>) -> CallError {
    CallError::new(operation, Fault::Unsupported).with_message(message)
}
