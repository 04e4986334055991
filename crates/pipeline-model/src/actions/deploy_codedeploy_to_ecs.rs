//! `Deploy/AWS/CodeDeployToECS/1`: deploys an ECS service blue/green through CodeDeploy.

use std::ops::RangeInclusive;

use super::{ActionType, ConfigKey, Problems, Settings, TypeName};

/// Deploys an ECS service blue/green through CodeDeploy.
#[derive(Clone, Copy, Debug)]
pub(super) struct DeployCodeDeployToEcs;

/// The artifact with `imageDetail.json`, and the placeholder in the task definition that its image replaces.
const IMAGE_KEYS: [(&str, &str); 4] = [
    ("Image1ArtifactName", "Image1ContainerName"),
    ("Image2ArtifactName", "Image2ContainerName"),
    ("Image3ArtifactName", "Image3ContainerName"),
    ("Image4ArtifactName", "Image4ContainerName"),
];

impl ActionType for DeployCodeDeployToEcs {
    fn id(&self) -> TypeName<'_> {
        TypeName::aws("Deploy", "CodeDeployToECS")
    }

    fn summary(&self) -> &'static str {
        "Deploys an ECS service blue/green through CodeDeploy."
    }

    fn inputs(&self) -> RangeInclusive<usize> {
        1..=5
    }

    fn outputs(&self) -> RangeInclusive<usize> {
        0..=0
    }

    fn config(&self) -> &'static [ConfigKey] {
        const {
            &[
                ConfigKey::required("AppSpecTemplateArtifact", "The input artifact with the AppSpec file."),
                ConfigKey::optional("AppSpecTemplatePath", "The AppSpec file; absent means `appspec.yaml`."),
                ConfigKey::required("ApplicationName", "The CodeDeploy application."),
                ConfigKey::required("DeploymentGroupName", "The deployment group."),
                ConfigKey::optional("Image1ArtifactName", "The input artifact with the `imageDetail.json` of image 1."),
                ConfigKey::optional("Image1ContainerName", "The placeholder of image 1 in the task definition."),
                ConfigKey::optional("Image2ArtifactName", "The input artifact with the `imageDetail.json` of image 2."),
                ConfigKey::optional("Image2ContainerName", "The placeholder of image 2 in the task definition."),
                ConfigKey::optional("Image3ArtifactName", "The input artifact with the `imageDetail.json` of image 3."),
                ConfigKey::optional("Image3ContainerName", "The placeholder of image 3 in the task definition."),
                ConfigKey::optional("Image4ArtifactName", "The input artifact with the `imageDetail.json` of image 4."),
                ConfigKey::optional("Image4ContainerName", "The placeholder of image 4 in the task definition."),
                ConfigKey::required("TaskDefinitionTemplateArtifact", "The input artifact with the task definition."),
                ConfigKey::optional(
                    "TaskDefinitionTemplatePath",
                    "The task definition file; absent means `taskdef.json`.",
                ),
            ]
        }
    }

    fn permissions(&self) -> &'static [&'static str] {
        &[
            "codedeploy:CreateDeployment",
            "codedeploy:GetApplication",
            "codedeploy:GetApplicationRevision",
            "codedeploy:GetDeployment",
            "codedeploy:GetDeploymentConfig",
            "codedeploy:RegisterApplicationRevision",
            "ecs:RegisterTaskDefinition",
            "ecs:TagResource",
            "iam:PassRole",
        ]
    }

    fn example(&self) -> &'static str {
        r#"name: Deploy
actionTypeId:
  category: Deploy
  owner: AWS
  provider: CodeDeployToECS
  version: "1"
inputArtifacts:
  - name: BuildOutput
configuration:
  AppSpecTemplateArtifact: BuildOutput
  ApplicationName: shop
  DeploymentGroupName: production
  Image1ArtifactName: BuildOutput
  Image1ContainerName: IMAGE1_NAME
  TaskDefinitionTemplateArtifact: BuildOutput
"#
    }

    fn check(&self, settings: &Settings<'_>, problems: &mut Problems) {
        for (artifact, container) in IMAGE_KEYS {
            for (there, absent) in [(artifact, container), (container, artifact)] {
                if settings.action().configuration.contains_key(there) && settings.lacks(absent) {
                    problems.missing(absent, format!("`{there}` is given, and the two come in pairs"));
                }
            }
        }
        let inputs = &settings.action().input_artifacts;
        for key in ["AppSpecTemplateArtifact", "TaskDefinitionTemplateArtifact"]
            .into_iter()
            .chain(IMAGE_KEYS.map(|keys| keys.0))
        {
            let Some(name) = settings.known(key) else {
                continue;
            };
            if !inputs.iter().any(|input| input.name == name || input.name.contains("${")) {
                problems.invalid(key, format!("`{name}` is not an input artifact of the action"));
            }
        }
    }
}
