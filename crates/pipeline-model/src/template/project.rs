//! `AWS::CodeBuild::Project`.

use super::at::{At, Text};

/// A build project.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Project {
    /// Its name.
    pub name: Option<Text>,
    /// What it is for.
    pub description: Option<Text>,
    /// The role that builds assume.
    pub service_role: Option<Text>,
    /// Where the source comes from: `CODEPIPELINE` behind a pipeline.
    pub source_type: Option<Text>,
    /// Which repository or object, for sources that are not a pipeline's.
    pub source_location: Option<Text>,
    /// What is built; absent means `buildspec.yml` in the root of the source.
    pub buildspec: Option<Buildspec>,
    /// Where artifacts go: `CODEPIPELINE` behind a pipeline.
    pub artifacts_type: Option<Text>,
    /// What the build runs in.
    pub environment: Environment,
    /// Minutes until a build is stopped.
    pub timeout_in_minutes: Option<u32>,
    /// The key that encrypts artifacts.
    pub encryption_key: Option<Text>,
}

/// The buildspec of a project.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Buildspec {
    /// A file of the source, or an object of S3.
    File(Text),
    /// The text itself.
    Inline(Text),
}

impl Buildspec {
    /// The path, or the buildspec itself.
    #[must_use]
    pub const fn text(&self) -> &Text {
        match self {
            Self::File(text) | Self::Inline(text) => text,
        }
    }
}

/// What a build runs in.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Environment {
    /// `LINUX_CONTAINER` and others.
    pub kind: Option<Text>,
    /// The image.
    pub image: Option<Text>,
    /// How much of a machine: `BUILD_GENERAL1_SMALL` and others.
    pub compute_type: Option<Text>,
    /// Whether builds may run a container engine.
    pub privileged: Option<bool>,
    /// The variables.
    pub variables: Vec<EnvironmentVariable>,
}

/// A variable of builds.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct EnvironmentVariable {
    /// Its name.
    pub name: Text,
    /// Its value, or where the value is kept.
    pub value: Text,
    /// `PLAINTEXT`, `PARAMETER_STORE` or `SECRETS_MANAGER`; absent means the first.
    pub kind: Option<Text>,
}

pub(super) fn read(at: &At<'_>) -> Project {
    let (source, environment) = (at.get("Source"), at.get("Environment"));
    let variables = environment.items("EnvironmentVariables").filter_map(|item| {
        Some(EnvironmentVariable { name: item.text("Name")?, value: item.text("Value")?, kind: item.text("Type") })
    });
    Project {
        name: at.text("Name"),
        description: at.text("Description"),
        service_role: at.text("ServiceRole"),
        source_type: source.text("Type"),
        source_location: source.text("Location"),
        buildspec: source.text("BuildSpec").map(buildspec),
        artifacts_type: at.get("Artifacts").text("Type"),
        environment: Environment {
            kind: environment.text("Type"),
            image: environment.text("Image"),
            compute_type: environment.text("ComputeType"),
            privileged: environment.boolean("PrivilegedMode"),
            variables: variables.collect(),
        },
        timeout_in_minutes: at.number("TimeoutInMinutes"),
        encryption_key: at.text("EncryptionKey"),
    }
}

/// One property holds either; a path has one line and is neither a JSON object nor the beginning of a buildspec.
fn buildspec(text: Text) -> Buildspec {
    let trimmed = text.text.trim();
    if trimmed.contains('\n') || trimmed.starts_with('{') || trimmed.starts_with("version:") {
        Buildspec::Inline(text)
    } else {
        Buildspec::File(text)
    }
}
