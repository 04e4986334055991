//! The operations of ECR's API that the roles of [`client`](super) call, by their names there.

/// An operation, named as in the service's API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Operation {
    /// [`ImageStore::batch_check_layers`](super::ImageStore::batch_check_layers).
    BatchCheckLayerAvailability,
    /// [`ImageStore::get_image`](super::ImageStore::get_image).
    BatchGetImage,
    /// [`ImageStore::complete_upload`](super::ImageStore::complete_upload).
    CompleteLayerUpload,
    /// [`RegistrySettings::create_pull_through_rule`](super::RegistrySettings::create_pull_through_rule).
    CreatePullThroughCacheRule,
    /// [`Repositories::create`](super::Repositories::create) and [`RepositorySettings::create_with`](super::RepositorySettings::create_with).
    CreateRepository,
    /// [`RepositoryDocuments::delete_lifecycle`](super::RepositoryDocuments::delete_lifecycle).
    DeleteLifecyclePolicy,
    /// [`RegistrySettings::delete_pull_through_rule`](super::RegistrySettings::delete_pull_through_rule).
    DeletePullThroughCacheRule,
    /// [`RepositoryDocuments::delete_policy`](super::RepositoryDocuments::delete_policy).
    DeleteRepositoryPolicy,
    /// [`Inspections::replicas`](super::Inspections::replicas).
    DescribeImageReplicationStatus,
    /// [`Inspections::scan`](super::Inspections::scan).
    DescribeImageScanFindings,
    /// [`Inspections::images`](super::Inspections::images).
    DescribeImages,
    /// [`RegistrySettings::pull_through_rules`](super::RegistrySettings::pull_through_rules).
    DescribePullThroughCacheRules,
    /// [`RegistrySettings::replication`](super::RegistrySettings::replication).
    DescribeRegistry,
    /// [`Repositories::describe`](super::Repositories::describe) and [`RepositorySettings::settings`](super::RepositorySettings::settings).
    DescribeRepositories,
    /// [`Logins::login`](crate::login::Logins::login).
    GetAuthorizationToken,
    /// [`RepositoryDocuments::lifecycle`](super::RepositoryDocuments::lifecycle).
    GetLifecyclePolicy,
    /// [`RepositoryDocuments::policy`](super::RepositoryDocuments::policy).
    GetRepositoryPolicy,
    /// [`ImageStore::initiate_upload`](super::ImageStore::initiate_upload).
    InitiateLayerUpload,
    /// [`RepositorySettings::resource_tags`](super::RepositorySettings::resource_tags).
    ListTagsForResource,
    /// [`ImageStore::put_image`](super::ImageStore::put_image).
    PutImage,
    /// [`RepositorySettings::put_scan_on_push`](super::RepositorySettings::put_scan_on_push).
    PutImageScanningConfiguration,
    /// [`RepositorySettings::put_tag_rule`](super::RepositorySettings::put_tag_rule).
    PutImageTagMutability,
    /// [`RepositoryDocuments::put_lifecycle`](super::RepositoryDocuments::put_lifecycle).
    PutLifecyclePolicy,
    /// [`RegistrySettings::put_replication`](super::RegistrySettings::put_replication).
    PutReplicationConfiguration,
    /// [`RepositoryDocuments::put_policy`](super::RepositoryDocuments::put_policy).
    SetRepositoryPolicy,
    /// [`Inspections::start_scan`](super::Inspections::start_scan).
    StartImageScan,
    /// [`RepositorySettings::put_resource_tags`](super::RepositorySettings::put_resource_tags).
    TagResource,
    /// [`ImageStore::upload_part`](super::ImageStore::upload_part).
    UploadLayerPart,
}

impl Operation {
    /// The name in the service's API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::BatchCheckLayerAvailability => "BatchCheckLayerAvailability",
            Self::BatchGetImage => "BatchGetImage",
            Self::CompleteLayerUpload => "CompleteLayerUpload",
            Self::CreatePullThroughCacheRule => "CreatePullThroughCacheRule",
            Self::CreateRepository => "CreateRepository",
            Self::DeleteLifecyclePolicy => "DeleteLifecyclePolicy",
            Self::DeletePullThroughCacheRule => "DeletePullThroughCacheRule",
            Self::DeleteRepositoryPolicy => "DeleteRepositoryPolicy",
            Self::DescribeImageReplicationStatus => "DescribeImageReplicationStatus",
            Self::DescribeImageScanFindings => "DescribeImageScanFindings",
            Self::DescribeImages => "DescribeImages",
            Self::DescribePullThroughCacheRules => "DescribePullThroughCacheRules",
            Self::DescribeRegistry => "DescribeRegistry",
            Self::DescribeRepositories => "DescribeRepositories",
            Self::GetAuthorizationToken => "GetAuthorizationToken",
            Self::GetLifecyclePolicy => "GetLifecyclePolicy",
            Self::GetRepositoryPolicy => "GetRepositoryPolicy",
            Self::InitiateLayerUpload => "InitiateLayerUpload",
            Self::ListTagsForResource => "ListTagsForResource",
            Self::PutImage => "PutImage",
            Self::PutImageScanningConfiguration => "PutImageScanningConfiguration",
            Self::PutImageTagMutability => "PutImageTagMutability",
            Self::PutLifecyclePolicy => "PutLifecyclePolicy",
            Self::PutReplicationConfiguration => "PutReplicationConfiguration",
            Self::SetRepositoryPolicy => "SetRepositoryPolicy",
            Self::StartImageScan => "StartImageScan",
            Self::TagResource => "TagResource",
            Self::UploadLayerPart => "UploadLayerPart",
        }
    }
}
