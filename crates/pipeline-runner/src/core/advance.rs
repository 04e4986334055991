//! Who may enter which stage, and when a stage is over.

use pipeline_model::model::ExecutionMode;

use super::event::What;
use super::state::{
    ActionStatus, ExecutionStatus, ExecutionType, Position, Retries, StageRun, StageState, StageStatus,
};
use super::step::Stepping;

impl Stepping<'_> {
    /// Puts an execution in front of a stage. In `SUPERSEDED` mode it overtakes whoever waits there in the same mode.
    pub(super) fn arrive(&mut self, index: usize, stage: usize) {
        let id = self.state.executions[index].id.clone();
        let place = self.state.place(index, stage);
        self.state.executions[index].position = Position::Before(stage);
        if self.state.mode_of(index) == ExecutionMode::Superseded {
            for overtaken in self.state.stages[place].waiting.clone() {
                let older = self.state.index_of(&overtaken);
                if let Some(older) = older.filter(|older| self.state.mode_of(*older) == ExecutionMode::Superseded) {
                    let summary =
                        format!("superseded by execution {id} before stage `{}`", self.state.stages[place].name);
                    self.end(older, ExecutionStatus::Superseded, Some(summary));
                }
            }
        }
        self.state.stages[place].waiting.push(id);
    }

    /// Moves everything that can move until nothing can.
    pub(super) fn settle(&mut self) {
        while self.close_stages() || self.enter_stages() {}
    }

    fn enter_stages(&mut self) -> bool {
        for place in 0..self.state.stages.len() {
            let waiting = |here: &StageState, wanted: &dyn Fn(usize) -> bool| {
                here.waiting.iter().filter_map(|id| self.state.index_of(id)).find(|index| wanted(*index))
            };
            let here = &self.state.stages[place];
            let stopping = |index: usize| self.state.executions[index].status == ExecutionStatus::Stopping;
            if let Some(index) = waiting(here, &stopping) {
                // An execution that waits between stages stops at once.
                self.end(index, ExecutionStatus::Stopped, None);
                return true;
            }
            if here.disabled.is_some() {
                continue;
            }
            let admitted = |index| here.holder.is_none() || self.state.mode_of(index) == ExecutionMode::Parallel;
            let Some(index) = waiting(here, &admitted) else { continue };
            let Position::Before(stage) = self.state.executions[index].position else { continue };
            self.enter(index, stage);
            return true;
        }
        false
    }

    /// Lets an execution into a stage that has room for it.
    pub(super) fn enter(&mut self, index: usize, stage: usize) {
        self.occupy(index, stage);
        let name = self.state.declaration_of(index).stages[stage].name.clone();
        self.state.executions[index].stages.push(StageRun {
            name: name.clone(),
            status: StageStatus::InProgress,
            actions: Vec::new(),
            earlier: Vec::new(),
            retries: Retries::default(),
            started: self.now,
            ended: None,
        });
        self.event(index, What::Stage { stage: name, started: self.now }, "STARTED");
        self.start_group(index, stage);
    }

    /// Takes the stage's lock, where its mode has one.
    pub(super) fn occupy(&mut self, index: usize, stage: usize) {
        let parallel = self.state.mode_of(index) == ExecutionMode::Parallel;
        let place = self.state.place(index, stage);
        let execution = &mut self.state.executions[index];
        execution.position = Position::In(stage);
        let here = &mut self.state.stages[place];
        here.waiting.retain(|waiting| *waiting != execution.id);
        here.latest = Some(execution.id.clone());
        if !parallel {
            here.holder.clone_from(&here.latest);
        }
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
            let all_started = run.actions.len() == self.state.declaration_of(index).stages[stage].actions.len();
            let status = if failed {
                if self.retry_itself(index, stage) {
                    return true;
                }
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
        let rollback = execution.kind == ExecutionType::Rollback;
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
        let place = self.state.place(index, stage);
        let here = &mut self.state.stages[place];
        if here.holder.as_ref() == Some(&id) {
            here.holder = None;
        }
        let last = rollback || stage + 1 == self.state.declaration_of(index).stages.len();
        match status {
            StageStatus::Failed => {
                self.end(index, ExecutionStatus::Failed, None);
                if !stopping {
                    self.roll_back_itself(index, stage);
                }
            }
            StageStatus::Succeeded if last => self.end(index, ExecutionStatus::Succeeded, None),
            StageStatus::Succeeded if !stopping => self.arrive(index, stage + 1),
            _ => self.end(index, ExecutionStatus::Stopped, None),
        }
    }
}
