//! Writes the template of a whole delivery path from a declaration: the pipeline, and what it needs around it.
//!
//! The artifact bucket (versioned, encrypted, closed, kept when the stack goes), one role for each service with just the
//! permissions that the actions use, build projects, repositories with their policy, and what starts the pipeline: event
//! rules for CodeCommit, S3 and ECR sources, a webhook for the old GitHub source. A declaration with triggers brings its
//! own. Secret values become parameters without echo.
//!
//! ```
//! use pipeline_model::format::cloudformation::to_yaml;
//! use pipeline_model::template::generate::{Plan, template};
//! use pipeline_model::{Action, ActionTypeId, Pipeline, Stage};
//!
//! let source = Action::new("Source", ActionTypeId::new("Source", "AWS", "CodeCommit", "1"))
//!     .with_config("RepositoryName", "shop")
//!     .with_config("BranchName", "main")
//!     .with_config("PollForSourceChanges", "false")
//!     .with_output("Code");
//! let build = Action::new("Build", ActionTypeId::new("Build", "AWS", "CodeBuild", "1"))
//!     .with_config("ProjectName", "shop-build")
//!     .with_input("Code");
//! let mut pipeline = Pipeline::new("shop", "");
//! pipeline.stages = vec![Stage::new("Source").with_action(source), Stage::new("Build").with_action(build)];
//!
//! let text = to_yaml(&template(&pipeline, &Plan::default()));
//! for kind in ["CodePipeline::Pipeline", "CodeBuild::Project", "S3::Bucket", "IAM::Role", "Events::Rule"] {
//!     assert!(text.contains(&format!("Type: AWS::{kind}")), "{text}");
//! }
//! ```

mod build;
mod pipeline;
mod roles;
mod sources;
mod store;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;
use spec_report::emit::{self, Map};

use crate::format::cloudformation::from_json;
use crate::model::Pipeline;

/// What a declaration does not say about the resources around it.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Plan {
    /// The build projects by name. A project that an action names and that is not here gets the defaults.
    pub projects: BTreeMap<String, BuildProject>,
}

impl Plan {
    /// The same plan with a build project.
    #[must_use]
    pub fn with_project(mut self, name: impl Into<String>, project: BuildProject) -> Self {
        self.projects.insert(name.into(), project);
        self
    }
}

/// A build project to write.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct BuildProject {
    /// The image that builds run in.
    pub image: String,
    /// How much of a machine.
    pub compute_type: String,
    /// The path of the buildspec, or its text; absent means `buildspec.yml` in the root of the source.
    pub buildspec: Option<String>,
    /// The commands of the buildspec, for the permissions that they need.
    pub commands: Vec<String>,
    /// The repositories of ECR that builds push to. They are written too, and builds may run a container engine.
    pub repositories: Vec<String>,
}

impl Default for BuildProject {
    /// A small Linux machine with the standard image.
    fn default() -> Self {
        Self {
            image: "aws/codebuild/standard:7.0".to_owned(),
            compute_type: "BUILD_GENERAL1_SMALL".to_owned(),
            buildspec: None,
            commands: Vec::new(),
            repositories: Vec::new(),
        }
    }
}

impl BuildProject {
    /// The same project with this buildspec: its path, or its text.
    #[must_use]
    pub fn with_buildspec(mut self, buildspec: impl Into<String>) -> Self {
        self.buildspec = Some(buildspec.into());
        self
    }

    /// The same project whose builds run these commands.
    #[must_use]
    pub fn with_commands<C: Into<String>>(mut self, commands: impl IntoIterator<Item = C>) -> Self {
        self.commands.extend(commands.into_iter().map(Into::into));
        self
    }

    /// The same project whose builds push to a repository of ECR.
    #[must_use]
    pub fn with_repository(mut self, name: impl Into<String>) -> Self {
        self.repositories.push(name.into());
        self
    }
}

/// The template of a delivery path. Its pipeline says what the declaration says, except that the role and the bucket are
/// those of the template.
///
/// A declaration with a store for each region keeps its buckets: one stack has one region. Roles of actions are kept, for
/// they are often those of another account. Artifacts, keys and topics that configurations name must exist.
#[must_use]
pub fn template(pipeline: &Pipeline, plan: &Plan) -> emit::Value {
    let mut out = Template::default();
    let has_bucket = store::write(&mut out, pipeline);
    roles::pipeline(&mut out, pipeline, has_bucket);
    build::write(&mut out, pipeline, plan, has_bucket);
    let id = pipeline::write(&mut out, pipeline, Some(has_bucket));
    sources::write(&mut out, pipeline, &id);
    out.value(&format!("The delivery path of {}", pipeline.name))
}

/// A template of the pipeline alone: role, bucket and projects stay those that the declaration names.
#[must_use]
pub fn pipeline_only(pipeline: &Pipeline) -> emit::Value {
    let mut out = Template::default();
    pipeline::write(&mut out, pipeline, None);
    out.value(&format!("The pipeline {}", pipeline.name))
}

/// A template in the making.
#[derive(Default)]
struct Template {
    parameters: Map,
    resources: Map,
    taken: BTreeSet<String>,
}

impl Template {
    /// An unused name for a resource or parameter.
    fn id(&mut self, words: &[&str]) -> String {
        let mut id = String::new();
        for word in words.iter().flat_map(|word| word.split(|c: char| !c.is_ascii_alphanumeric())) {
            let mut letters = word.chars();
            id.extend(letters.next().map(|first| first.to_ascii_uppercase()));
            id.extend(letters);
        }
        // The most that CloudFormation takes is 255.
        id.truncate(200);
        let mut found = id.clone();
        let mut number = 2;
        while !self.taken.insert(found.clone()) {
            found = format!("{id}{number}");
            number += 1;
        }
        found
    }

    fn secret(&mut self, words: &[&str], description: &str) -> String {
        let id = self.id(words);
        let parameter = Map::new().with("Type", "String").with("NoEcho", true).with("Description", description);
        self.parameters.push(id.clone(), parameter);
        id
    }

    fn resource(&mut self, id: &str, kind: &str, properties: &Json) {
        self.resources.push(id, Map::new().with("Type", kind).with("Properties", from_json(properties)));
    }

    /// A resource that stays when the stack goes: what it holds cannot be made again.
    fn kept(&mut self, id: &str, kind: &str, properties: &Json) {
        let resource = Map::new()
            .with("Type", kind)
            .with("DeletionPolicy", "Retain")
            .with("UpdateReplacePolicy", "Retain")
            .with("Properties", from_json(properties));
        self.resources.push(id, resource);
    }

    fn value(self, description: &str) -> emit::Value {
        let mut out = Map::new().with("AWSTemplateFormatVersion", "2010-09-09").with("Description", description);
        if !self.parameters.is_empty() {
            out.push("Parameters", self.parameters);
        }
        out.push("Resources", self.resources);
        out.into()
    }
}
