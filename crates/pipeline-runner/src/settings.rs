//! The file that tells a local run what a pipeline's declaration leaves to the account: build projects, repositories,
//! services.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::client::{Buckets, Commands, Function};
use crate::{Error, Result};

/// Where functions look for programs, unless their own `environment` says otherwise.
const SEARCH_PATH: &str = "/usr/local/bin:/usr/bin:/bin";

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
///
///     [s3]
///     shop-site = "site"
///
///     [codedeploy.shop]
///     production = "host"
///
///     [lambda.check]
///     command = ["python3", "check.py"]
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
    /// Directories in place of repositories, by the repository's name in the action.
    #[serde(default)]
    pub sources: BTreeMap<String, PathBuf>,
    /// Names of variables of this environment that builds see besides `HOME`, `LANG`, `PATH` and `USER`.
    #[serde(default)]
    pub build_environment: Vec<String>,
    /// Directories in place of S3 buckets, by name.
    #[serde(default)]
    pub s3: BTreeMap<String, PathBuf>,
    /// Directories in place of hosts, by application and deployment group.
    #[serde(default)]
    pub codedeploy: BTreeMap<String, BTreeMap<String, PathBuf>>,
    /// Commands in place of Lambda functions, by name.
    #[serde(default)]
    pub lambda: BTreeMap<String, Function>,
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

    /// The directories in place of repositories, for [`Backends::sources`](crate::Backends::sources); `root` is where the
    /// file's paths begin.
    #[must_use]
    pub fn source_directories(&self, root: &Path) -> BTreeMap<String, PathBuf> {
        self.sources.iter().map(|(name, directory)| (name.clone(), root.join(directory))).collect()
    }

    /// The directories in place of hosts, for [`Backends::hosts`](crate::Backends::hosts).
    #[must_use]
    pub fn host_directories(&self, root: &Path) -> BTreeMap<String, PathBuf> {
        let groups = self.codedeploy.iter().flat_map(|(application, groups)| {
            groups.iter().map(move |(group, directory)| (format!("{application}/{group}"), root.join(directory)))
        });
        groups.collect()
    }

    /// The directories in place of buckets.
    #[must_use]
    pub fn buckets(&self, root: &Path) -> Buckets {
        let add =
            |buckets: Buckets, (name, directory): (&String, &PathBuf)| buckets.with_bucket(name, root.join(directory));
        self.s3.iter().fold(Buckets::new(), add)
    }

    /// The commands in place of functions. They work in `root` until a version is published; versions lie below `scratch`.
    #[must_use]
    pub fn functions(&self, root: &Path, scratch: &Path) -> Commands {
        let environment = vec![("PATH".to_owned(), SEARCH_PATH.to_owned())];
        let commands = Commands::new(scratch.join("functions"), environment).working_in(root);
        self.lambda.iter().fold(commands, |commands, (name, function)| commands.with_function(name, function.clone()))
    }
}
