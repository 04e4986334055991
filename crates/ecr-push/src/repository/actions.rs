//! The actions of ECR by what they are about: a repository, or the registry with all of them.
//!
//! Source: the service authorization reference, "Actions, resources, and condition keys for Amazon Elastic Container
//! Registry", and the operations of the service's API.

/// What a push calls, the question that a pull shares first.
pub(super) const PUSH: &[&str] =
    &["BatchCheckLayerAvailability", "CompleteLayerUpload", "InitiateLayerUpload", "PutImage", "UploadLayerPart"];
/// What a pull calls.
pub(super) const PULL: &[&str] = &["BatchGetImage", "GetDownloadUrlForLayer"];

/// What an action is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Repository,
    Registry,
    /// The login, which is on no resource at all.
    Token,
}

/// Sorted by name.
const ACTIONS: &[(&str, Kind)] = &[
    ("BatchCheckLayerAvailability", Kind::Repository),
    ("BatchDeleteImage", Kind::Repository),
    ("BatchGetImage", Kind::Repository),
    ("BatchGetRepositoryScanningConfiguration", Kind::Repository),
    ("BatchImportUpstreamImage", Kind::Repository),
    ("CompleteLayerUpload", Kind::Repository),
    ("CreatePullThroughCacheRule", Kind::Registry),
    ("CreateRepository", Kind::Repository),
    ("CreateRepositoryCreationTemplate", Kind::Registry),
    ("DeleteLifecyclePolicy", Kind::Repository),
    ("DeletePullThroughCacheRule", Kind::Registry),
    ("DeleteRegistryPolicy", Kind::Registry),
    ("DeleteRepository", Kind::Repository),
    ("DeleteRepositoryCreationTemplate", Kind::Registry),
    ("DeleteRepositoryPolicy", Kind::Repository),
    ("DeleteSigningConfiguration", Kind::Registry),
    ("DeregisterPullTimeUpdateExclusion", Kind::Registry),
    ("DescribeImageReplicationStatus", Kind::Repository),
    ("DescribeImageScanFindings", Kind::Repository),
    ("DescribeImageSigningStatus", Kind::Repository),
    ("DescribeImages", Kind::Repository),
    ("DescribePullThroughCacheRules", Kind::Registry),
    ("DescribeRegistry", Kind::Registry),
    ("DescribeRepositories", Kind::Repository),
    ("DescribeRepositoryCreationTemplates", Kind::Registry),
    ("GetAccountSetting", Kind::Registry),
    ("GetAuthorizationToken", Kind::Token),
    ("GetDownloadUrlForLayer", Kind::Repository),
    ("GetImageCopyStatus", Kind::Repository),
    ("GetLifecyclePolicy", Kind::Repository),
    ("GetLifecyclePolicyPreview", Kind::Repository),
    ("GetRegistryPolicy", Kind::Registry),
    ("GetRegistryScanningConfiguration", Kind::Registry),
    ("GetRepositoryPolicy", Kind::Repository),
    ("GetSigningConfiguration", Kind::Registry),
    ("InitiateLayerUpload", Kind::Repository),
    ("ListImageReferrers", Kind::Repository),
    ("ListImages", Kind::Repository),
    ("ListPullTimeUpdateExclusions", Kind::Registry),
    ("ListTagsForResource", Kind::Repository),
    ("PutAccountSetting", Kind::Registry),
    ("PutImage", Kind::Repository),
    ("PutImageScanningConfiguration", Kind::Repository),
    ("PutImageTagMutability", Kind::Repository),
    ("PutLifecyclePolicy", Kind::Repository),
    ("PutRegistryPolicy", Kind::Registry),
    ("PutRegistryScanningConfiguration", Kind::Registry),
    ("PutReplicationConfiguration", Kind::Registry),
    ("PutSigningConfiguration", Kind::Registry),
    ("RegisterPullTimeUpdateExclusion", Kind::Registry),
    ("ReplicateImage", Kind::Registry),
    ("SetRepositoryPolicy", Kind::Repository),
    ("StartImageScan", Kind::Repository),
    ("StartLifecyclePolicyPreview", Kind::Repository),
    ("TagResource", Kind::Repository),
    ("UntagResource", Kind::Repository),
    ("UpdateImageStorageClass", Kind::Repository),
    ("UpdatePullThroughCacheRule", Kind::Registry),
    ("UpdateRepositoryCreationTemplate", Kind::Registry),
    ("UploadLayerPart", Kind::Repository),
    ("ValidatePullThroughCacheRule", Kind::Registry),
];

/// What the action with this name is about; case does not count.
pub(super) fn kind(name: &str) -> Option<Kind> {
    ACTIONS.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, kind)| *kind)
}

/// The action with the nearest name, if one is near.
pub(super) fn resembling(name: &str) -> Option<&'static str> {
    let near = ACTIONS.iter().map(|(known, _)| (distance(known, name), *known)).min();
    near.filter(|(distance, known)| *distance <= known.len() / 4).map(|(_, known)| known)
}

/// How many letters must be put in, taken out or changed.
fn distance(a: &str, b: &str) -> usize {
    // No action is nearly as long, and the work grows with the product.
    if b.len() > 100 {
        return usize::MAX;
    }
    let b: Vec<u8> = b.to_ascii_lowercase().into_bytes();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.to_ascii_lowercase().bytes().enumerate() {
        let mut above_left = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let changed = above_left + usize::from(x != *y);
            above_left = row[j + 1];
            row[j + 1] = changed.min(above_left + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found() {
        assert!(ACTIONS.is_sorted_by_key(|(name, _)| *name));
        assert!(PUSH.iter().chain(PULL).all(|name| kind(name) == Some(Kind::Repository)));
        assert_eq!(kind("getauthorizationtoken"), Some(Kind::Token));
        assert_eq!(resembling("UploadLayerParts"), Some("UploadLayerPart"));
        assert_eq!(resembling("Teleport"), None);
        assert_eq!(resembling(&"x".repeat(1000)), None);
    }
}
