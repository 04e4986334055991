//! The file that tells a local run what a pipeline's declaration leaves to the account: build projects, repositories,
//! services.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::{Error, Result};

/// `local.toml` beside a pipeline.
///
/// ```
/// # fn main() -> pipeline_runner::Result<()> {
/// use pipeline_runner::LocalSettings;
///
/// let settings = LocalSettings::parse("local.toml".as_ref(), r#"
///     account = "123456789012"
///     region = "eu-central-1"
///
///     [codebuild.shop-build]
///     environment = { REPOSITORY_NAME = "shop" }
///
///     [ecr.shop]
///     immutable = true
///
///     [ecs]
///     cluster = "shop"
///
///     [ecs.services.web]
///     task-definition = "taskdef.json"
///     desired-count = 2
/// "#)?;
/// assert_eq!(settings.codebuild["shop-build"].buildspec.to_str(), Some("buildspec.yml"));
/// # Ok(()) }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct LocalSettings {
    /// Account id: twelve digits.
    pub account: String,
    /// Region.
    pub region: String,
    /// CodeBuild projects by name.
    #[serde(default)]
    pub codebuild: BTreeMap<String, Project>,
    /// ECR repositories by name.
    #[serde(default)]
    pub ecr: BTreeMap<String, Repository>,
    /// The ECS cluster, if the pipeline deploys to one.
    pub ecs: Option<Cluster>,
}

/// An ECS cluster.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Cluster {
    /// Its name.
    pub cluster: String,
    /// Its services by name.
    #[serde(default)]
    pub services: BTreeMap<String, Service>,
}

/// A CodeBuild project.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Project {
    /// Path of the buildspec within the source.
    #[serde(default = "default_buildspec")]
    pub buildspec: PathBuf,
    /// The project's environment variables.
    #[serde(default)]
    pub environment: BTreeMap<String, String>,
}

/// An ECR repository.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Repository {
    /// Whether a tag can be moved to another image.
    #[serde(default)]
    pub immutable: bool,
}

/// An ECS service as it is before the first delivery.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Service {
    /// Path of the task definition that runs now, beside this file.
    pub task_definition: PathBuf,
    /// Tasks to keep running.
    pub desired_count: u32,
}

fn default_buildspec() -> PathBuf {
    "buildspec.yml".into()
}

impl LocalSettings {
    /// Reads a file's text; `path` is for messages.
    ///
    /// # Errors
    /// [`Error::Settings`] with line and column.
    pub fn parse(path: &Path, text: &str) -> Result<Self> {
        toml::from_str(text).map_err(|error| Error::Settings {
            path: path.to_owned(),
            message: error.to_string().trim_end().to_owned(),
        })
    }
}
