//! One input in, effects and events out.

use aws_call::{IdSource, SequenceIds};
use jiff::Timestamp;
use pipeline_model::model::ExecutionMode;

use super::event::{Event, Execution as ExecutionDetail, What};
use super::input::{Effect, Input, Refusal, Report, Stamped, Start};
use super::state::{
    ActionStatus, Execution, ExecutionStatus, ExecutionType, Failure, FailureKind, Position, StageStatus, State,
};

/// Executions of a `QUEUED` or `PARALLEL` pipeline that may be under way at a time (quotas page).
const CONCURRENT: usize = 50;

/// What a step leads to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Step {
    /// The execution a [`Start`] admitted, or the one its token had started before; or a rollback's own execution.
    pub execution: Option<String>,
    /// Work for the shell, in order.
    pub effects: Vec<Effect>,
    /// What happened, in order.
    pub events: Vec<Event>,
}

/// One step in the making: the state, and what the step adds.
pub(super) struct Stepping<'s> {
    pub(super) state: &'s mut State,
    pub(super) now: Timestamp,
    pub(super) ids: SequenceIds,
    pub(super) out: Step,
}

impl State {
    /// Takes one input.
    ///
    /// # Errors
    /// A [`Refusal`] with the API's exception; the state is as before.
    pub fn step(&mut self, stamped: &Stamped) -> Result<Step, Refusal> {
        let ids = SequenceIds::new(stamped.seed);
        let mut step = Stepping { state: self, now: stamped.at, ids, out: Step::default() };
        match &stamped.input {
            Input::Start(start) => step.start(start)?,
            Input::Report { execution, action, report } => step.report(execution, action, report.clone()),
            Input::Approve { token, approved, summary } => step.approve(token, *approved, summary)?,
            Input::Stop { execution, abandon, reason } => step.stop(execution, *abandon, reason)?,
            Input::Transition { stage, disabled } => step.transition(stage, disabled.clone())?,
            Input::Retry { execution, stage, mode } => step.retry(execution, stage, mode)?,
            Input::Rollback { stage, target, user } => step.roll_back(stage, target, user)?,
            Input::Override { execution, stage, gate } => step.pass_over(execution, stage, *gate)?,
            Input::Continue { execution, action, token } => step.go_on(execution, action, token),
            Input::Resume => step.start_over(),
            Input::Update(declaration) => step.update(declaration)?,
            Input::Tick => step.expire(),
        }
        step.settle();
        Ok(step.out)
    }
}

impl Stepping<'_> {
    fn start(&mut self, start: &Start) -> Result<(), Refusal> {
        let mut given = std::collections::BTreeMap::new();
        for (name, value) in &start.variables {
            if given.insert(name.clone(), value.clone()).is_some() {
                return Err(Refusal::new(
                    "ValidationException",
                    format!("Variable names must be unique. The following variable name is already in use: {name}"),
                ));
            }
        }
        if let Some(known) = start.token.as_ref().and_then(|token| self.state.tokens.get(token)) {
            self.out.execution = Some(known.clone());
            return Ok(());
        }
        let mode = self.state.pipeline.effective_mode();
        if mode != ExecutionMode::Superseded && self.state.active.len() >= CONCURRENT {
            return Err(Refusal::new(
                "ConcurrentPipelineExecutionsLimitExceededException",
                "The pipeline has reached the limit for concurrent pipeline executions.",
            ));
        }
        let declared = &self.state.pipeline.variables;
        if let Some(unknown) = given.keys().find(|name| !declared.iter().any(|variable| variable.name == **name)) {
            return Err(Refusal::new(
                "ValidationException",
                format!(
                    "the pipeline declares no variable `{unknown}`: declare it under `variables` or leave the override out"
                ),
            ));
        }
        let (mut variables, mut missing) = (std::collections::BTreeMap::new(), Vec::new());
        for variable in declared {
            match given.remove(&variable.name).or_else(|| variable.default_value.clone()) {
                Some(value) => drop(variables.insert(variable.name.clone(), value)),
                None => missing.push(variable.name.clone()),
            }
        }
        let id = self.ids.uuid();
        if let Some(token) = &start.token {
            self.state.tokens.insert(token.clone(), id.clone());
        }
        self.out.execution = Some(id.clone());
        let index = self.state.admit(Execution {
            id: id.clone(),
            version: self.state.pipeline.version.unwrap_or(1),
            kind: ExecutionType::Standard,
            rollback_target: None,
            failed: None,
            attempt: 1,
            status: ExecutionStatus::InProgress,
            trigger: start.trigger.clone(),
            variables,
            requested: start.revisions.clone(),
            revisions: Vec::new(),
            namespaces: std::collections::BTreeMap::new(),
            artifacts: std::collections::BTreeMap::new(),
            position: Position::Before(0),
            stages: Vec::new(),
            started: self.now,
            ended: None,
            summary: None,
        });
        self.pipeline_event(index, "STARTED");
        if missing.is_empty() {
            self.arrive(index, 0);
        } else {
            // Observed: the execution is created and fails at once; it is no API error.
            let summary = format!("Values for required variables haven't been provided: {}", missing.join(","));
            self.end(index, ExecutionStatus::Failed, Some(summary));
        }
        Ok(())
    }

    /// A report for an action that is no longer in progress is late: accepted and without effect, as by the service.
    fn report(&mut self, execution: &str, action: &str, report: Report) {
        let Some(index) = self.state.index_of(execution) else { return };
        self.finish(index, action, report);
    }

    fn approve(&mut self, token: &str, approved: bool, summary: &str) -> Result<(), Refusal> {
        let invalid = |message: String| Refusal::new("InvalidApprovalTokenException", message);
        let unknown =
            || invalid("no approval waits for this token: read the token from the pipeline's state".to_owned());
        let found = |index: usize| {
            let (stage, action) = self.state.executions[index].action(token)?;
            Some((index, stage.name.clone(), action.clone()))
        };
        let active = self.state.active.iter().rev().copied().find_map(found);
        let found = active.or_else(|| (0..self.state.executions.len()).rev().find_map(found));
        let (index, stage, action) = found.ok_or_else(unknown)?;
        let pipeline = self.state.declared(index);
        let declared = pipeline.stage(&stage).and_then(|stage| stage.action(&action.name)).ok_or_else(unknown)?;
        if !super::action::is_manual_approval(&declared.action_type_id) {
            return Err(invalid(format!("action `{}` is no approval", action.name)));
        }
        if action.status != ActionStatus::InProgress {
            return Err(Refusal::new(
                "ApprovalAlreadyCompletedException",
                format!("the approval `{}` in stage `{stage}` has been answered already", action.name),
            ));
        }
        if action.outdated {
            let name = &self.state.pipeline.name;
            return Err(Refusal::new(
                "InvalidApprovalTokenException",
                format!(
                    "The pipeline {name} has been updated, and the approval request you responded to is now out of date."
                ),
            ));
        }
        if summary.chars().count() > 512 {
            return Err(Refusal::new("ValidationException", "an approval's summary has at most 512 characters"));
        }
        let summary_required = declared.config("IsSummaryRequired") == Some("true");
        if summary_required && summary.trim().is_empty() {
            return Err(Refusal::new(
                "ValidationException",
                format!(
                    "Action '{}' in stage '{stage}' requires a summary. Provide a summary in the approval result and try again.",
                    action.name
                ),
            ));
        }
        let report = if approved {
            Report::Succeeded {
                variables: std::collections::BTreeMap::new(),
                summary: Some(format!("Approved: {summary}")),
                external_id: None,
                revision: None,
            }
        } else {
            let message = if summary.is_empty() { "Rejected".to_owned() } else { format!("Rejected: {summary}") };
            Report::Failed { failure: Failure { kind: FailureKind::JobFailed, message }, external_id: None }
        };
        self.finish_action(index, token, report);
        Ok(())
    }

    fn stop(&mut self, execution: &str, abandon: bool, reason: &str) -> Result<(), Refusal> {
        let Some(index) = self.state.index_of(execution) else {
            return Err(Refusal::new(
                "PipelineExecutionNotFoundException",
                format!("there is no execution `{execution}`"),
            ));
        };
        let status = self.state.executions[index].status;
        if status.is_terminal() {
            return Err(Refusal::new(
                "PipelineExecutionNotStoppableException",
                format!("the execution has ended already: it is {status:?}"),
            ));
        }
        if status == ExecutionStatus::Stopping && !abandon {
            return Err(Refusal::new("DuplicatedStopRequestException", "the execution is stopping already"));
        }
        let execution = &mut self.state.executions[index];
        execution.status = ExecutionStatus::Stopping;
        execution.summary = Some(reason.to_owned()).filter(|reason| !reason.is_empty());
        if let Some(run) = execution.stage_run().filter(|run| run.status == StageStatus::InProgress) {
            run.status = StageStatus::Stopping;
        }
        if status != ExecutionStatus::Stopping {
            self.pipeline_event(index, "STOPPING");
        }
        if abandon {
            self.abandon_actions(index);
        }
        Ok(())
    }

    fn transition(&mut self, stage: &str, disabled: Option<String>) -> Result<(), Refusal> {
        let Some(state) = self.state.stages.iter_mut().find(|state| state.name == stage) else {
            return Err(Refusal::new("StageNotFoundException", format!("the pipeline has no stage `{stage}`")));
        };
        state.disabled = disabled;
        Ok(())
    }

    /// Ends an execution; nothing happens to it afterwards, unless its stage is retried.
    pub(super) fn end(&mut self, index: usize, status: ExecutionStatus, summary: Option<String>) {
        let execution = &mut self.state.executions[index];
        execution.status = status;
        execution.position = Position::Done;
        execution.ended = Some(self.now);
        self.state.active.retain(|active| *active != index);
        let execution = &mut self.state.executions[index];
        if summary.is_some() {
            execution.summary = summary;
        }
        let id = execution.id.clone();
        for stage in &mut self.state.stages {
            stage.waiting.retain(|waiting| *waiting != id);
            if stage.holder.as_ref() == Some(&id) {
                stage.holder = None;
            }
        }
        let state = match status {
            ExecutionStatus::Succeeded => "SUCCEEDED",
            ExecutionStatus::Superseded => "SUPERSEDED",
            ExecutionStatus::Stopped => "STOPPED",
            _ => "FAILED",
        };
        self.pipeline_event(index, state);
    }

    pub(super) fn pipeline_event(&mut self, index: usize, state: &str) {
        let execution = &self.state.executions[index];
        let comments = execution.summary.clone().filter(|_| matches!(state, "STOPPING" | "STOPPED"));
        self.event(index, What::Pipeline { started: execution.started, comments }, state);
    }

    pub(super) fn event(&mut self, index: usize, what: What, state: &str) {
        let execution = &self.state.executions[index];
        self.out.events.push(Event {
            at: self.now,
            execution: ExecutionDetail {
                pipeline: self.state.pipeline.name.clone(),
                id: execution.id.clone(),
                version: execution.version,
                attempt: execution.attempt,
                trigger: execution.trigger.clone(),
            },
            what,
            state: state.to_owned(),
        });
    }
}
