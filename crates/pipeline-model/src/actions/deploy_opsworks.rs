//! `Deploy/AWS/OpsWorks/1`: deploys to an OpsWorks stack; the service ended in May 2024.

use std::ops::RangeInclusive;

use super::{ActionType, ConfigKey, TypeName};

/// Deploys to an OpsWorks stack; the service ended in May 2024.
#[derive(Clone, Copy, Debug)]
pub(super) struct DeployOpsWorks;

impl ActionType for DeployOpsWorks {
    fn id(&self) -> TypeName<'_> {
        TypeName::aws("Deploy", "OpsWorks")
    }

    fn summary(&self) -> &'static str {
        "Deploys to an OpsWorks stack; the service ended in May 2024."
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
                ConfigKey::required("App", "The app."),
                ConfigKey::optional("Layer", "The layer."),
                ConfigKey::required("Stack", "The stack."),
            ]
        }
    }

    fn permissions(&self) -> &'static [&'static str] {
        &[
            "opsworks:CreateDeployment",
            "opsworks:DescribeApps",
            "opsworks:DescribeDeployments",
            "opsworks:DescribeInstances",
            "opsworks:DescribeStacks",
            "opsworks:UpdateApp",
        ]
    }

    fn example(&self) -> &'static str {
        r#"name: Deploy
actionTypeId:
  category: Deploy
  owner: AWS
  provider: OpsWorks
  version: "1"
inputArtifacts:
  - name: BuildOutput
configuration:
  App: shop
  Stack: production
"#
    }
}
