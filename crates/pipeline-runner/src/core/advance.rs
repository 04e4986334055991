//! Who may enter which stage, and when a stage is over.

use pipeline_model::model::ExecutionMode;

use super::event::What;
use super::state::{ActionStatus, ExecutionStatus, Position, StageRun, StageStatus};
use super::step::Stepping;

impl Stepping<'_> {
    /// Puts an execution in front of a stage. In `SUPERSEDED` mode it overtakes whoever waits there.
    pub(super) fn arrive(&mut self, index: usize, stage: usize) {
        let id = self.state.executions[index].id.clone();
        self.state.executions[index].position = Position::Before(stage);
        if self.mode() == ExecutionMode::Superseded {
            for overtaken in std::mem::take(&mut self.state.stages[stage].waiting) {
                if let Some(older) = self.state.index_of(&overtaken) {
                    let summary =
                        format!("superseded by execution {id} before stage `{}`", self.state.stages[stage].name);
                    self.end(older, ExecutionStatus::Superseded, Some(summary));
                }
            }
        }
        self.state.stages[stage].waiting.push(id);
    }

    /// Moves everything that can move until nothing can.
    pub(super) fn settle(&mut self) {
        while self.close_stages() || self.enter_stages() {}
    }

    fn mode(&self) -> ExecutionMode {
        self.state.pipeline.effective_mode()
    }

    fn enter_stages(&mut self) -> bool {
        let parallel = self.mode() == ExecutionMode::Parallel;
        for stage in 0..self.state.stages.len() {
            let here = &self.state.stages[stage];
            let stopping = here.waiting.iter().find(|id| {
                self.state.execution(id).is_some_and(|execution| execution.status == ExecutionStatus::Stopping)
            });
            if let Some(index) = stopping.and_then(|id| self.state.index_of(id)) {
                // An execution that waits between stages stops at once.
                self.end(index, ExecutionStatus::Stopped, None);
                return true;
            }
            if here.disabled.is_some() || (here.holder.is_some() && !parallel) {
                continue;
            }
            let Some(index) = here.waiting.first().and_then(|id| self.state.index_of(id)) else { continue };
            self.enter(index, stage, parallel);
            return true;
        }
        false
    }

    fn enter(&mut self, index: usize, stage: usize, parallel: bool) {
        let here = &mut self.state.stages[stage];
        let id = here.waiting.remove(0);
        if !parallel {
            here.holder = Some(id);
        }
        let name = here.name.clone();
        let execution = &mut self.state.executions[index];
        execution.position = Position::In(stage);
        execution.stages.push(StageRun {
            name: name.clone(),
            status: StageStatus::InProgress,
            actions: Vec::new(),
            started: self.now,
            ended: None,
        });
        self.event(index, What::Stage { stage: name, started: self.now }, "STARTED");
        self.start_group(index, stage);
    }

    /// Ends the first stage that has come to its end, or starts its next run-order group.
    fn close_stages(&mut self) -> bool {
        for index in 0..self.state.executions.len() {
            let execution = &self.state.executions[index];
            let (Position::In(stage), Some(run)) = (execution.position, execution.stages.last()) else { continue };
            if run.actions.iter().any(|action| action.status == ActionStatus::InProgress) {
                continue;
            }
            let failed = run.actions.iter().any(|action| action.status == ActionStatus::Failed);
            let abandoned = run.actions.iter().any(|action| action.status == ActionStatus::Abandoned);
            let all_started = run.actions.len() == self.state.pipeline.stages[stage].actions.len();
            let status = if failed {
                StageStatus::Failed
            } else if abandoned || (execution.status == ExecutionStatus::Stopping && !all_started) {
                StageStatus::Stopped
            } else if all_started {
                StageStatus::Succeeded
            } else {
                self.start_group(index, stage);
                return true;
            };
            self.close(index, stage, status);
            return true;
        }
        false
    }

    fn close(&mut self, index: usize, stage: usize, status: StageStatus) {
        let now = self.now;
        let execution = &mut self.state.executions[index];
        let stopping = execution.status == ExecutionStatus::Stopping;
        let id = execution.id.clone();
        if let Some(run) = execution.stage_run() {
            run.status = status;
            run.ended = Some(now);
            let what = What::Stage { stage: run.name.clone(), started: run.started };
            let state = match status {
                StageStatus::Succeeded => "SUCCEEDED",
                StageStatus::Failed => "FAILED",
                _ => "STOPPED",
            };
            self.event(index, what, state);
        }
        let here = &mut self.state.stages[stage];
        if here.holder.as_ref() == Some(&id) {
            here.holder = None;
        }
        let last = stage + 1 == self.state.stages.len();
        match status {
            StageStatus::Failed => self.end(index, ExecutionStatus::Failed, None),
            StageStatus::Succeeded if last => self.end(index, ExecutionStatus::Succeeded, None),
            StageStatus::Succeeded if !stopping => self.arrive(index, stage + 1),
            _ => self.end(index, ExecutionStatus::Stopped, None),
        }
    }
}
