//! What every provider must do, as a suite for the tests of whoever writes one (feature `conformance`).
//!
//! Not a stable part of the public API: a new check may come with any release.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use aws_call::{ManualClock, MapEnv, SequenceIds};
use pipeline_model::actions::BUILTIN;
use pipeline_model::model::{ActionTypeId, ConfigValue};

use crate::artifact::{ArtifactStore, DirectoryStore};
use crate::cancel::Cancel;
use crate::core::{Compute, FailureKind};
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
    let mut wrong = Vec::new();
    if provider.action_types().is_empty() {
        wrong.push("it names no action type, so nothing will ever reach it".to_owned());
    }
    for id in provider.action_types() {
        if [id.category.as_str(), id.owner.as_str(), &id.provider, &id.version].iter().any(|word| word.is_empty()) {
            wrong.push(format!("`{id}` lacks one of category, owner, provider and version"));
        }
        let Some(known) = BUILTIN.iter().find(|known| known.id().is(&id)) else { continue };
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
    ActionJob {
        id: "00000000-0000-4000-8000-000000000001".to_owned(),
        execution: "00000000-0000-4000-8000-000000000002".to_owned(),
        pipeline: "conformance".to_owned(),
        stage: "Stage".to_owned(),
        action: "Action".to_owned(),
        action_type: id.clone(),
        configuration: keys.map(|key| ((*key).to_owned(), ConfigValue::new("conformance"))).collect::<BTreeMap<_, _>>(),
        inputs: (0..inputs).map(|index| (format!("In{index}"), format!("conformance/In{index}/missing"))).collect(),
        outputs: Vec::new(),
        revision: None,
        source_version: None,
        continuation: None,
        role_arn: None,
        region: None,
        compute: Compute::default(),
        interrupted: false,
        ordinal: 1,
        attempt: 1,
    }
}
