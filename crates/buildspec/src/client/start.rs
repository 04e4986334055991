//! What a build can be started with.

use super::{
    BuildStatusConfig, EnvironmentVariable, LogsConfig, ProjectArtifacts, ProjectCache, ProjectSource, SourceAuth,
    SourceVersion,
};

/// What to build. Everything but the project's name replaces a setting of the project for this build.
#[non_exhaustive]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StartBuildRequest {
    /// The project.
    pub project_name: String,
    /// Commit, branch, tag, or version of an S3 object.
    pub source_version: Option<String>,
    /// An inline buildspec, a path in the source, or the ARN of an S3 object.
    pub buildspec_override: Option<String>,
    /// Variables. They win over those of the project and of the buildspec.
    pub environment_variables_override: Vec<EnvironmentVariable>,
    /// From 5 to 2160.
    pub timeout_in_minutes_override: Option<i32>,
    /// The build image.
    pub image_override: Option<String>,
    /// Such as `BUILD_GENERAL1_SMALL`.
    pub compute_type_override: Option<String>,
    /// Whether Docker can be run.
    pub privileged_mode_override: Option<bool>,
    /// Further sources.
    pub secondary_sources_override: Vec<ProjectSource>,
    /// Versions of further sources.
    pub secondary_sources_version_override: Vec<SourceVersion>,
    /// What is kept of the build.
    pub artifacts_override: Option<ProjectArtifacts>,
    /// What else is kept of it.
    pub secondary_artifacts_override: Vec<ProjectArtifacts>,
    /// Such as `GITHUB`.
    pub source_type_override: Option<String>,
    /// Where the source is.
    pub source_location_override: Option<String>,
    /// How the source is reached.
    pub source_auth_override: Option<SourceAuth>,
    /// How many commits are fetched.
    pub git_clone_depth_override: Option<i32>,
    /// Whether submodules are fetched.
    pub fetch_submodules_override: Option<bool>,
    /// Whether certificates of the source's provider go unchecked.
    pub insecure_ssl_override: Option<bool>,
    /// Whether the source's provider is told how it goes.
    pub report_build_status_override: Option<bool>,
    /// How the source's provider is told.
    pub build_status_config_override: Option<BuildStatusConfig>,
    /// Such as `LINUX_CONTAINER`.
    pub environment_type_override: Option<String>,
    /// The certificate of the source's provider.
    pub certificate_override: Option<String>,
    /// What is kept between builds.
    pub cache_override: Option<ProjectCache>,
    /// The role that the build acts in.
    pub service_role_override: Option<String>,
    /// From 5 to 480.
    pub queued_timeout_in_minutes_override: Option<i32>,
    /// The key that encrypts artifacts.
    pub encryption_key_override: Option<String>,
    /// Where the log goes.
    pub logs_config_override: Option<LogsConfig>,
    /// The secret for a private registry.
    pub registry_credential_override: Option<String>,
    /// `CODEBUILD` or `SERVICE_ROLE`.
    pub image_pull_credentials_type_override: Option<String>,
    /// Whether `codebuild-breakpoint` stops the build.
    pub debug_session_enabled: Option<bool>,
    /// The ARN of the fleet to run on.
    pub fleet_override: Option<String>,
    /// How often the build is repeated by itself if it fails.
    pub auto_retry_limit_override: Option<i32>,
    /// Such as `LINUX_KERNEL_6`.
    pub host_kernel_override: Option<String>,
    /// Makes a repeated call give the same build, for five minutes.
    pub idempotency_token: Option<String>,
}

impl StartBuildRequest {
    /// A build of a project with nothing replaced.
    #[must_use]
    pub fn new(project_name: impl Into<String>) -> Self {
        Self { project_name: project_name.into(), ..Self::default() }
    }

    /// Sets what to build.
    #[must_use]
    pub fn with_source_version(mut self, version: impl Into<String>) -> Self {
        self.source_version = Some(version.into());
        self
    }

    /// Replaces the project's buildspec.
    #[must_use]
    pub fn with_buildspec(mut self, buildspec: impl Into<String>) -> Self {
        self.buildspec_override = Some(buildspec.into());
        self
    }

    /// Adds a variable.
    #[must_use]
    pub fn with_variable(mut self, variable: EnvironmentVariable) -> Self {
        self.environment_variables_override.push(variable);
        self
    }

    /// Sets how long the build may take.
    #[must_use]
    pub const fn with_timeout_in_minutes(mut self, minutes: i32) -> Self {
        self.timeout_in_minutes_override = Some(minutes);
        self
    }

    /// Makes a repeated call give the same build.
    #[must_use]
    pub fn with_idempotency_token(mut self, token: impl Into<String>) -> Self {
        self.idempotency_token = Some(token.into());
        self
    }
}
