//! What every provider must do, as a suite for the tests of whoever writes one (feature `conformance`).
//!
//! Not a stable part of the public API: a new check may come with any release.

use std::path::Path;
use std::sync::Arc;

use aws_call::{ManualClock, MapEnv, SequenceIds};
use pipeline_model::actions::{ActionType, BUILTIN};
use pipeline_model::model::{Action, ActionTypeId};

use crate::artifact::{ArtifactStore, DirectoryStore};
use crate::cancel::Cancel;
use crate::client::{JobFailure, JobSuccess, Jobs, PollForJobs};
use crate::core::FailureKind;
use crate::job::{ActionJob, ActionOutcome, ActionProvider, JobContext};

/// Runs the suite against an artifact store that is empty. `space` is an empty directory. The answer lists what the store
/// does wrong; it conforms when the list is empty.
pub async fn artifact_store(store: &dyn ArtifactStore, space: &Path) -> Vec<String> {
    let mut wrong = Vec::new();
    let (from, to) = (space.join("from"), space.join("to"));
    let written = std::fs::create_dir_all(from.join("empty")).and_then(|()| std::fs::write(from.join("file"), "text"));
    if let Err(error) = written {
        return vec![format!("the directory {} cannot be used: {error}", space.display())];
    }
    match store.unpack("p/Missing/0000000", &to).await {
        Err(crate::Error::NoSuchArtifact { .. }) => {}
        other => wrong.push(format!("a key that was never written: expected `NoSuchArtifact`, got {other:?}")),
    }
    match store.pack("p/Art/1234567", &from).await {
        Ok(()) => match store.unpack("p/Art/1234567", &to).await {
            Ok(()) if std::fs::read(to.join("file")).is_ok_and(|text| text == b"text") && to.join("empty").is_dir() => {
            }
            other => wrong.push(format!("what was packed does not come back: {other:?}")),
        },
        Err(error) => wrong.push(format!("a directory cannot be packed: {error}")),
    }
    if store.pack("p/Gone/7654321", &space.join("nowhere")).await.is_ok() {
        wrong.push("a directory that does not exist was packed".to_owned());
    }
    if store.unpack("p/Gone/7654321", &space.join("gone")).await.is_ok() {
        wrong.push("after a failed pack there is an artifact".to_owned());
    }
    wrong
}

/// Runs the suite against one provider. `workspace` is an empty directory. The answer lists what the provider does
/// wrong; it conforms when the list is empty.
///
/// Checked for each of its action types:
/// - it has all four words;
/// - a missing required key, as the catalogue knows it, is a `ConfigurationError` that names the key;
/// - an input artifact that is not in the store is a failure, never a success.
pub async fn provider(provider: &dyn ActionProvider, workspace: &Path) -> Vec<String> {
    provider_of(provider, BUILTIN, workspace).await
}

/// The same for a provider whose action types are described elsewhere than in the catalogue.
pub async fn provider_of(
    provider: &dyn ActionProvider,
    catalogue: &[&dyn ActionType],
    workspace: &Path,
) -> Vec<String> {
    let mut wrong = Vec::new();
    if provider.action_types().is_empty() {
        wrong.push("it names no action type, so nothing will ever reach it".to_owned());
    }
    for id in provider.action_types() {
        if [id.category.as_str(), id.owner.as_str(), &id.provider, &id.version].iter().any(|word| word.is_empty()) {
            wrong.push(format!("`{id}` lacks one of category, owner, provider and version"));
        }
        let Some(known) = catalogue.iter().find(|known| known.id().is(&id)) else { continue };
        let required: Vec<_> = known.config().iter().filter(|key| key.required).map(|key| key.name).collect();
        for missing in &required {
            let configuration = required.iter().filter(|key| key != &missing);
            let job = job(&id, configuration, *known.inputs().start());
            match provider.run(job, &context(workspace)).await {
                ActionOutcome::Failed { kind: FailureKind::ConfigurationError, message, .. }
                    if message.contains(missing) => {}
                other => wrong.push(format!(
                    "{id} without `{missing}`: expected a ConfigurationError that names it, got {other:?}"
                )),
            }
        }
        if *known.inputs().start() > 0 {
            let job = job(&id, required.iter(), *known.inputs().start());
            let outcome = provider.run(job, &context(workspace)).await;
            if !matches!(outcome, ActionOutcome::Failed { .. }) {
                wrong.push(format!(
                    "{id} with an input artifact that does not exist: expected a failure, got {outcome:?}"
                ));
            }
        }
    }
    wrong
}

/// Runs the suite against a queue of jobs in which one job of this type waits that nobody has taken. The job is then failed.
/// The answer lists what the queue does wrong; it conforms when the list is empty.
pub async fn jobs(jobs: &dyn Jobs, action_type: &ActionTypeId) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut refused = |what: &str, code: &str, answer: Option<aws_call::CallError>| match answer {
        Some(error) if error.code() == Some(code) => {}
        other => wrong.push(format!("{what}: expected {code}, got {other:?}")),
    };
    let nobody = "00000000-0000-4000-8000-000000000000";
    let nonce = "1";
    refused("a job that does not exist", "JobNotFoundException", jobs.acknowledge_job(nobody, nonce).await.err());
    let failure = JobFailure::new(nobody, "JobFailed", "conformance");
    refused("its failure", "JobNotFoundException", jobs.put_job_failure(&failure).await.err());
    let unknown = ActionTypeId::new("Test", "Custom", "NobodyHasThisOne", "1");
    let polled = jobs.poll_for_jobs(&PollForJobs::new(unknown, 1)).await;
    refused("an unknown action type", "ActionTypeNotFoundException", polled.err());
    let found = jobs.poll_for_jobs(&PollForJobs::new(action_type.clone(), 1)).await;
    let Ok([job]) = found.as_deref() else {
        wrong.push(format!("the job that waits: expected it, got {found:?}"));
        return wrong;
    };
    refused("a wrong nonce", "InvalidNonceException", jobs.acknowledge_job(&job.id, "wrong").await.err());
    let status = jobs.acknowledge_job(&job.id, &job.nonce).await;
    let both = JobSuccess {
        variables: std::iter::once(("A".to_owned(), "1".to_owned())).collect(),
        ..JobSuccess::to_be_continued(&job.id, "token")
    };
    refused("a token and variables", "ValidationException", jobs.put_job_success(&both).await.err());
    let failure = JobFailure::new(&job.id, "JobFailed", "conformance");
    let ended = jobs.put_job_failure(&failure).await;
    let again = jobs.put_job_failure(&failure).await;
    let other = JobFailure { message: "something else".to_owned(), ..failure };
    refused("another end", "InvalidJobStateException", jobs.put_job_failure(&other).await.err());
    let late = jobs.put_job_success(&JobSuccess::new(&job.id)).await;
    refused("a success after the failure", "InvalidJobStateException", late.err());
    if !matches!(status.as_deref(), Ok("InProgress")) {
        wrong.push(format!("a job that was taken: expected `InProgress`, got {status:?}"));
    }
    if ended.is_err() || again.is_err() {
        wrong.push(format!("the same end twice is one: got {ended:?} and {again:?}"));
    }
    wrong
}

fn context(workspace: &Path) -> JobContext {
    JobContext::new(
        Arc::new(DirectoryStore::new(workspace.join("artifacts"))),
        workspace.join("job"),
        (
            Arc::new(ManualClock::at_epoch_secs(1_700_000_000).auto()),
            Arc::new(SequenceIds::new(1)),
            Arc::new(MapEnv::default()),
        ),
        Cancel::new(),
        Arc::new(|_| {}),
    )
}

fn job<'a>(id: &ActionTypeId, keys: impl Iterator<Item = &'a &'static str>, inputs: usize) -> ActionJob {
    let mut action = Action::new("Action", id.clone());
    for key in keys {
        action = action.with_config(*key, "conformance");
    }
    let mut job = ActionJob::of("00000000-0000-4000-8000-000000000001", &action);
    job.inputs = (0..inputs).map(|index| (format!("In{index}"), format!("conformance/In{index}/missing"))).collect();
    job
}
