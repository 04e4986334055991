//! `Source/AWS/ECR/1`: brings in the digest of an image when it is pushed.

use std::ops::RangeInclusive;

use super::{ActionType, ConfigKey, OutputVariables, TypeName};

/// Brings in the digest of an image when it is pushed.
#[derive(Clone, Copy, Debug)]
pub(super) struct SourceEcr;

impl ActionType for SourceEcr {
    fn id(&self) -> TypeName<'_> {
        TypeName::aws("Source", "ECR")
    }

    fn summary(&self) -> &'static str {
        "Brings in the digest of an image when it is pushed."
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
                ConfigKey::optional("ImageTag", "The tag; absent means `latest`."),
                ConfigKey::required("RepositoryName", "The repository."),
            ]
        }
    }

    fn output_variables(&self) -> OutputVariables {
        OutputVariables::Fixed(&["ImageDigest", "ImageTag", "ImageURI", "RegistryId", "RepositoryName"])
    }

    fn permissions(&self) -> &'static [&'static str] {
        &["ecr:DescribeImages"]
    }

    fn example(&self) -> &'static str {
        r#"name: Image
actionTypeId:
  category: Source
  owner: AWS
  provider: ECR
  version: "1"
outputArtifacts:
  - name: ImageOutput
configuration:
  ImageTag: release
  RepositoryName: shop
"#
    }
}
