//! `Invoke/AWS/StepFunctions/1`: starts an execution of a state machine.

use std::ops::RangeInclusive;

use super::{ActionType, ConfigKey, OutputVariables, Problems, Settings, TypeName};

/// Starts an execution of a state machine.
#[derive(Clone, Copy, Debug)]
pub(super) struct InvokeStepFunctions;

impl ActionType for InvokeStepFunctions {
    fn id(&self) -> TypeName<'_> {
        TypeName::aws("Invoke", "StepFunctions")
    }

    fn summary(&self) -> &'static str {
        "Starts an execution of a state machine."
    }

    fn inputs(&self) -> RangeInclusive<usize> {
        0..=1
    }

    fn outputs(&self) -> RangeInclusive<usize> {
        0..=1
    }

    fn config(&self) -> &'static [ConfigKey] {
        const {
            &[
                ConfigKey::optional("ExecutionNamePrefix", "The beginning of the execution's name."),
                ConfigKey::optional("Input", "The input, or the file in the artifact that holds it."),
                ConfigKey::optional("InputType", "How `Input` is meant.").one_of(&["FilePath", "Literal"]),
                ConfigKey::required("StateMachineArn", "The state machine."),
            ]
        }
    }

    fn output_variables(&self) -> OutputVariables {
        OutputVariables::Fixed(&["ExecutionArn", "StateMachineArn"])
    }

    fn permissions(&self) -> &'static [&'static str] {
        &["states:DescribeExecution", "states:DescribeStateMachine", "states:StartExecution"]
    }

    fn example(&self) -> &'static str {
        r#"name: Migrate
actionTypeId:
  category: Invoke
  owner: AWS
  provider: StepFunctions
  version: "1"
configuration:
  StateMachineArn: arn:aws:states:eu-central-1:123456789012:stateMachine:migrate
"#
    }

    fn check(&self, settings: &Settings<'_>, problems: &mut Problems) {
        if settings.known("InputType") == Some("FilePath") && settings.action().input_artifacts.is_empty() {
            problems.invalid("InputType", "the input is read from a file, but the action has no input artifact");
        }
    }
}
