//! Actions whose required settings are arguments. Any other setting is added with [`Spec::with`].

use aws_call::Secret;

use super::{Artifact, Spec};
use crate::model::{Action, ActionTypeId, ConfigValue};

fn aws(category: &str, provider: &str) -> Spec<0> {
    Spec::new(ActionTypeId::new(category, "AWS", provider, "1"))
}

/// A branch of a Git host, through a connection.
#[must_use]
pub fn connection(connection_arn: &str, repository: &str, branch: &str) -> Spec<1> {
    let spec = aws("Source", "CodeStarSourceConnection").with("ConnectionArn", connection_arn);
    spec.with("FullRepositoryId", repository).with("BranchName", branch).outputs(["Source"])
}

/// A branch of a GitHub repository with a token, which GitHub's webhook must announce. New pipelines use [`connection`].
#[must_use]
pub fn github(owner: &str, repository: &str, branch: &str, token: &Secret) -> Spec<1> {
    let mut spec = Spec::new(ActionTypeId::new("Source", "ThirdParty", "GitHub", "1"));
    spec.action.configuration.insert("OAuthToken".to_owned(), ConfigValue::secret(token.expose()));
    let spec = spec.with("Owner", owner).with("Repo", repository).with("Branch", branch);
    spec.with("PollForSourceChanges", "false").outputs(["Source"])
}

/// A branch of a CodeCommit repository, announced by EventBridge.
#[must_use]
pub fn codecommit(repository: &str, branch: &str) -> Spec<1> {
    let spec = aws("Source", "CodeCommit").with("RepositoryName", repository).with("BranchName", branch);
    spec.with("PollForSourceChanges", "false").outputs(["Source"])
}

/// An object of a versioned bucket, announced by EventBridge.
#[must_use]
pub fn s3_object(bucket: &str, key: &str) -> Spec<1> {
    let spec = aws("Source", "S3").with("S3Bucket", bucket).with("S3ObjectKey", key);
    spec.with("PollForSourceChanges", "false").outputs(["Source"])
}

/// An image of an ECR repository, announced by EventBridge.
#[must_use]
pub fn ecr_image(repository: &str, tag: &str) -> Spec<1> {
    aws("Source", "ECR").with("RepositoryName", repository).with("ImageTag", tag).outputs(["Image"])
}

/// A build of a CodeBuild project. Give it names of artifacts with [`Spec::outputs`].
#[must_use]
pub fn codebuild(project: &str, input: &Artifact) -> Spec<0> {
    aws("Build", "CodeBuild").with("ProjectName", project).input(input)
}

/// A build that reads several artifacts: the first one has the buildspec.
#[must_use]
pub fn codebuild_of(project: &str, primary: &Artifact, others: &[Artifact]) -> Spec<0> {
    let spec = codebuild(project, primary).with("PrimarySource", primary.name());
    others.iter().fold(spec, Spec::input)
}

/// A person must agree.
#[must_use]
pub fn approval() -> Spec<0> {
    aws("Approval", "Manual")
}

/// The image of `imagedefinitions.json` for a service of ECS.
#[must_use]
pub fn ecs(cluster: &str, service: &str, definitions: &Artifact) -> Spec<0> {
    aws("Deploy", "ECS").with("ClusterName", cluster).with("ServiceName", service).input(definitions)
}

/// A deployment of CodeDeploy.
#[must_use]
pub fn codedeploy(application: &str, group: &str, input: &Artifact) -> Spec<0> {
    let spec = aws("Deploy", "CodeDeploy").with("ApplicationName", application);
    spec.with("DeploymentGroupName", group).input(input)
}

/// Creates or updates a stack from a template in an artifact.
#[must_use]
pub fn stack(name: &str, role_arn: &str, input: &Artifact, template: &str) -> Spec<0> {
    let spec = aws("Deploy", "CloudFormation").with("ActionMode", "CREATE_UPDATE").with("StackName", name);
    spec.with("RoleArn", role_arn).with("TemplatePath", input.file(template)).input(input)
}

/// The files of an artifact in a bucket.
#[must_use]
pub fn s3_files(bucket: &str, input: &Artifact) -> Spec<0> {
    aws("Deploy", "S3").with("BucketName", bucket).with("Extract", "true").input(input)
}

/// Shell commands in an environment that CodePipeline manages.
#[must_use]
pub fn commands<S: Into<String>>(lines: impl IntoIterator<Item = S>, input: &Artifact) -> Spec<0> {
    let mut spec = aws("Compute", "Commands").input(input);
    let action: &mut Action = &mut spec.action;
    action.commands = lines.into_iter().map(Into::into).collect::<Vec<String>>().into();
    spec
}
