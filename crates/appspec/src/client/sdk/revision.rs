//! Locations of revisions, there and back.

use aws_sdk_codedeploy::types;

use crate::client::RevisionLocation;

pub(super) fn revision_to_sdk(revision: &RevisionLocation) -> types::RevisionLocation {
    let builder = types::RevisionLocation::builder();
    match revision {
        RevisionLocation::S3 { bucket, key, bundle_type, version, e_tag } => builder
            .revision_type(types::RevisionLocationType::S3)
            .s3_location(
                types::S3Location::builder()
                    .bucket(bucket)
                    .key(key)
                    .bundle_type(types::BundleType::from(bundle_type.as_str()))
                    .set_version(version.clone())
                    .set_e_tag(e_tag.clone())
                    .build(),
            )
            .build(),
        RevisionLocation::GitHub { repository, commit_id } => builder
            .revision_type(types::RevisionLocationType::GitHub)
            .git_hub_location(types::GitHubLocation::builder().repository(repository).commit_id(commit_id).build())
            .build(),
        RevisionLocation::AppSpecContent { content, sha256 } => builder
            .revision_type(types::RevisionLocationType::AppSpecContent)
            .app_spec_content(types::AppSpecContent::builder().content(content).set_sha256(sha256.clone()).build())
            .build(),
    }
}

pub(super) fn revision_from_sdk(revision: types::RevisionLocation) -> Option<RevisionLocation> {
    if let Some(s3) = revision.s3_location {
        return Some(RevisionLocation::S3 {
            bucket: s3.bucket.unwrap_or_default(),
            key: s3.key.unwrap_or_default(),
            bundle_type: s3.bundle_type.as_ref().map_or("", types::BundleType::as_str).into(),
            version: s3.version,
            e_tag: s3.e_tag,
        });
    }
    if let Some(git_hub) = revision.git_hub_location {
        return Some(RevisionLocation::GitHub {
            repository: git_hub.repository.unwrap_or_default(),
            commit_id: git_hub.commit_id.unwrap_or_default(),
        });
    }
    let content = revision.app_spec_content?;
    Some(RevisionLocation::AppSpecContent { content: content.content.unwrap_or_default(), sha256: content.sha256 })
}
