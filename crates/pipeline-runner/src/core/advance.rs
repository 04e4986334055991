//! Who may enter which stage, and when a stage is over.

use pipeline_model::model::{ConditionResult, ExecutionMode, Stage};

use super::condition::{ConditionStatus, Gate};
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
        while self.advance_stages() || self.enter_stages() {}
    }

    fn enter_stages(&mut self) -> bool {
        for place in 0..self.state.stages.len() {
            if self.state.stages[place].waiting.is_empty() {
                continue;
            }
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
        let pipeline = self.state.declared(index);
        let declared = &pipeline.stages[stage];
        self.state.executions[index].stages.push(StageRun {
            name: declared.name.clone(),
            status: StageStatus::InProgress,
            actions: Vec::with_capacity(declared.actions.len()),
            earlier: Vec::new(),
            gates: Vec::new(),
            earlier_gates: Vec::new(),
            retries: Retries::default(),
            started: self.now,
            ended: None,
        });
        self.event(index, What::Stage { stage: declared.name.clone(), started: self.now }, "STARTED");
        if !self.open_gate(index, declared, Gate::BeforeEntry) {
            self.start_group(index, declared);
        }
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

    /// Moves the first execution that can move within its stage.
    fn advance_stages(&mut self) -> bool {
        for place in 0..self.state.active.len() {
            let index = self.state.active[place];
            let Position::In(stage) = self.state.executions[index].position else { continue };
            let pipeline = self.state.declared(index);
            if self.advance(index, stage, &pipeline.stages[stage]) {
                return true;
            }
        }
        false
    }

    /// Ends a stage that has come to its end or to a gate, or starts its next actions. `false` while it must wait.
    fn advance(&mut self, index: usize, place: usize, stage: &Stage) -> bool {
        let execution = &self.state.executions[index];
        let Some(run) = execution.stages.last() else { return false };
        if let Some(gate) = run.gates.last().filter(|gate| gate.status == ConditionStatus::InProgress) {
            if gate.is_running() {
                return false;
            }
            self.close_gate(index, place, stage);
            return true;
        }
        let any = |status: ActionStatus| run.actions.iter().any(|action| action.status == status);
        let stopping = execution.status == ExecutionStatus::Stopping;
        let (failed, abandoned) = (any(ActionStatus::Failed), any(ActionStatus::Abandoned));
        if any(ActionStatus::InProgress) {
            // Only a limit on actions at a time leaves members of a group that has begun for later.
            return !failed && !abandoned && !stopping && self.start_group(index, stage);
        }
        let all_started = run.actions.len() == stage.actions.len();
        let asked = run.gates.last().is_some_and(|last| last.gate == Gate::OnFailure);
        if failed {
            if self.retry_itself(index, stage) {
                return true;
            }
            if !stopping && !abandoned && !asked && self.open_gate(index, stage, Gate::OnFailure) {
                return true;
            }
            let result = stage.on_failure.as_ref().and_then(|gate| gate.result.as_ref());
            let back = !stopping && result == Some(&ConditionResult::Rollback);
            self.close(index, place, StageStatus::Failed, back);
        } else if abandoned || (stopping && !all_started) {
            self.close(index, place, StageStatus::Stopped, false);
        } else if all_started {
            if stopping && Gate::OnSuccess.condition(stage).is_some() {
                // A success that nobody has checked is none.
                self.close(index, place, StageStatus::Stopped, false);
            } else if !self.open_gate(index, stage, Gate::OnSuccess) {
                self.close(index, place, StageStatus::Succeeded, false);
            }
        } else {
            return self.start_group(index, stage);
        }
        true
    }

    /// Ends a stage, and with it the execution or its stay there. `back` starts a rollback.
    pub(super) fn close(&mut self, index: usize, stage: usize, status: StageStatus, back: bool) {
        let now = self.now;
        let execution = &mut self.state.executions[index];
        let stopping = execution.status == ExecutionStatus::Stopping;
        let rollback = execution.kind == ExecutionType::Rollback;
        if let Some(run) = execution.stage_run() {
            run.status = status;
            run.ended = Some(now);
            let what = What::Stage { stage: run.name.clone(), started: run.started };
            let state = match status {
                StageStatus::Succeeded => "SUCCEEDED",
                StageStatus::Failed => "FAILED",
                StageStatus::Skipped => "SKIPPED",
                _ => "STOPPED",
            };
            self.event(index, what, state);
        }
        let place = self.state.place(index, stage);
        let here = &mut self.state.stages[place];
        if here.holder.as_ref() == Some(&self.state.executions[index].id) {
            here.holder = None;
        }
        let last = rollback || stage + 1 == self.state.declaration_of(index).stages.len();
        match status {
            StageStatus::Failed => {
                self.end(index, ExecutionStatus::Failed, None);
                if back {
                    self.roll_back_itself(index, stage);
                }
            }
            StageStatus::Succeeded | StageStatus::Skipped if last => self.end(index, ExecutionStatus::Succeeded, None),
            StageStatus::Succeeded | StageStatus::Skipped if !stopping => self.arrive(index, stage + 1),
            _ => self.end(index, ExecutionStatus::Stopped, None),
        }
    }
}
