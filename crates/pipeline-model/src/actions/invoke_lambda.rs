//! `Invoke/AWS/Lambda/1`: calls a Lambda function, which reports the result of the job.

use std::ops::RangeInclusive;

use super::{ActionType, ConfigKey, OutputVariables, TypeName};

/// Calls a Lambda function, which reports the result of the job.
#[derive(Clone, Copy, Debug)]
pub(super) struct InvokeLambda;

impl ActionType for InvokeLambda {
    fn id(&self) -> TypeName<'_> {
        TypeName::aws("Invoke", "Lambda")
    }

    fn summary(&self) -> &'static str {
        "Calls a Lambda function, which reports the result of the job."
    }

    fn inputs(&self) -> RangeInclusive<usize> {
        0..=5
    }

    fn outputs(&self) -> RangeInclusive<usize> {
        0..=5
    }

    fn config(&self) -> &'static [ConfigKey] {
        const {
            &[
                ConfigKey::required("FunctionName", "The function."),
                ConfigKey::optional("UserParameters", "Text for the function."),
            ]
        }
    }

    fn output_variables(&self) -> OutputVariables {
        OutputVariables::Open
    }

    fn permissions(&self) -> &'static [&'static str] {
        &["lambda:InvokeFunction", "lambda:ListFunctions"]
    }

    fn example(&self) -> &'static str {
        r#"name: Notify
actionTypeId:
  category: Invoke
  owner: AWS
  provider: Lambda
  version: "1"
configuration:
  FunctionName: notify
"#
    }
}
