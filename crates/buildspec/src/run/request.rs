//! What is to be built, and with what.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::{NoSecrets, SecretSource};
use crate::model::Buildspec;

/// A build to run here.
#[non_exhaustive]
#[derive(Clone, Debug)]
pub struct Request<'a> {
    /// What to do.
    pub buildspec: &'a Buildspec,
    /// The source. Commands run in it and change it: give each build its own copy.
    pub source_dir: PathBuf,
    /// Where artifacts are put: the primary one in `primary`, others in `secondary/<identifier>`. Made when needed; what
    /// is in those two directories is replaced.
    pub artifacts_dir: PathBuf,
    /// The name of the project.
    pub project: String,
    /// The project's variables. They win over those of the buildspec.
    pub project_env: Vec<(String, String)>,
    /// Variables of this build. They win over all others.
    pub overrides: Vec<(String, String)>,
    /// The variables that the build image would bring, `PATH` and `HOME` at least. Nothing else of the caller's
    /// environment reaches a command.
    pub base_env: Vec<(String, String)>,
    /// Names among the variables above whose values are masked in everything that is shown.
    pub sensitive: Vec<String>,
    /// The commit, or what else identifies the source.
    pub source_version: Option<String>,
    /// How long the build may take. CodeBuild allows from 5 to 2160 minutes, and 60 if nothing is said.
    pub timeout: Option<Duration>,
    /// Where parameters and secrets come from.
    pub secrets: Arc<dyn SecretSource>,
    /// The region that commands are told; none if nobody said.
    pub region: Option<String>,
    /// The account in the build's ARN.
    pub account: String,
    /// The number of the build.
    pub build_number: u64,
    /// Who started it, such as `codepipeline/shop`.
    pub initiator: Option<String>,
    /// The id of the build; `<project>:<uuid>` if it is not given.
    pub build_id: Option<String>,
}

impl<'a> Request<'a> {
    /// A build of `source_dir` by `buildspec`, with nothing else set.
    #[must_use]
    pub fn new(
        buildspec: &'a Buildspec,
        source_dir: impl Into<PathBuf>,
        artifacts_dir: impl Into<PathBuf>,
        project: impl Into<String>,
    ) -> Self {
        Self {
            buildspec,
            source_dir: source_dir.into(),
            artifacts_dir: artifacts_dir.into(),
            project: project.into(),
            project_env: Vec::new(),
            overrides: Vec::new(),
            base_env: Vec::new(),
            sensitive: Vec::new(),
            source_version: None,
            timeout: None,
            secrets: Arc::new(NoSecrets),
            region: None,
            account: "000000000000".to_owned(),
            build_number: 1,
            initiator: None,
            build_id: None,
        }
    }

    /// Sets the project's variables.
    #[must_use]
    pub fn with_project_env(mut self, variables: Vec<(String, String)>) -> Self {
        self.project_env = variables;
        self
    }

    /// Sets the variables of this build.
    #[must_use]
    pub fn with_overrides(mut self, variables: Vec<(String, String)>) -> Self {
        self.overrides = variables;
        self
    }

    /// Sets the variables that the build image would bring.
    #[must_use]
    pub fn with_base_env(mut self, variables: Vec<(String, String)>) -> Self {
        self.base_env = variables;
        self
    }

    /// Names variables whose values are masked.
    #[must_use]
    pub fn with_sensitive(mut self, names: Vec<String>) -> Self {
        self.sensitive = names;
        self
    }

    /// Sets what identifies the source.
    #[must_use]
    pub fn with_source_version(mut self, version: impl Into<String>) -> Self {
        self.source_version = Some(version.into());
        self
    }

    /// Sets how long the build may take.
    #[must_use]
    pub const fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Sets where parameters and secrets come from.
    #[must_use]
    pub fn with_secrets(mut self, secrets: Arc<dyn SecretSource>) -> Self {
        self.secrets = secrets;
        self
    }

    /// Sets region and account.
    #[must_use]
    pub fn with_location(mut self, region: impl Into<String>, account: impl Into<String>) -> Self {
        self.region = Some(region.into());
        self.account = account.into();
        self
    }

    /// Sets who started the build.
    #[must_use]
    pub fn with_initiator(mut self, initiator: impl Into<String>) -> Self {
        self.initiator = Some(initiator.into());
        self
    }

    /// Sets id and number of the build.
    #[must_use]
    pub fn with_build(mut self, id: impl Into<String>, number: u64) -> Self {
        self.build_id = Some(id.into());
        self.build_number = number;
        self
    }
}
