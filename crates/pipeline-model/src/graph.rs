//! What follows what: run-order groups and the flow of artifacts.
//!
//! An action can use what an action of an earlier stage gave, or one of its own stage with a smaller run order.
//! Actions with equal run order run together, so neither can use what the other gives.

use std::collections::{BTreeMap, HashMap};

use crate::model::{Action, Pipeline, Stage};

/// An action by its place in the declaration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(clippy::exhaustive_structs, reason = "an index pair and nothing else")]
pub struct ActionRef {
    /// The stage, from 0.
    pub stage: usize,
    /// The action in its stage, from 0.
    pub action: usize,
}

impl ActionRef {
    /// The action itself, if the declaration has it.
    #[must_use]
    pub fn of(self, pipeline: &Pipeline) -> Option<&Action> {
        pipeline.stages.get(self.stage)?.actions.get(self.action)
    }
}

/// An artifact on its way from one action to another.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Edge<'p> {
    /// The artifact.
    pub artifact: &'p str,
    /// The action that gives it.
    pub from: ActionRef,
    /// The action that takes it.
    pub to: ActionRef,
}

/// Where artifacts come from and whether they are there in time.
#[derive(Clone, Debug)]
pub struct Flow<'p> {
    pipeline: &'p Pipeline,
    producers: HashMap<&'p str, Vec<ActionRef>>,
}

impl<'p> Flow<'p> {
    /// The flow of a declaration.
    #[must_use]
    pub fn new(pipeline: &'p Pipeline) -> Self {
        let mut producers: HashMap<&str, Vec<ActionRef>> = HashMap::new();
        for (at, action) in refs(pipeline) {
            for artifact in &action.output_artifacts {
                producers.entry(&artifact.name).or_default().push(at);
            }
        }
        for list in producers.values_mut() {
            // Stable: actions that run together stay in the order of the declaration.
            list.sort_by_key(|at| (at.stage, order(pipeline, *at)));
        }
        Self { pipeline, producers }
    }

    /// Whether `first` has certainly succeeded before `second` starts.
    #[must_use]
    pub fn precedes(&self, first: ActionRef, second: ActionRef) -> bool {
        if first.stage != second.stage {
            return first.stage < second.stage;
        }
        order(self.pipeline, first) < order(self.pipeline, second)
    }

    /// Every action that gives an artifact of that name, in the order they run.
    #[must_use]
    pub fn producers(&self, artifact: &str) -> &[ActionRef] {
        self.producers.get(artifact).map_or(&[], Vec::as_slice)
    }

    /// The action from which `taker` gets the artifact: the last one that precedes it.
    #[must_use]
    pub fn producer_for(&self, artifact: &str, taker: ActionRef) -> Option<ActionRef> {
        let givers = self.producers(artifact);
        let before = givers.partition_point(|giver| self.precedes(*giver, taker));
        givers[..before].last().copied()
    }

    /// Every artifact that reaches an action, in declaration order of the takers.
    #[must_use]
    pub fn edges(&self) -> Vec<Edge<'p>> {
        let mut out = Vec::new();
        for (to, action) in refs(self.pipeline) {
            for artifact in &action.input_artifacts {
                if let Some(from) = self.producer_for(&artifact.name, to) {
                    out.push(Edge { artifact: &artifact.name, from, to });
                }
            }
        }
        out
    }
}

fn order(pipeline: &Pipeline, at: ActionRef) -> u32 {
    at.of(pipeline).map_or(1, Action::effective_run_order)
}

/// Every action with its place.
pub fn refs(pipeline: &Pipeline) -> impl Iterator<Item = (ActionRef, &Action)> {
    pipeline.stages.iter().enumerate().flat_map(|(stage, content)| {
        content.actions.iter().enumerate().map(move |(action, content)| (ActionRef { stage, action }, content))
    })
}

/// The actions of a stage in the groups that run together, first group first; each as its index in the stage.
#[must_use]
pub fn groups(stage: &Stage) -> Vec<Vec<usize>> {
    let mut groups: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
    for (index, action) in stage.actions.iter().enumerate() {
        groups.entry(action.effective_run_order()).or_default().push(index);
    }
    groups.into_values().collect()
}
