//! A CodePipeline without a network: it keeps declarations, and checks them as the service does.
//!
//! It refuses what the service refuses, with the same class and, where it is known, the same message; counts
//! versions; hides secrets; binds variables; knows tokens of starts and approvals.
//!
//! What it does **not** do is run anything: an execution stays `InProgress` until it is stopped or
//! [`MemoryCodePipeline::finish`] says how it ended, an approval waits only where
//! [`MemoryCodePipeline::open_approval`] opened one, and a retry answers
//! [`Fault::Unsupported`](aws_call::Fault::Unsupported). The crate `pipeline-runner` runs pipelines.

mod declarations;
mod executions;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use aws_call::{CallError, Clock, IdSource};

use super::ApprovalStatus;
use crate::model::{Category, Pipeline};

/// The account that ARNs and messages name unless another one is set.
const ACCOUNT: &str = "123456789012";

/// An in-memory CodePipeline; clones share their pipelines.
#[derive(Clone)]
pub struct MemoryCodePipeline {
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdSource>,
    account: String,
    region: String,
    pipelines: Arc<Mutex<BTreeMap<String, Entry>>>,
}

/// What is kept of one pipeline.
#[derive(Debug)]
struct Entry {
    /// Every version, the first one first, with secrets as they were sent.
    versions: Vec<Pipeline>,
    created: SystemTime,
    updated: SystemTime,
    executions: Vec<Execution>,
    approvals: Vec<Approval>,
}

/// An execution as far as it exists here.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Execution {
    /// Its id.
    pub id: String,
    /// `InProgress`, `Stopping`, `Stopped`, or how it ended.
    pub status: String,
    /// Why it has this status.
    pub summary: Option<String>,
    /// The version of the declaration it runs.
    pub version: u32,
    /// The variables bound to it.
    pub variables: BTreeMap<String, String>,
    token: Option<String>,
}

#[derive(Clone, Debug)]
struct Approval {
    stage: String,
    action: String,
    token: String,
    version: u32,
    answer: Option<ApprovalStatus>,
}

impl fmt::Debug for MemoryCodePipeline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryCodePipeline")
            .field("account", &self.account)
            .field("region", &self.region)
            .field("pipelines", &self.lock().keys().collect::<Vec<_>>())
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
            pipelines: Arc::default(),
        }
    }

    /// The same service in another account and region.
    #[must_use]
    pub fn in_account(mut self, account: impl Into<String>, region: impl Into<String>) -> Self {
        self.account = account.into();
        self.region = region.into();
        self
    }

    /// The current declaration with its secrets, for whoever is to run it.
    #[must_use]
    pub fn stored(&self, pipeline: &str) -> Option<Pipeline> {
        self.lock().get(pipeline).map(|kept| kept.current().clone())
    }

    /// The execution of that id, if there is one.
    #[must_use]
    pub fn execution(&self, pipeline: &str, id: &str) -> Option<Execution> {
        self.lock().get(pipeline)?.executions.iter().find(|execution| execution.id == id).cloned()
    }

    /// Says how an execution ended; false if there is none under way with that id.
    pub fn finish(&self, pipeline: &str, id: &str, status: &str) -> bool {
        let mut pipelines = self.lock();
        let executions = pipelines.get_mut(pipeline).map(|kept| &mut kept.executions);
        let Some(execution) = executions.and_then(|all| all.iter_mut().find(|execution| execution.id == id)) else {
            return false;
        };
        let open = execution.is_open();
        if open {
            execution.status = status.to_owned();
        }
        open
    }

    /// Lets a manual approval wait and gives its token; `None` if the pipeline has no such approval.
    #[must_use]
    pub fn open_approval(&self, pipeline: &str, stage: &str, action: &str) -> Option<String> {
        let token = self.ids.uuid();
        let mut pipelines = self.lock();
        let kept = pipelines.get_mut(pipeline)?;
        let found = kept.current().stage(stage)?.action(action)?;
        if found.action_type_id.category != Category::Approval {
            return None;
        }
        let version = kept.version();
        kept.approvals.push(Approval {
            stage: stage.to_owned(),
            action: action.to_owned(),
            token: token.clone(),
            version,
            answer: None,
        });
        Some(token)
    }

    /// A panic elsewhere leaves whole entries behind, so the data stays usable.
    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Entry>> {
        self.pipelines.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn not_found(&self, operation: &'static str, name: &str) -> CallError {
        let message = format!("Account '{}' does not have a pipeline with name '{name}'", self.account);
        CallError::service(operation, "PipelineNotFoundException", message)
    }
}

impl Execution {
    fn is_open(&self) -> bool {
        matches!(self.status.as_str(), "InProgress" | "Stopping")
    }
}

impl Entry {
    /// Every entry begins with one version.
    fn current(&self) -> &Pipeline {
        &self.versions[self.versions.len() - 1]
    }

    fn version(&self) -> u32 {
        u32::try_from(self.versions.len()).unwrap_or(u32::MAX)
    }
}
