//! `Compute/AWS/Commands/1`: runs shell commands in an environment that CodePipeline manages.

use std::ops::RangeInclusive;

use super::{ActionType, ConfigKey, OutputVariables, TypeName};

/// Runs shell commands in an environment that CodePipeline manages.
#[derive(Clone, Copy, Debug)]
pub(super) struct ComputeCommands;

impl ActionType for ComputeCommands {
    fn id(&self) -> TypeName<'_> {
        TypeName::aws("Compute", "Commands")
    }

    fn summary(&self) -> &'static str {
        "Runs shell commands in an environment that CodePipeline manages."
    }

    fn inputs(&self) -> RangeInclusive<usize> {
        1..=10
    }

    fn outputs(&self) -> RangeInclusive<usize> {
        0..=1
    }

    fn config(&self) -> &'static [ConfigKey] {
        const {
            &[
                ConfigKey::optional("ComputeType", "The size of the machine."),
                ConfigKey::optional("EnvironmentType", "The operating system.")
                    .one_of(&["LINUX_CONTAINER", "WINDOWS_SERVER_2022_CONTAINER"]),
                ConfigKey::optional("SecurityGroupIds", "Security groups inside the VPC."),
                ConfigKey::optional("Subnets", "Subnets inside the VPC."),
                ConfigKey::optional("VpcId", "The VPC to run in."),
            ]
        }
    }

    fn output_variables(&self) -> OutputVariables {
        OutputVariables::Open
    }

    fn permissions(&self) -> &'static [&'static str] {
        &["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"]
    }

    fn v2_only(&self) -> bool {
        true
    }

    fn example(&self) -> &'static str {
        r#"name: Test
actionTypeId:
  category: Compute
  owner: AWS
  provider: Commands
  version: "1"
inputArtifacts:
  - name: SourceOutput
commands:
  - make test
"#
    }
}
