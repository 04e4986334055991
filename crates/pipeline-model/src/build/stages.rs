//! Stages one after the other: whoever holds a stage can add actions to it, and go on to the next one.

use std::collections::BTreeSet;

use super::handles::{Made, Source};
use super::{Artifact, Spec};
use crate::actions::{Catalogue, OutputVariables};
use crate::model::{ArtifactStore, ExecutionMode, Pipeline, PipelineType, Stage, Trigger, VariableDeclaration};

/// The first stage: sources and nothing else.
#[derive(Debug)]
pub struct Sources {
    inner: Inner,
}

/// A stage behind the sources.
#[derive(Debug)]
pub struct StageBuilder {
    inner: Inner,
}

#[derive(Debug)]
struct Inner {
    pipeline: Pipeline,
    artifacts: BTreeSet<String>,
    namespaces: BTreeSet<String>,
}

impl Sources {
    /// A V2 pipeline whose first stage is called `Source`.
    #[must_use]
    pub fn new(name: &str, role_arn: &str, store: ArtifactStore) -> Self {
        let mut pipeline = Pipeline::new(name, role_arn);
        pipeline.pipeline_type = Some(PipelineType::V2);
        pipeline.artifact_store = Some(store);
        pipeline.stages.push(Stage::new("Source"));
        // Both words are taken by the service.
        let namespaces = ["codepipeline", "variables"].map(str::to_owned).into();
        Self { inner: Inner { pipeline, artifacts: BTreeSet::new(), namespaces } }
    }

    /// Adds a source. Sources run together.
    pub fn add(&mut self, name: &str, source: Spec<1>) -> Source {
        Source(self.inner.add(name, source, 1))
    }

    /// Goes on to the first stage that works with what the sources bring in.
    #[must_use]
    pub fn first_stage(self, name: &str) -> StageBuilder {
        StageBuilder { inner: self.inner.with_stage(name) }
    }
}

impl StageBuilder {
    /// Adds an action that runs when all earlier ones of the stage have succeeded.
    pub fn action<const N: usize>(&mut self, name: &str, spec: Spec<N>) -> Made<N> {
        let order = self.inner.next_order();
        self.inner.add(name, spec, order)
    }

    /// Adds actions that run together, when all earlier ones of the stage have succeeded. None of them can take what
    /// another of them gives, as the handles are there only afterwards.
    pub fn together<const K: usize, const N: usize>(&mut self, actions: [(&str, Spec<N>); K]) -> [Made<N>; K] {
        let order = self.inner.next_order();
        actions.map(|(name, spec)| self.inner.add(name, spec, order))
    }

    /// Declares a variable of the pipeline that has a default, and gives the reference to it.
    pub fn variable(&mut self, name: &str, default: &str) -> String {
        self.inner.variable(VariableDeclaration::with_default(name, default))
    }

    /// Declares a variable of the pipeline that every start must set, and gives the reference to it.
    pub fn required_variable(&mut self, name: &str) -> String {
        self.inner.variable(VariableDeclaration::required(name))
    }

    /// Goes on to the next stage.
    #[must_use]
    pub fn next_stage(self, name: &str) -> Self {
        Self { inner: self.inner.with_stage(name) }
    }

    /// The declaration, in the mode that executions share it by default.
    #[must_use]
    pub fn finish(self) -> Pipeline {
        self.inner.pipeline
    }

    /// The declaration in another mode, with triggers.
    #[must_use]
    pub fn finish_with(self, mode: ExecutionMode, triggers: Vec<Trigger>) -> Pipeline {
        let mut pipeline = self.inner.pipeline;
        pipeline.execution_mode = Some(mode);
        pipeline.triggers = triggers.into();
        pipeline
    }
}

impl Inner {
    fn with_stage(mut self, name: &str) -> Self {
        let taken: BTreeSet<String> = self.pipeline.stages.iter().map(|stage| stage.name.clone()).collect();
        self.pipeline.stages.push(Stage::new(free(name, &taken)));
        self
    }

    fn next_order(&self) -> u32 {
        let last = self.pipeline.stages.last();
        let orders = last.into_iter().flat_map(|stage| &stage.actions).map(crate::Action::effective_run_order);
        orders.max().map_or(1, |order| order.saturating_add(1))
    }

    fn add<const N: usize>(&mut self, name: &str, spec: Spec<N>, order: u32) -> Made<N> {
        let Spec { mut action, outputs } = spec;
        let stages = &mut self.pipeline.stages;
        let taken = stages.last().into_iter().flat_map(|stage| &stage.actions);
        action.name = free(name, &taken.map(|action| action.name.clone()).collect());
        let artifacts = &mut self.artifacts;
        let outputs = outputs.map(|wanted| {
            let name = free(&plain(&wanted), artifacts);
            artifacts.insert(name.clone());
            name
        });
        for output in &outputs {
            action = action.with_output(output);
        }
        let variables =
            Catalogue::builtin().find(&action.action_type_id).map(crate::actions::ActionType::output_variables);
        if !matches!(variables, None | Some(OutputVariables::None)) {
            let namespace = free(&plain(&action.name), &self.namespaces);
            self.namespaces.insert(namespace.clone());
            action.namespace = Some(namespace);
        }
        action.run_order = Some(order);
        let made = Made { outputs, namespace: action.namespace.clone(), kind: action.action_type_id.clone() };
        if let Some(stage) = stages.last_mut() {
            stage.actions.push(action);
        }
        made
    }

    fn variable(&mut self, mut variable: VariableDeclaration) -> String {
        let taken = self.pipeline.variables.iter().map(|variable| variable.name.clone()).collect();
        variable.name = free(&variable.name, &taken);
        let reference = format!("#{{variables.{}}}", variable.name);
        self.pipeline.variables.push(variable);
        reference
    }
}

/// The name, with a number behind it if it is taken.
fn free(name: &str, taken: &BTreeSet<String>) -> String {
    let mut out = name.to_owned();
    let mut number = 2_u32;
    while taken.contains(&out) {
        out = format!("{name}-{number}");
        number += 1;
    }
    out
}

/// The name with the characters that artifacts and namespaces may have.
fn plain(name: &str) -> String {
    name.chars().map(|c| if c.is_ascii_alphanumeric() || c == '-' || c == '_' { c } else { '_' }).collect()
}

impl From<&Artifact> for crate::model::InputArtifact {
    fn from(artifact: &Artifact) -> Self {
        Self::new(artifact.name())
    }
}
