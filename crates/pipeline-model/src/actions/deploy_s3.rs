//! `Deploy/AWS/S3/1`: copies the input artifact into a bucket, as it is or unpacked.

use std::ops::RangeInclusive;

use super::{ActionType, ConfigKey, Problems, Settings, TypeName};

/// Copies the input artifact into a bucket, as it is or unpacked.
#[derive(Clone, Copy, Debug)]
pub(super) struct DeployS3;

impl ActionType for DeployS3 {
    fn id(&self) -> TypeName<'_> {
        TypeName::aws("Deploy", "S3")
    }

    fn summary(&self) -> &'static str {
        "Copies the input artifact into a bucket, as it is or unpacked."
    }

    fn inputs(&self) -> RangeInclusive<usize> {
        1..=1
    }

    fn outputs(&self) -> RangeInclusive<usize> {
        0..=0
    }

    fn config(&self) -> &'static [ConfigKey] {
        const {
            &[
                ConfigKey::required("BucketName", "The bucket."),
                ConfigKey::optional("CacheControl", "The `Cache-Control` header of the objects."),
                ConfigKey::optional("CannedACL", "The access control list of the objects.").one_of(&[
                    "private",
                    "public-read",
                    "public-read-write",
                    "authenticated-read",
                    "aws-exec-read",
                    "bucket-owner-read",
                    "bucket-owner-full-control",
                    "log-delivery-write",
                ]),
                ConfigKey::required("Extract", "Whether the artifact is unpacked.").boolean(),
                ConfigKey::optional("KMSEncryptionKeyARN", "The key that encrypts the objects."),
                ConfigKey::optional("ObjectKey", "The object, or the prefix of the unpacked files."),
            ]
        }
    }

    fn permissions(&self) -> &'static [&'static str] {
        &["s3:GetBucketVersioning", "s3:GetObject", "s3:GetObjectVersion", "s3:PutObject", "s3:PutObjectAcl"]
    }

    fn example(&self) -> &'static str {
        r#"name: Deploy
actionTypeId:
  category: Deploy
  owner: AWS
  provider: S3
  version: "1"
inputArtifacts:
  - name: BuildOutput
configuration:
  BucketName: shop-site
  Extract: "true"
"#
    }

    fn check(&self, settings: &Settings<'_>, problems: &mut Problems) {
        // The service admits this and fails at run time.
        if settings.known("Extract") == Some("false") && settings.lacks("ObjectKey") {
            problems.missing("ObjectKey", "when the extract feature is disabled, an object must be named");
        }
    }
}
