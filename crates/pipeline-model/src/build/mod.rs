//! Building declarations in Rust so that the common mistakes cannot be written.
//!
//! - Artifacts are handles that only the action that gives them hands out, so that nobody takes an artifact that does not
//!   exist, comes later, or is misspelt.
//! - Actions that run together are added in one call, so that none of them can take what another one gives.
//! - Variables of other actions come from [`Made::variable`], which knows the names that the action type has; variables of
//!   the pipeline can be declared only once the sources are complete, since sources cannot use them.
//! - Settings that an action type requires are arguments of its function in [`actions`].
//! - A pipeline begins with its source and cannot be finished before it has another stage.
//!
//! What remains is found by [`check`](crate::check): whether a text is a valid name, and values that depend on one another.
//!
//! ```
//! use pipeline_model::build::{Sources, actions};
//! use pipeline_model::model::ArtifactStore;
//!
//! let role = "arn:aws:iam::123456789012:role/pipeline";
//! let mut sources = Sources::new("shop", role, ArtifactStore::s3("shop-artifacts"));
//! let connection = "arn:aws:codeconnections:eu-central-1:123456789012:connection/00000000-0000-4000-8000-000000000000";
//! let source = sources.add("Source", actions::connection(connection, "harbour/shop", "main"));
//! let mut build = sources.first_stage("Build");
//! let commit = source.variable("CommitId")?;
//! let built = build.action("Build", actions::codebuild("shop-build", &source.artifact()).outputs(["Image"]));
//! let [image] = built.artifacts();
//! let mut deploy = build.next_stage("Deploy");
//! deploy.action("Approve", actions::approval().with("CustomData", format!("Deploy {commit}?")));
//! deploy.action("Web", actions::ecs("shop", "web", &image));
//! let pipeline = deploy.finish();
//! assert_eq!(pipeline.stages[2].actions[1].run_order, Some(2));
//! # Ok::<(), pipeline_model::build::UnknownVariable>(())
//! ```

pub mod actions;
mod handles;
mod stages;

pub use handles::{Artifact, Made, Source, UnknownVariable};
pub use stages::{Sources, StageBuilder};

use crate::model::{Action, ActionTypeId};

/// An action that is not in a pipeline yet, with `N` artifacts that it will give.
#[derive(Clone, Debug)]
pub struct Spec<const N: usize> {
    action: Action,
    outputs: [String; N],
}

impl Spec<0> {
    /// An action of any type, for those without a function of their own.
    #[must_use]
    pub fn new(action_type_id: ActionTypeId) -> Self {
        Self { action: Action::new("", action_type_id), outputs: [] }
    }

    /// The same action, which gives artifacts of these names.
    #[must_use]
    pub fn outputs<const N: usize>(self, names: [&str; N]) -> Spec<N> {
        Spec { action: self.action, outputs: names.map(str::to_owned) }
    }
}

impl<const N: usize> Spec<N> {
    /// The same action with a setting.
    #[must_use]
    pub fn with(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.action = self.action.with_config(key, value);
        self
    }

    /// The same action with one more artifact that it takes.
    #[must_use]
    pub fn input(mut self, artifact: &Artifact) -> Self {
        self.action = self.action.with_input(&artifact.name);
        self
    }

    /// The same action under a role of its own.
    #[must_use]
    pub fn role(mut self, arn: impl Into<String>) -> Self {
        self.action.role_arn = Some(arn.into());
        self
    }

    /// The same action in another region; the pipeline then needs an artifact store for each.
    #[must_use]
    pub fn region(mut self, region: impl Into<String>) -> Self {
        self.action.region = Some(region.into());
        self
    }
}
