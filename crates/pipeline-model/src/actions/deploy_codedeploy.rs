//! `Deploy/AWS/CodeDeploy/1`: deploys the input artifact to instances of a CodeDeploy deployment group.

use std::ops::RangeInclusive;

use super::{ActionType, ConfigKey, TypeName};

/// Deploys the input artifact to instances of a CodeDeploy deployment group.
#[derive(Clone, Copy, Debug)]
pub(super) struct DeployCodeDeploy;

impl ActionType for DeployCodeDeploy {
    fn id(&self) -> TypeName<'_> {
        TypeName::aws("Deploy", "CodeDeploy")
    }

    fn summary(&self) -> &'static str {
        "Deploys the input artifact to instances of a CodeDeploy deployment group."
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
                ConfigKey::required("ApplicationName", "The CodeDeploy application."),
                ConfigKey::required("DeploymentGroupName", "The deployment group."),
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
        ]
    }

    fn example(&self) -> &'static str {
        r#"name: Deploy
actionTypeId:
  category: Deploy
  owner: AWS
  provider: CodeDeploy
  version: "1"
inputArtifacts:
  - name: BuildOutput
configuration:
  ApplicationName: shop
  DeploymentGroupName: production
"#
    }
}
