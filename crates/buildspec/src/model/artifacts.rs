//! `artifacts`, `cache` and `reports`: what is kept of a build.

use serde::Serialize;
use spec_report::Span;

use super::Text;

/// `artifacts`
#[non_exhaustive]
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Artifacts {
    /// The primary artifact.
    #[serde(flatten)]
    pub primary: ArtifactSet,
    /// Further artifacts by their identifiers.
    pub secondary_artifacts: Vec<SecondaryArtifacts>,
}

/// An artifact of `secondary-artifacts`.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SecondaryArtifacts {
    /// Its identifier, which the project must know.
    pub identifier: Text,
    /// What belongs to it.
    #[serde(flatten)]
    pub artifacts: ArtifactSet,
}

impl SecondaryArtifacts {
    /// A secondary artifact from its two parts.
    #[must_use]
    pub const fn new(identifier: Text, artifacts: ArtifactSet) -> Self {
        Self { identifier, artifacts }
    }
}

/// Which files make up an artifact.
#[non_exhaustive]
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ArtifactSet {
    /// Paths and patterns relative to the base directory.
    pub files: Vec<Text>,
    /// The artifact's name, expanded by the shell.
    pub name: Option<Text>,
    /// Whether only the names of files are kept.
    pub discard_paths: Option<Text>,
    /// A directory, or a pattern of directories, relative to the source.
    pub base_directory: Option<Text>,
    /// Patterns of files that stay out.
    pub exclude_paths: Vec<Text>,
    /// Whether symbolic links stay links.
    pub enable_symlinks: Option<Text>,
    /// A prefix of the S3 key.
    pub s3_prefix: Option<Text>,
    /// The key it stands under.
    #[serde(skip)]
    pub key: Span,
}

/// `cache`
#[non_exhaustive]
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Cache {
    /// What is cached.
    pub paths: Vec<Text>,
    /// The exact key.
    pub key: Option<Text>,
    /// Prefixes of keys to fall back to.
    pub fallback_keys: Vec<Text>,
    /// `restore` or `save`; both when absent.
    pub action: Option<Text>,
}

/// One entry of `reports`.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ReportGroup {
    /// Name or ARN of the report group.
    pub name: Text,
    /// Patterns of report files.
    pub files: Vec<Text>,
    /// The format, `JUNITXML` when absent.
    pub file_format: Option<Text>,
    /// Where the files are.
    pub base_directory: Option<Text>,
    /// Whether only the names of files are kept.
    pub discard_paths: Option<Text>,
}

impl ReportGroup {
    pub(crate) const fn new(name: Text) -> Self {
        Self { name, files: Vec::new(), file_format: None, base_directory: None, discard_paths: None }
    }
}
