//! Declarations: kept by the host, judged as the service in memory judges them.

use std::sync::Arc;

use aws_call::CallError;
use aws_call::serve::Refusal;
use pipeline_model::client::Pipelines as _;
use pipeline_model::client::memory::MemoryCodePipeline;
use pipeline_model::format::json::{Secrets, to_json};
use pipeline_model::model::{Kept, Pipeline};
use serde_json::{Value as Json, json};

use super::{Api, refusal};
use crate::core::{Start, Trigger};
use crate::serve::input::{Input, Shape};
use crate::serve::wire;

impl Api {
    pub(super) async fn get_pipeline(&self, input: &Input) -> Result<Json, Refusal> {
        let name = input.name("name")?;
        let version = input.number("version", 1, u32::MAX as usize)?;
        let found = self.look(name, move |state| {
            let current = state.pipeline.version.unwrap_or(1);
            match version.and_then(|version| u32::try_from(version).ok()) {
                Some(version) if version != current => state.versions.get(&version).cloned(),
                _ => Some(state.pipeline.clone()),
            }
        });
        // Older versions are kept as long as an execution has run them.
        let pipeline = found.await?.ok_or_else(|| {
            let message = format!("pipeline `{name}` has no such version, or no execution that ran it");
            Refusal::new("PipelineVersionNotFoundException", message)
        })?;
        let (home, times) = (self.0.host.home(), self.0.times(name));
        Ok(json!({
            "pipeline": shown(Arc::unwrap_or_clone(pipeline)),
            "metadata": {
                "pipelineArn": format!("arn:aws:codepipeline:{}:{}:{name}", home.region, home.account),
                "created": wire::stamp(times.created),
                "updated": wire::stamp(times.updated),
            },
        }))
    }

    pub(super) async fn create_pipeline(&self, input: &Input) -> Result<Json, Refusal> {
        let pipeline = declaration(input)?;
        if input.any("tags").is_some_and(|tags| *tags != json!([])) {
            return Err(Refusal::new("UnsupportedOperationException", "this endpoint keeps no tags: leave them out"));
        }
        let _one_at_a_time = self.0.declaring.lock().await;
        let judge = self.judge();
        judge.create(&pipeline).await.map_err(refused)?;
        let known = self.0.host.names().await.map_err(|error| refusal(&error))?;
        let (name, account) = (pipeline.name, &self.0.host.home().account);
        if known.contains(&name) {
            let message = format!("A pipeline with the name '{name}' already exists in account '{account}'");
            return Err(Refusal::new("PipelineNameInUseException", message));
        }
        let answer = self.put(&judge, &name, true).await?;
        // What is created runs once.
        let trigger = Trigger { kind: "CreatePipeline".to_owned(), detail: self.0.user() };
        let start = Start { trigger, ..Start::manual("") };
        self.0.host.start(&name, start).await.map_err(|error| refusal(&error))?;
        Ok(answer)
    }

    pub(super) async fn update_pipeline(&self, input: &Input) -> Result<Json, Refusal> {
        let pipeline = declaration(input)?;
        let _one_at_a_time = self.0.declaring.lock().await;
        let current = self.look(&pipeline.name, |state| state.pipeline.clone()).await?;
        let judge = self.judge();
        // From the current one come the type and the secrets that an update leaves out. One that was not made through the
        // API may be such that the service would have refused it; it has nothing to pass on then.
        match judge.create(&current).await {
            Ok(_) => judge.update(&pipeline).await.map_err(refused)?,
            Err(_) => judge.create(&pipeline).await.map_err(refused)?,
        };
        self.put(&judge, &pipeline.name, false).await
    }

    pub(super) async fn delete_pipeline(&self, input: &Input) -> Result<Json, Refusal> {
        let name = input.needed("name", Shape::NAME)?;
        let _one_at_a_time = self.0.declaring.lock().await;
        self.0.host.remove(name).await.map_err(|error| refusal(&error))?;
        self.0.forget(name);
        self.0.board.bump();
        Ok(json!({}))
    }

    /// Hands the declaration that the judge has accepted to the host.
    async fn put(&self, judge: &MemoryCodePipeline, name: &str, created: bool) -> Result<Json, Refusal> {
        let mut accepted = judge
            .stored(name)
            .ok_or_else(|| Refusal::new("InternalFailure", "the declaration was lost").with_status(500))?;
        let version = self.0.host.put(accepted.clone()).await.map_err(|error| refusal(&error))?;
        accepted.version = Some(version);
        self.0.changed(name, created);
        self.0.board.bump();
        Ok(json!({ "pipeline": shown(accepted) }))
    }

    /// A service in memory without pipelines.
    fn judge(&self) -> MemoryCodePipeline {
        let home = self.0.host.home();
        MemoryCodePipeline::new(Arc::clone(&self.0.clock), Arc::clone(&self.0.ids))
            .in_account(&home.account, &home.region)
    }
}

#[allow(clippy::needless_pass_by_value, reason = "what `map_err` takes")]
fn refused(error: CallError) -> Refusal {
    Refusal::from(&error)
}

fn declaration(input: &Input) -> Result<Pipeline, Refusal> {
    let given = input.any("pipeline").ok_or_else(|| input.missing("pipeline"))?;
    serde_json::from_value(given.clone()).map_err(|error| Refusal::serialization(format!("`pipeline`: {error}")))
}

/// The declaration with what the service fills in, its secrets hidden.
fn shown(mut pipeline: Pipeline) -> Json {
    for action in pipeline.stages.iter_mut().flat_map(|stage| &mut stage.actions) {
        action.run_order = Some(action.effective_run_order());
        action.configuration = Kept::written(std::mem::take(&mut action.configuration).into_inner());
        action.input_artifacts = Kept::written(std::mem::take(&mut action.input_artifacts).into_inner());
        action.output_artifacts = Kept::written(std::mem::take(&mut action.output_artifacts).into_inner());
        action.hide_secrets();
    }
    to_json(&pipeline, Secrets::Hide)
}
