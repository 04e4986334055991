//! The declarations that the in-memory service keeps: refused, normalized, masked and counted as the service does.

use async_trait::async_trait;
use aws_call::CallError;
use spec_report::Levels;

use super::MemoryCodePipeline;
use super::record::Entry;
use crate::client::{GetPipeline, PipelineSummary, Pipelines, StoredPipeline};
use crate::format::json::{Secrets, to_text};
use crate::model::{ConfigValue, Kept, Pipeline, REDACTED};
use crate::remote::same_settings;
use crate::rules;

/// Refuses what the service refuses: the first of its answers, members before structure before stages before actions.
fn validate(operation: &'static str, pipeline: &Pipeline) -> Result<(), CallError> {
    const PRECEDENCE: [&str; 4] = [
        "ValidationException",
        "InvalidStructureException",
        "InvalidStageDeclarationException",
        "InvalidActionDeclarationException",
    ];
    // As the service does, from the text of the request; so the very same checks run as over a file.
    let reading = crate::read("request.json", &to_text(pipeline, Secrets::Expose));
    let report = rules::check(&reading, &Levels::default());
    // In which order the service looks within a class is not known; the number of stages comes first here.
    let first = report
        .iter()
        .filter_map(|found| Some((found.rule.name() != "too-few-stages", rules::service_answer(found)?)))
        .min_by_key(|(later, (class, _))| (PRECEDENCE.iter().position(|known| known == class), *later))
        .map(|(_, answer)| answer);
    match first {
        Some((class, message)) => Err(CallError::service(operation, class, message)),
        None => Ok(()),
    }
}

/// What the service writes into a declaration that leaves it out.
fn normalize(pipeline: &mut Pipeline, version: u32) {
    pipeline.version = Some(version);
    for action in pipeline.stages.iter_mut().flat_map(|stage| &mut stage.actions) {
        action.run_order = Some(action.effective_run_order());
        action.configuration = Kept::written(std::mem::take(&mut action.configuration).into_inner());
        action.input_artifacts = Kept::written(std::mem::take(&mut action.input_artifacts).into_inner());
        action.output_artifacts = Kept::written(std::mem::take(&mut action.output_artifacts).into_inner());
        action.hide_secrets();
    }
}

/// The declaration as the service shows it.
fn masked(pipeline: &Pipeline) -> Pipeline {
    let mut out = pipeline.clone();
    for action in out.stages.iter_mut().flat_map(|stage| &mut stage.actions) {
        for value in action.configuration.values_mut().filter(|value| value.is_secret()) {
            *value = ConfigValue::secret(REDACTED);
        }
    }
    out
}

/// `****` keeps the stored secret, but only while stage, action and all other settings stay as they were.
fn restore_secrets(new: &mut Pipeline, stored: &Pipeline) {
    for stage in &mut new.stages {
        let Some(old_stage) = stored.stage(&stage.name) else { continue };
        for action in &mut stage.actions {
            let Some(old) = old_stage.action(&action.name) else { continue };
            if !same_settings(action, old) {
                continue;
            }
            for (key, value) in action.configuration.iter_mut().filter(|(_, value)| value.is_redacted()) {
                if let Some(kept) = old.configuration.get(key) {
                    *value = kept.clone();
                }
            }
        }
    }
}

#[async_trait]
impl Pipelines for MemoryCodePipeline {
    async fn get(&self, request: &GetPipeline) -> Result<StoredPipeline, CallError> {
        const OPERATION: &str = "GetPipeline";
        let state = self.lock();
        let kept = state.pipelines.get(&request.name).ok_or_else(|| self.not_found(OPERATION, &request.name))?;
        let pipeline = match request.version {
            None => Some(kept.current()),
            Some(version) => {
                usize::try_from(version).ok().and_then(|version| kept.versions.get(version.checked_sub(1)?))
            }
        };
        let Some(pipeline) = pipeline else {
            let message = format!("pipeline `{}` has no such version, the latest is {}", request.name, kept.version());
            return Err(CallError::service(OPERATION, "PipelineVersionNotFoundException", message));
        };
        let mut out = StoredPipeline::new(masked(pipeline));
        out.arn = Some(self.arn(&request.name));
        out.created = Some(kept.created);
        out.updated = Some(kept.updated);
        Ok(out)
    }

    async fn create(&self, pipeline: &Pipeline) -> Result<Pipeline, CallError> {
        const OPERATION: &str = "CreatePipeline";
        validate(OPERATION, pipeline)?;
        let now = self.clock.now();
        let mut state = self.lock();
        if state.pipelines.contains_key(&pipeline.name) {
            let message =
                format!("A pipeline with the name '{}' already exists in account '{}'", pipeline.name, self.account);
            return Err(CallError::service(OPERATION, "PipelineNameInUseException", message));
        }
        let mut stored = pipeline.clone();
        normalize(&mut stored, 1);
        let answer = masked(&stored);
        state.pipelines.insert(pipeline.name.clone(), Entry::new(stored, now));
        Ok(answer)
    }

    async fn update(&self, pipeline: &Pipeline) -> Result<Pipeline, CallError> {
        const OPERATION: &str = "UpdatePipeline";
        self.change(OPERATION, &pipeline.name, |kept, now| {
            let mut stored = pipeline.clone();
            // An update that leaves the type out does not change it.
            if stored.pipeline_type.is_none() {
                stored.pipeline_type.clone_from(&kept.current().pipeline_type);
            }
            validate(OPERATION, &stored)?;
            normalize(&mut stored, kept.version().saturating_add(1));
            restore_secrets(&mut stored, kept.current());
            let answer = masked(&stored);
            kept.versions.push(stored);
            kept.updated = now;
            Ok(answer)
        })
    }

    async fn list(&self) -> Result<Vec<PipelineSummary>, CallError> {
        let state = self.lock();
        Ok(state.pipelines.iter().map(|(name, kept)| PipelineSummary::new(name, kept.version())).collect())
    }

    async fn delete(&self, name: &str) -> Result<(), CallError> {
        self.lock().pipelines.remove(name);
        Ok(())
    }
}
