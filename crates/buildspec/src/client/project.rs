//! What a build project is made of, and the role of whoever creates and changes projects.
//!
//! Words with a fixed set of values (`GITHUB`, `LINUX_CONTAINER`) are texts here: the service adds to them more often than
//! this crate is released. Fields are named as in the API, without the prefixes that only repeat the type.

use std::fmt::Debug;
use std::sync::Arc;

use async_trait::async_trait;
use aws_call::CallError;

use super::EnvironmentVariable;

/// Creates, changes and removes build projects.
#[async_trait]
pub trait Projects: Debug + Send + Sync {
    /// Creates a project.
    ///
    /// # Errors
    /// The call failed, the project exists, or a setting is refused.
    async fn create_project(&self, project: &Project) -> Result<Project, CallError>;

    /// Changes a project. What is absent or empty in `project` stays as it is there.
    ///
    /// # Errors
    /// The call failed, there is no such project, or a setting is refused.
    async fn update_project(&self, project: &Project) -> Result<Project, CallError>;

    /// What is known about projects.
    ///
    /// # Errors
    /// The call failed. Projects that do not exist are no error: they are in the answer.
    async fn batch_get_projects(&self, names: &[String]) -> Result<BatchGetProjects, CallError>;

    /// Removes a project; one that does not exist is no error.
    ///
    /// # Errors
    /// The call failed.
    async fn delete_project(&self, name: &str) -> Result<(), CallError>;
}

const _: fn(&dyn Projects) = |_| ();

#[async_trait]
impl<T: Projects + ?Sized> Projects for Arc<T> {
    async fn create_project(&self, project: &Project) -> Result<Project, CallError> {
        (**self).create_project(project).await
    }

    async fn update_project(&self, project: &Project) -> Result<Project, CallError> {
        (**self).update_project(project).await
    }

    async fn batch_get_projects(&self, names: &[String]) -> Result<BatchGetProjects, CallError> {
        (**self).batch_get_projects(names).await
    }

    async fn delete_project(&self, name: &str) -> Result<(), CallError> {
        (**self).delete_project(name).await
    }
}

/// Creates a project, or changes the one that has its name.
///
/// # Errors
/// One of the calls failed, or a setting is refused.
pub async fn put_project(projects: &dyn Projects, project: &Project) -> Result<Project, CallError> {
    let known = projects.batch_get_projects(std::slice::from_ref(&project.name)).await?;
    if known.projects.is_empty() {
        projects.create_project(project).await
    } else {
        projects.update_project(project).await
    }
}

/// A build project.
///
/// ```
/// use buildspec::client::{EnvironmentVariable, Project, ProjectEnvironment, ProjectSource, VariableKind};
///
/// let role = "arn:aws:iam::123456789012:role/build";
/// let environment = ProjectEnvironment::new("LINUX_CONTAINER", "aws/codebuild/standard:7.0", "BUILD_GENERAL1_SMALL")
///     .with_privileged_mode()
///     .with_variable(EnvironmentVariable::plaintext("STAGE", "test"))
///     .with_variable(EnvironmentVariable::new("DSN", "/shop/dsn", VariableKind::ParameterStore));
/// let project = Project::new("shop", ProjectSource::new("GITHUB", "https://github.com/example/shop"), environment, role);
/// assert_eq!(project.artifacts.as_ref().map(|artifacts| artifacts.kind.as_str()), Some("NO_ARTIFACTS"));
/// ```
#[non_exhaustive]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Project {
    /// Its name.
    pub name: String,
    /// Its ARN, in answers.
    pub arn: Option<String>,
    /// What it is for.
    pub description: Option<String>,
    /// Where the source is.
    pub source: Option<ProjectSource>,
    /// Further sources, each with an identifier.
    pub secondary_sources: Vec<ProjectSource>,
    /// Which version of the source is built if a build does not say.
    pub source_version: Option<String>,
    /// The same for further sources.
    pub secondary_source_versions: Vec<SourceVersion>,
    /// What is kept of a build.
    pub artifacts: Option<ProjectArtifacts>,
    /// What else is kept, each with an identifier.
    pub secondary_artifacts: Vec<ProjectArtifacts>,
    /// What is kept between builds.
    pub cache: Option<ProjectCache>,
    /// Where builds run.
    pub environment: Option<ProjectEnvironment>,
    /// The ARN of the role that builds act in.
    pub service_role: Option<String>,
    /// From 5 to 2160; the service takes 60.
    pub timeout_in_minutes: Option<i32>,
    /// From 5 to 480; the service takes 480.
    pub queued_timeout_in_minutes: Option<i32>,
    /// The key that encrypts artifacts.
    pub encryption_key: Option<String>,
    /// Names and values.
    pub tags: Vec<(String, String)>,
    /// The network of builds.
    pub vpc: Option<VpcConfig>,
    /// Where logs go.
    pub logs: Option<LogsConfig>,
    /// How batches are built.
    pub batch: Option<BatchConfig>,
    /// How many builds may run at once.
    pub concurrent_build_limit: Option<i32>,
    /// How often a failed build is repeated by itself.
    pub auto_retry_limit: Option<i32>,
}

impl Project {
    /// A project that keeps nothing of its builds.
    #[must_use]
    pub fn new(
        name: impl Into<String>,
        source: ProjectSource,
        environment: ProjectEnvironment,
        service_role: impl Into<String>,
    ) -> Self {
        Self {
            name: name.into(),
            source: Some(source),
            artifacts: Some(ProjectArtifacts::new("NO_ARTIFACTS")),
            environment: Some(environment),
            service_role: Some(service_role.into()),
            ..Self::default()
        }
    }
}

/// The answer to [`Projects::batch_get_projects`].
#[non_exhaustive]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BatchGetProjects {
    /// The projects that exist.
    pub projects: Vec<Project>,
    /// The names of those that do not.
    pub projects_not_found: Vec<String>,
}

impl BatchGetProjects {
    /// An answer from its two parts.
    #[must_use]
    pub const fn new(projects: Vec<Project>, projects_not_found: Vec<String>) -> Self {
        Self { projects, projects_not_found }
    }
}

/// Where the source is.
#[non_exhaustive]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProjectSource {
    /// Such as `GITHUB`, `S3`, `CODEPIPELINE`, `NO_SOURCE`.
    pub kind: String,
    /// Address of a repository, or `bucket/key`.
    pub location: Option<String>,
    /// How many commits are fetched; 0 is all of them.
    pub git_clone_depth: Option<i32>,
    /// Whether submodules are fetched.
    pub fetch_submodules: Option<bool>,
    /// An inline buildspec, a path in the source, or the ARN of an S3 object.
    pub buildspec: Option<String>,
    /// How the repository is reached, if not by the account's credentials.
    pub auth: Option<SourceAuth>,
    /// Whether the provider is told how builds go.
    pub report_build_status: Option<bool>,
    /// How the provider is told.
    pub build_status: Option<BuildStatusConfig>,
    /// Whether certificates of the provider go unchecked.
    pub insecure_ssl: Option<bool>,
    /// Of a further source.
    pub identifier: Option<String>,
}

impl ProjectSource {
    /// A source of a kind at a place.
    #[must_use]
    pub fn new(kind: impl Into<String>, location: impl Into<String>) -> Self {
        Self { kind: kind.into(), location: Some(location.into()), ..Self::default() }
    }

    /// What a pipeline hands over.
    #[must_use]
    pub fn code_pipeline() -> Self {
        Self { kind: "CODEPIPELINE".to_owned(), ..Self::default() }
    }

    /// Sets the buildspec.
    #[must_use]
    pub fn with_buildspec(mut self, buildspec: impl Into<String>) -> Self {
        self.buildspec = Some(buildspec.into());
        self
    }
}

/// A version of a further source.
#[non_exhaustive]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SourceVersion {
    /// The identifier of the source.
    pub identifier: String,
    /// Commit, branch, tag, or version of an S3 object.
    pub version: String,
}

impl SourceVersion {
    /// A version from its two parts.
    #[must_use]
    pub fn new(identifier: impl Into<String>, version: impl Into<String>) -> Self {
        Self { identifier: identifier.into(), version: version.into() }
    }
}

/// How a repository is reached.
#[non_exhaustive]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SourceAuth {
    /// `OAUTH`, `CODECONNECTIONS` or `SECRETS_MANAGER`.
    pub kind: String,
    /// The ARN of a connection or a secret.
    pub resource: Option<String>,
}

impl SourceAuth {
    /// Through a connection or a secret.
    #[must_use]
    pub fn new(kind: impl Into<String>, resource: impl Into<String>) -> Self {
        Self { kind: kind.into(), resource: Some(resource.into()) }
    }
}

/// How the provider of a source is told of a build.
#[non_exhaustive]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BuildStatusConfig {
    /// The name of the status.
    pub context: Option<String>,
    /// Where it leads to.
    pub target_url: Option<String>,
}

/// What is kept of a build.
#[non_exhaustive]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProjectArtifacts {
    /// `S3`, `CODEPIPELINE` or `NO_ARTIFACTS`.
    pub kind: String,
    /// The bucket.
    pub location: Option<String>,
    /// The directory in it.
    pub path: Option<String>,
    /// `NONE` or `BUILD_ID`.
    pub namespace_type: Option<String>,
    /// The name of the archive or of a further directory.
    pub name: Option<String>,
    /// `NONE` or `ZIP`.
    pub packaging: Option<String>,
    /// Whether the name in the buildspec wins.
    pub override_artifact_name: Option<bool>,
    /// Whether the artifact is not encrypted.
    pub encryption_disabled: Option<bool>,
    /// Of a further artifact.
    pub identifier: Option<String>,
    /// `NONE`, `READ_ONLY` or `FULL`: what the bucket's owner may do.
    pub bucket_owner_access: Option<String>,
}

impl ProjectArtifacts {
    /// Artifacts of a kind.
    #[must_use]
    pub fn new(kind: impl Into<String>) -> Self {
        Self { kind: kind.into(), ..Self::default() }
    }

    /// A zip archive in a bucket.
    #[must_use]
    pub fn zip(bucket: impl Into<String>, name: impl Into<String>) -> Self {
        Self {
            location: Some(bucket.into()),
            name: Some(name.into()),
            packaging: Some("ZIP".to_owned()),
            ..Self::new("S3")
        }
    }
}

/// Where builds run.
#[non_exhaustive]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProjectEnvironment {
    /// Such as `LINUX_CONTAINER`.
    pub kind: String,
    /// Such as `aws/codebuild/standard:7.0`.
    pub image: String,
    /// Such as `BUILD_GENERAL1_SMALL`.
    pub compute_type: String,
    /// Whether Docker can be run.
    pub privileged_mode: Option<bool>,
    /// The project's variables.
    pub environment_variables: Vec<EnvironmentVariable>,
    /// The ARN of the fleet that builds run on.
    pub fleet_arn: Option<String>,
    /// The certificate of the source's provider, as an S3 object.
    pub certificate: Option<String>,
    /// The secret for a private registry.
    pub registry_credential: Option<String>,
    /// `CODEBUILD` or `SERVICE_ROLE`.
    pub image_pull_credentials_type: Option<String>,
}

impl ProjectEnvironment {
    /// An environment from what each needs.
    #[must_use]
    pub fn new(kind: impl Into<String>, image: impl Into<String>, compute_type: impl Into<String>) -> Self {
        Self { kind: kind.into(), image: image.into(), compute_type: compute_type.into(), ..Self::default() }
    }

    /// Lets builds run Docker.
    #[must_use]
    pub const fn with_privileged_mode(mut self) -> Self {
        self.privileged_mode = Some(true);
        self
    }

    /// Adds a variable.
    #[must_use]
    pub fn with_variable(mut self, variable: EnvironmentVariable) -> Self {
        self.environment_variables.push(variable);
        self
    }
}

/// What is kept between builds.
#[non_exhaustive]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProjectCache {
    /// `NO_CACHE`, `S3` or `LOCAL`.
    pub kind: String,
    /// `bucket/prefix`
    pub location: Option<String>,
    /// Of a local cache, such as `LOCAL_DOCKER_LAYER_CACHE`.
    pub modes: Vec<String>,
    /// What several projects share.
    pub namespace: Option<String>,
}

impl ProjectCache {
    /// A cache of a kind.
    #[must_use]
    pub fn new(kind: impl Into<String>) -> Self {
        Self { kind: kind.into(), ..Self::default() }
    }
}

/// The network of builds.
#[non_exhaustive]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VpcConfig {
    /// The VPC.
    pub vpc_id: String,
    /// Its subnets.
    pub subnets: Vec<String>,
    /// What may be reached.
    pub security_group_ids: Vec<String>,
}

/// Where logs go. A place that is absent stays as the service has it: CloudWatch Logs on, S3 off.
#[non_exhaustive]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogsConfig {
    /// To CloudWatch Logs.
    pub cloud_watch: Option<CloudWatchLogs>,
    /// To S3.
    pub s3: Option<S3Logs>,
}

/// Logs in CloudWatch Logs.
#[non_exhaustive]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CloudWatchLogs {
    /// Whether they go there.
    pub enabled: bool,
    /// The group; `/aws/codebuild/<project>` if it is absent.
    pub group_name: Option<String>,
    /// The prefix of streams.
    pub stream_name: Option<String>,
}

/// Logs in S3.
#[non_exhaustive]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct S3Logs {
    /// Whether they go there.
    pub enabled: bool,
    /// `bucket/prefix`
    pub location: Option<String>,
    /// Whether they are not encrypted.
    pub encryption_disabled: Option<bool>,
}

/// How batches are built.
#[non_exhaustive]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BatchConfig {
    /// The role that starts the builds of a batch.
    pub service_role: Option<String>,
    /// Whether the artifacts of all builds come to lie in one place.
    pub combine_artifacts: Option<bool>,
    /// How many builds a batch may have.
    pub maximum_builds_allowed: Option<i32>,
    /// On what they may run; everything if it is empty.
    pub compute_types_allowed: Vec<String>,
    /// From 5 to 480.
    pub timeout_in_minutes: Option<i32>,
}
