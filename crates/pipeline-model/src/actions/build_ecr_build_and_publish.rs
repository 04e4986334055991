//! `Build/AWS/ECRBuildAndPublish/1`: builds an image from a Dockerfile and pushes it to ECR.

use std::ops::RangeInclusive;

use super::{ActionType, ConfigKey, OutputVariables, TypeName};

/// Builds an image from a Dockerfile and pushes it to ECR.
#[derive(Clone, Copy, Debug)]
pub(super) struct BuildEcrBuildAndPublish;

impl ActionType for BuildEcrBuildAndPublish {
    fn id(&self) -> TypeName<'_> {
        TypeName::aws("Build", "ECRBuildAndPublish")
    }

    fn summary(&self) -> &'static str {
        "Builds an image from a Dockerfile and pushes it to ECR."
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
                ConfigKey::optional(
                    "DockerFilePath",
                    "Where the Dockerfile lies in the artifact; absent means its root.",
                ),
                ConfigKey::required("ECRRepositoryName", "The repository."),
                ConfigKey::optional("ImageTags", "Tags, separated by commas; absent means `latest`."),
                ConfigKey::optional("RegistryType", "A private registry, or the public one.")
                    .one_of(&["private", "public"]),
            ]
        }
    }

    fn output_variables(&self) -> OutputVariables {
        OutputVariables::Fixed(&["ECRImageDigestId", "ECRRepositoryName"])
    }

    fn permissions(&self) -> &'static [&'static str] {
        &[
            "ecr:BatchCheckLayerAvailability",
            "ecr:CompleteLayerUpload",
            "ecr:DescribeRepositories",
            "ecr:GetAuthorizationToken",
            "ecr:InitiateLayerUpload",
            "ecr:PutImage",
            "ecr:UploadLayerPart",
            "logs:CreateLogGroup",
            "logs:CreateLogStream",
            "logs:PutLogEvents",
        ]
    }

    fn v2_only(&self) -> bool {
        true
    }

    fn example(&self) -> &'static str {
        r#"name: Image
actionTypeId:
  category: Build
  owner: AWS
  provider: ECRBuildAndPublish
  version: "1"
inputArtifacts:
  - name: SourceOutput
configuration:
  ECRRepositoryName: shop
  ImageTags: "latest,#{codepipeline.PipelineExecutionId}"
"#
    }
}
