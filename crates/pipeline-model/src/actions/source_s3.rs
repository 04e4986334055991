//! `Source/AWS/S3/1`: brings in an object of a versioned bucket.

use std::ops::RangeInclusive;

use super::{ActionType, ConfigKey, OutputVariables, TypeName};

/// Brings in an object of a versioned bucket.
#[derive(Clone, Copy, Debug)]
pub(super) struct SourceS3;

impl ActionType for SourceS3 {
    fn id(&self) -> TypeName<'_> {
        TypeName::aws("Source", "S3")
    }

    fn summary(&self) -> &'static str {
        "Brings in an object of a versioned bucket."
    }

    fn inputs(&self) -> RangeInclusive<usize> {
        0..=0
    }

    fn outputs(&self) -> RangeInclusive<usize> {
        1..=1
    }

    fn config(&self) -> &'static [ConfigKey] {
        const {
            &[
                ConfigKey::optional("AllowOverrideForS3ObjectKey", "Whether a start may name another object.")
                    .boolean(),
                ConfigKey::optional("PollForSourceChanges", "Whether the service polls; absent means it does."),
                ConfigKey::required("S3Bucket", "The bucket."),
                ConfigKey::required("S3ObjectKey", "The object, a zip for most later actions."),
            ]
        }
    }

    fn output_variables(&self) -> OutputVariables {
        OutputVariables::Fixed(&["BucketName", "ETag", "ObjectKey", "VersionId"])
    }

    fn permissions(&self) -> &'static [&'static str] {
        &[
            "s3:GetBucketAcl",
            "s3:GetBucketLocation",
            "s3:GetBucketVersioning",
            "s3:GetObject",
            "s3:GetObjectTagging",
            "s3:GetObjectVersion",
            "s3:GetObjectVersionTagging",
            "s3:ListBucket",
        ]
    }

    fn example(&self) -> &'static str {
        r#"name: Source
actionTypeId:
  category: Source
  owner: AWS
  provider: S3
  version: "1"
outputArtifacts:
  - name: SourceOutput
configuration:
  PollForSourceChanges: "false"
  S3Bucket: shop-sources
  S3ObjectKey: shop.zip
"#
    }
}
