//! A new version of the declaration while executions run.
//!
//! Executions stay on the version they were started on; stages are known by their names, so a lock, a disabled transition
//! and a queue outlive an update that moves their stage.

use std::sync::Arc;

use pipeline_model::model::Pipeline;

use super::action::is_manual_approval;
use super::input::Refusal;
use super::state::{ActionRun, ActionStatus, StageState};
use super::step::Stepping;

impl Stepping<'_> {
    /// `UpdatePipeline`. Approvals that wait are out of date from now on; their executions can still be stopped.
    pub(super) fn update(&mut self, declaration: &Pipeline) -> Result<(), Refusal> {
        let state = &mut *self.state;
        if declaration.name != state.pipeline.name {
            return Err(Refusal::new(
                "PipelineNotFoundException",
                format!("there is no pipeline `{}`: an update cannot rename one", declaration.name),
            ));
        }
        for index in state.active.clone() {
            let pipeline = state.declared(index);
            let Some(run) = state.executions[index].stages.last_mut() else { continue };
            let Some(stage) = pipeline.stage(&run.name) else { continue };
            let approval = |action: &ActionRun| {
                let declared = stage.action(&action.name);
                declared.is_some_and(|declared| is_manual_approval(&declared.action_type_id))
            };
            let open = run.actions.iter_mut().filter(|action| action.status == ActionStatus::InProgress);
            open.filter(|action| approval(action)).for_each(|action| action.outdated = true);
        }
        let version = state.pipeline.version.unwrap_or(1);
        let mut next = declaration.clone();
        next.version = Some(version.saturating_add(1));
        let previous = std::mem::replace(&mut state.pipeline, Arc::new(next));
        if state.executions.iter().any(|execution| execution.version == version) {
            state.versions.insert(version, previous);
        }
        let mut known = std::mem::take(&mut state.stages);
        for stage in &state.pipeline.stages {
            let place = known.iter().position(|here| here.name == stage.name);
            state.stages.push(place.map_or_else(|| StageState::new(&stage.name), |place| known.remove(place)));
        }
        known.retain(|here| {
            let mut running = state.executions.iter().filter(|execution| !execution.status.is_terminal());
            running.any(|execution| state.declaration(execution.version).stage(&here.name).is_some())
        });
        state.stages.extend(known);
        Ok(())
    }
}
