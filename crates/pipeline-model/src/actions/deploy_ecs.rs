//! `Deploy/AWS/ECS/1`: rolls an ECS service to the images named in `imagedefinitions.json`.

use std::ops::RangeInclusive;

use super::{ActionType, ConfigKey, Problems, Settings, TypeName};

/// Rolls an ECS service to the images named in `imagedefinitions.json`.
#[derive(Clone, Copy, Debug)]
pub(super) struct DeployEcs;

impl ActionType for DeployEcs {
    fn id(&self) -> TypeName<'_> {
        TypeName::aws("Deploy", "ECS")
    }

    fn summary(&self) -> &'static str {
        "Rolls an ECS service to the images named in `imagedefinitions.json`."
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
                ConfigKey::required("ClusterName", "The cluster."),
                ConfigKey::optional("DeploymentTimeout", "Minutes to wait for the service, 1 to 60."),
                ConfigKey::optional("FileName", "The file in the artifact; absent means `imagedefinitions.json`."),
                ConfigKey::required("ServiceName", "The service."),
            ]
        }
    }

    fn permissions(&self) -> &'static [&'static str] {
        &[
            "ecs:DescribeServices",
            "ecs:DescribeTaskDefinition",
            "ecs:DescribeTasks",
            "ecs:ListTasks",
            "ecs:RegisterTaskDefinition",
            "ecs:TagResource",
            "ecs:UpdateService",
            "iam:PassRole",
        ]
    }

    fn example(&self) -> &'static str {
        r#"name: Deploy
actionTypeId:
  category: Deploy
  owner: AWS
  provider: ECS
  version: "1"
inputArtifacts:
  - name: BuildOutput
configuration:
  ClusterName: shop
  ServiceName: web
"#
    }

    fn check(&self, settings: &Settings<'_>, problems: &mut Problems) {
        let Some(minutes) = settings.known("DeploymentTimeout") else {
            return;
        };
        if !minutes.parse::<u32>().is_ok_and(|minutes| (1..=60).contains(&minutes)) {
            problems.invalid("DeploymentTimeout", format!("`{minutes}` is not a number of minutes from 1 to 60"));
        }
    }
}
