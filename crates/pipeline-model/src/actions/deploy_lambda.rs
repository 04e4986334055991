//! `Deploy/AWS/Lambda/1`: publishes a function version and shifts an alias to it.

use std::ops::RangeInclusive;

use super::{ActionType, ConfigKey, OutputVariables, Problems, Settings, TypeName};

/// Publishes a function version and shifts an alias to it.
#[derive(Clone, Copy, Debug)]
pub(super) struct DeployLambda;

impl ActionType for DeployLambda {
    fn id(&self) -> TypeName<'_> {
        TypeName::aws("Deploy", "Lambda")
    }

    fn summary(&self) -> &'static str {
        "Publishes a function version and shifts an alias to it."
    }

    fn inputs(&self) -> RangeInclusive<usize> {
        0..=1
    }

    fn outputs(&self) -> RangeInclusive<usize> {
        0..=0
    }

    fn config(&self) -> &'static [ConfigKey] {
        const {
            &[
                ConfigKey::optional("Alarms", "Alarms that roll back, separated by commas, at most ten."),
                ConfigKey::optional("DeployStrategy", "All at once, canary or linear."),
                ConfigKey::optional("FunctionAlias", "The alias to shift."),
                ConfigKey::required("FunctionName", "The function."),
                ConfigKey::optional("PublishedTargetVersion", "A version that exists already."),
            ]
        }
    }

    fn output_variables(&self) -> OutputVariables {
        OutputVariables::Fixed(&["FunctionVersion"])
    }

    fn permissions(&self) -> &'static [&'static str] {
        &[
            "cloudwatch:DescribeAlarms",
            "lambda:GetAlias",
            "lambda:GetFunctionConfiguration",
            "lambda:GetProvisionedConcurrencyConfig",
            "lambda:PublishVersion",
            "lambda:UpdateAlias",
            "lambda:UpdateFunctionCode",
        ]
    }

    fn v2_only(&self) -> bool {
        true
    }

    fn example(&self) -> &'static str {
        r#"name: Deploy
actionTypeId:
  category: Deploy
  owner: AWS
  provider: Lambda
  version: "1"
inputArtifacts:
  - name: BuildOutput
configuration:
  FunctionAlias: live
  FunctionName: shop
"#
    }

    fn check(&self, settings: &Settings<'_>, problems: &mut Problems) {
        let shifts = settings.known("DeployStrategy").is_some_and(|strategy| strategy != "AllAtOnce");
        let published = settings.action().configuration.contains_key("PublishedTargetVersion");
        if (shifts || published) && settings.lacks("FunctionAlias") {
            let because = if shifts {
                "traffic can only be shifted on an alias"
            } else {
                "a published version is reached through an alias"
            };
            problems.missing("FunctionAlias", because);
        }
        if settings.action().input_artifacts.is_empty() && settings.lacks("PublishedTargetVersion") {
            problems.missing("PublishedTargetVersion", "without an input artifact there is no new code to deploy");
        }
    }
}
