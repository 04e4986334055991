//! `Deploy/AWS/CloudFormationStackSet/1`: creates or updates a stack set.

use std::ops::RangeInclusive;

use super::{ActionType, ConfigKey, OutputVariables, TypeName};

/// Creates or updates a stack set.
#[derive(Clone, Copy, Debug)]
pub(super) struct DeployCloudFormationStackSet;

impl ActionType for DeployCloudFormationStackSet {
    fn id(&self) -> TypeName<'_> {
        TypeName::aws("Deploy", "CloudFormationStackSet")
    }

    fn summary(&self) -> &'static str {
        "Creates or updates a stack set."
    }

    fn inputs(&self) -> RangeInclusive<usize> {
        1..=3
    }

    fn outputs(&self) -> RangeInclusive<usize> {
        0..=0
    }

    fn config(&self) -> &'static [ConfigKey] {
        const {
            &[
                ConfigKey::optional("AdministrationRoleArn", "The role of the administrator account."),
                ConfigKey::optional("CallAs", "Whose permissions are used.").one_of(&["SELF", "DELEGATED_ADMIN"]),
                ConfigKey::optional("Capabilities", "Acknowledged capabilities, separated by commas."),
                ConfigKey::optional("DeploymentTargets", "Accounts or organizational units."),
                ConfigKey::optional("Description", "What the stack set is for."),
                ConfigKey::optional("ExecutionRoleName", "The role in the target accounts."),
                ConfigKey::optional("FailureTolerancePercentage", "How many accounts may fail."),
                ConfigKey::optional("MaxConcurrentPercentage", "How many accounts are worked on at once."),
                ConfigKey::optional("OrganizationsAutoDeployment", "Whether new accounts get the stack.").one_of(&[
                    "Enabled",
                    "Disabled",
                    "EnabledWithStackRetention",
                ]),
                ConfigKey::optional("Parameters", "Parameters as JSON, or `Artifact::file`."),
                ConfigKey::optional("PermissionModel", "Who manages the roles.")
                    .one_of(&["SELF_MANAGED", "SERVICE_MANAGED"]),
                ConfigKey::optional("Regions", "The regions."),
                ConfigKey::required("StackSetName", "The stack set."),
                ConfigKey::required("TemplatePath", "`Artifact::file` with the template."),
            ]
        }
    }

    fn output_variables(&self) -> OutputVariables {
        OutputVariables::Fixed(&["OperationId", "StackSetId"])
    }

    fn permissions(&self) -> &'static [&'static str] {
        &[
            "cloudformation:CreateStackInstances",
            "cloudformation:CreateStackSet",
            "cloudformation:DescribeStackSet",
            "cloudformation:DescribeStackSetOperation",
            "cloudformation:ListStackInstances",
            "cloudformation:UpdateStackSet",
        ]
    }

    fn example(&self) -> &'static str {
        r#"name: Deploy
actionTypeId:
  category: Deploy
  owner: AWS
  provider: CloudFormationStackSet
  version: "1"
inputArtifacts:
  - name: BuildOutput
configuration:
  StackSetName: shop
  TemplatePath: BuildOutput::template.yml
"#
    }
}
