//! `Deploy/AWS/CloudFormationStackInstances/1`: creates or updates instances of a stack set.

use std::ops::RangeInclusive;

use super::{ActionType, ConfigKey, OutputVariables, TypeName};

/// Creates or updates instances of a stack set.
#[derive(Clone, Copy, Debug)]
pub(super) struct DeployCloudFormationStackInstances;

impl ActionType for DeployCloudFormationStackInstances {
    fn id(&self) -> TypeName<'_> {
        TypeName::aws("Deploy", "CloudFormationStackInstances")
    }

    fn summary(&self) -> &'static str {
        "Creates or updates instances of a stack set."
    }

    fn inputs(&self) -> RangeInclusive<usize> {
        0..=3
    }

    fn outputs(&self) -> RangeInclusive<usize> {
        0..=0
    }

    fn config(&self) -> &'static [ConfigKey] {
        const {
            &[
                ConfigKey::optional("CallAs", "Whose permissions are used.").one_of(&["SELF", "DELEGATED_ADMIN"]),
                ConfigKey::optional("DeploymentTargets", "Accounts or organizational units."),
                ConfigKey::optional("FailureTolerancePercentage", "How many accounts may fail."),
                ConfigKey::optional("MaxConcurrentPercentage", "How many accounts are worked on at once."),
                ConfigKey::optional("ParameterOverrides", "Parameters that differ from the stack set's."),
                ConfigKey::required("Regions", "The regions."),
                ConfigKey::required("StackSetName", "The stack set."),
            ]
        }
    }

    fn output_variables(&self) -> OutputVariables {
        OutputVariables::Fixed(&["OperationId", "StackSetId"])
    }

    fn permissions(&self) -> &'static [&'static str] {
        &[
            "cloudformation:CreateStackInstances",
            "cloudformation:DescribeStackInstance",
            "cloudformation:DescribeStackSetOperation",
            "cloudformation:ListStackInstances",
            "cloudformation:UpdateStackInstances",
        ]
    }

    fn example(&self) -> &'static str {
        r#"name: Deploy
actionTypeId:
  category: Deploy
  owner: AWS
  provider: CloudFormationStackInstances
  version: "1"
configuration:
  DeploymentTargets: "123456789012"
  Regions: eu-central-1
  StackSetName: shop
"#
    }
}
