//! What the actions of a pipeline are doing, as far as a picture shows it.

use std::collections::HashMap;

use crate::client::PipelineState;
use crate::model::{Action, Category, Pipeline};

/// What an action is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Status {
    /// It is at work.
    Running,
    /// It waits for a person.
    Waiting,
    /// It has done its work.
    Succeeded,
    /// It has failed.
    Failed,
    /// It was stopped, or left alone when its execution was stopped.
    Stopped,
}

impl Status {
    /// The word that pictures show.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Waiting => "waiting for approval",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Stopped => "stopped",
        }
    }

    /// The status that CodePipeline's word for an action execution means.
    fn of(word: &str, action: &Action) -> Option<Self> {
        Some(match word {
            // The service has one word for both.
            "InProgress" if action.action_type_id.category == Category::Approval => Self::Waiting,
            "InProgress" => Self::Running,
            "Succeeded" => Self::Succeeded,
            "Failed" => Self::Failed,
            "Abandoned" | "Stopped" => Self::Stopped,
            _ => return None,
        })
    }
}

/// The statuses of a pipeline's actions; an action without one has not run.
///
/// ```
/// use pipeline_model::draw::{State, Status};
///
/// let state = State::default().with("Deploy", "Approve", Status::Waiting);
/// assert_eq!(state.get("Deploy", "Approve"), Some(Status::Waiting));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct State {
    actions: HashMap<String, HashMap<String, Status>>,
}

impl State {
    /// The state that CodePipeline answered for a pipeline of this declaration.
    #[must_use]
    pub fn new(pipeline: &Pipeline, answer: &PipelineState) -> Self {
        let mut state = Self::default();
        for stage in &answer.stages {
            let Some(declared) = pipeline.stage(&stage.name) else { continue };
            for action in &stage.actions {
                let status = action.status.as_deref().zip(declared.action(&action.name));
                if let Some(status) = status.and_then(|(word, declared)| Status::of(word, declared)) {
                    state = state.with(&stage.name, &action.name, status);
                }
            }
        }
        state
    }

    /// The same state with the status of an action.
    #[must_use]
    pub fn with(mut self, stage: impl Into<String>, action: impl Into<String>, status: Status) -> Self {
        self.actions.entry(stage.into()).or_default().insert(action.into(), status);
        self
    }

    /// The status of an action.
    #[must_use]
    pub fn get(&self, stage: &str, action: &str) -> Option<Status> {
        self.actions.get(stage)?.get(action).copied()
    }
}
