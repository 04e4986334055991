//! What is to be built, and with what.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::{NoSecrets, SecretSource};
use crate::model::{Buildspec, PhaseName};

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
    /// The sources beside the first one.
    pub secondary_sources: Vec<SecondarySource>,
    /// Where the source comes from, such as `https://git.example/shop.git`.
    pub source_repo_url: Option<String>,
    /// The build image: told to commands, and used by executors that have images.
    pub image: Option<String>,
    /// Further variables of CodeBuild's own, such as `CODEBUILD_WEBHOOK_EVENT`; only documented names are taken.
    pub codebuild_env: Vec<(String, String)>,
    /// The phases whose commands run; all if it is empty. Artifacts that such a part of a build does not make are no
    /// failure.
    pub phases: Vec<PhaseName>,
    /// How artifacts are handed over.
    pub packaging: Packaging,
    /// Whether `artifacts.name` of the buildspec names the artifact (`overrideArtifactName`, in the console "semantic
    /// versioning").
    pub override_artifact_name: bool,
    /// Where caches are kept; without it nothing is restored and nothing is saved.
    pub cache_dir: Option<PathBuf>,
    /// Where the files of test reports are copied to; without it they are only read.
    pub reports_dir: Option<PathBuf>,
    /// The batch that the build belongs to.
    pub batch: Option<BatchPlace>,
}

/// A source beside the first one; commands find it under `CODEBUILD_SRC_DIR_<identifier>`.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecondarySource {
    /// Its identifier.
    pub identifier: String,
    /// Its files.
    pub directory: PathBuf,
    /// What identifies its state, such as a commit.
    pub version: Option<String>,
}

impl SecondarySource {
    /// A source from its two parts.
    #[must_use]
    pub fn new(identifier: impl Into<String>, directory: impl Into<PathBuf>) -> Self {
        Self { identifier: identifier.into(), directory: directory.into(), version: None }
    }
}

/// How artifacts are handed over, as a project's `packaging` says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Packaging {
    /// As files.
    #[default]
    None,
    /// As files and as a ZIP archive of them.
    Zip,
}

/// Which part of a batch a build is.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BatchPlace {
    /// The ARN of the batch.
    pub arn: String,
    /// The identifier of the build in it.
    pub identifier: String,
    /// Which part of how many, in a fan-out.
    pub shard: Option<(u32, u32)>,
}

impl BatchPlace {
    /// A place from its two parts.
    #[must_use]
    pub fn new(arn: impl Into<String>, identifier: impl Into<String>) -> Self {
        Self { arn: arn.into(), identifier: identifier.into(), shard: None }
    }
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
            secondary_sources: Vec::new(),
            source_repo_url: None,
            image: None,
            codebuild_env: Vec::new(),
            phases: Vec::new(),
            packaging: Packaging::None,
            override_artifact_name: false,
            cache_dir: None,
            reports_dir: None,
            batch: None,
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

    /// Adds a source.
    #[must_use]
    pub fn with_secondary_source(mut self, source: SecondarySource) -> Self {
        self.secondary_sources.push(source);
        self
    }

    /// Sets the build image.
    #[must_use]
    pub fn with_image(mut self, image: impl Into<String>) -> Self {
        self.image = Some(image.into());
        self
    }

    /// Sets further variables of CodeBuild's own.
    #[must_use]
    pub fn with_codebuild_env(mut self, variables: Vec<(String, String)>) -> Self {
        self.codebuild_env = variables;
        self
    }

    /// Runs the commands of these phases only.
    #[must_use]
    pub fn with_phases(mut self, phases: Vec<PhaseName>) -> Self {
        self.phases = phases;
        self
    }

    /// Sets how artifacts are handed over, and whether the buildspec names them.
    #[must_use]
    pub const fn with_packaging(mut self, packaging: Packaging, override_artifact_name: bool) -> Self {
        self.packaging = packaging;
        self.override_artifact_name = override_artifact_name;
        self
    }

    /// Sets where caches are kept.
    #[must_use]
    pub fn with_cache_dir(mut self, directory: impl Into<PathBuf>) -> Self {
        self.cache_dir = Some(directory.into());
        self
    }

    /// Sets where the files of test reports are copied to.
    #[must_use]
    pub fn with_reports_dir(mut self, directory: impl Into<PathBuf>) -> Self {
        self.reports_dir = Some(directory.into());
        self
    }
}
