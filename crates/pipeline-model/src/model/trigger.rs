//! Triggers: which pushes and pull requests start a pipeline with a connection source.

use serde::{Deserialize, Serialize};

use super::{Extra, Kept};

/// One trigger.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Trigger {
    /// `CodeStarSourceConnection`, the only provider.
    #[serde(default)]
    pub provider_type: String,
    /// The filters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub git_configuration: Option<GitConfiguration>,
    /// Fields this version does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// The filters of a trigger: any one of them starts the pipeline.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct GitConfiguration {
    /// The source action that the trigger belongs to.
    #[serde(default)]
    pub source_action_name: String,
    /// Up to three filters on pushes.
    #[serde(default, skip_serializing_if = "Kept::is_absent")]
    pub push: Kept<Vec<PushFilter>>,
    /// Up to three filters on pull requests.
    #[serde(default, skip_serializing_if = "Kept::is_absent")]
    pub pull_request: Kept<Vec<PullRequestFilter>>,
    /// Fields this version does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A filter on pushes: all of its parts must hold.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct PushFilter {
    /// Tags.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tags: Option<Patterns>,
    /// Branches.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub branches: Option<Patterns>,
    /// Changed files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file_paths: Option<Patterns>,
    /// Fields this version does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A filter on pull requests: all of its parts must hold.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct PullRequestFilter {
    /// `OPEN`, `UPDATED`, `CLOSED`; absent means all.
    #[serde(default, skip_serializing_if = "Kept::is_absent")]
    pub events: Kept<Vec<String>>,
    /// Target branches.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub branches: Option<Patterns>,
    /// Changed files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file_paths: Option<Patterns>,
    /// Fields this version does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// Glob patterns; an exclusion wins over an inclusion.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Patterns {
    /// Up to eight patterns of which one must match.
    #[serde(default, skip_serializing_if = "Kept::is_absent")]
    pub includes: Kept<Vec<String>>,
    /// Up to eight patterns of which none may match.
    #[serde(default, skip_serializing_if = "Kept::is_absent")]
    pub excludes: Kept<Vec<String>>,
    /// Fields this version does not know.
    #[serde(flatten)]
    pub extra: Extra,
}
