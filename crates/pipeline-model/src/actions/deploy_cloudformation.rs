//! `Deploy/AWS/CloudFormation/1`: creates, updates or deletes a stack, or a change set of it.

use std::ops::RangeInclusive;

use super::{ActionType, ConfigKey, OutputVariables, Problems, Settings, TypeName};

/// Creates, updates or deletes a stack, or a change set of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct DeployCloudFormation;

impl ActionType for DeployCloudFormation {
    fn id(&self) -> TypeName<'_> {
        TypeName::aws("Deploy", "CloudFormation")
    }

    fn summary(&self) -> &'static str {
        "Creates, updates or deletes a stack, or a change set of it."
    }

    fn inputs(&self) -> RangeInclusive<usize> {
        0..=10
    }

    fn outputs(&self) -> RangeInclusive<usize> {
        0..=1
    }

    fn config(&self) -> &'static [ConfigKey] {
        const {
            &[
                ConfigKey::required("ActionMode", "What to do with the stack.").one_of(&[
                    "CHANGE_SET_EXECUTE",
                    "CHANGE_SET_REPLACE",
                    "CREATE_UPDATE",
                    "DELETE_ONLY",
                    "REPLACE_ON_FAILURE",
                ]),
                ConfigKey::optional("Capabilities", "Acknowledged capabilities, separated by commas."),
                ConfigKey::optional("ChangeSetName", "The change set."),
                ConfigKey::optional(
                    "OutputFileName",
                    "The file in the output artifact that receives the stack's outputs.",
                ),
                ConfigKey::optional("ParameterOverrides", "Parameters as a JSON object, at most 1 KB."),
                ConfigKey::optional("RoleArn", "The role that CloudFormation assumes."),
                ConfigKey::required("StackName", "The stack."),
                ConfigKey::optional(
                    "TemplateConfiguration",
                    "`Artifact::file` with parameters, tags and stack policy.",
                ),
                ConfigKey::optional("TemplatePath", "`Artifact::file` with the template."),
            ]
        }
    }

    fn output_variables(&self) -> OutputVariables {
        OutputVariables::Open
    }

    fn permissions(&self) -> &'static [&'static str] {
        &[
            "cloudformation:CreateChangeSet",
            "cloudformation:CreateStack",
            "cloudformation:DeleteChangeSet",
            "cloudformation:DeleteStack",
            "cloudformation:DescribeChangeSet",
            "cloudformation:DescribeStacks",
            "cloudformation:ExecuteChangeSet",
            "cloudformation:SetStackPolicy",
            "cloudformation:UpdateStack",
            "cloudformation:ValidateTemplate",
            "iam:PassRole",
        ]
    }

    fn example(&self) -> &'static str {
        r#"name: Deploy
actionTypeId:
  category: Deploy
  owner: AWS
  provider: CloudFormation
  version: "1"
inputArtifacts:
  - name: BuildOutput
configuration:
  ActionMode: CREATE_UPDATE
  Capabilities: CAPABILITY_IAM
  RoleArn: arn:aws:iam::123456789012:role/stack
  StackName: shop
  TemplatePath: BuildOutput::template.yml
"#
    }

    fn check(&self, settings: &Settings<'_>, problems: &mut Problems) {
        let Some(mode) = settings.known("ActionMode") else {
            return;
        };
        let needed: &[&str] = match mode {
            "CREATE_UPDATE" | "REPLACE_ON_FAILURE" => &["RoleArn", "TemplatePath"],
            "DELETE_ONLY" => &["RoleArn"],
            "CHANGE_SET_REPLACE" => &["ChangeSetName", "RoleArn", "TemplatePath"],
            "CHANGE_SET_EXECUTE" => &["ChangeSetName"],
            _ => &[],
        };
        for key in needed.iter().filter(|key| settings.lacks(key)) {
            problems.missing(key, format!("`ActionMode` {mode} needs it"));
        }
        for key in ["TemplatePath", "TemplateConfiguration"] {
            if let Some(path) = settings.known(key) {
                artifact_path(settings, key, path, problems);
            }
        }
        if !settings.lacks("OutputFileName")
            && settings.known("OutputFileName").is_some()
            && settings.action().output_artifacts.is_empty()
        {
            problems
                .invalid("OutputFileName", "the file is written into an output artifact, but the action declares none");
        }
    }
}

/// `Artifact::file` must name an artifact that the action takes.
fn artifact_path(settings: &Settings<'_>, key: &str, path: &str, problems: &mut Problems) {
    let Some((artifact, _)) = path.split_once("::") else {
        problems.invalid(key, format!("`{path}` is not of the form `ArtifactName::path/in/artifact`"));
        return;
    };
    let inputs = &settings.action().input_artifacts;
    // A symbolic artifact name can be any of them.
    if inputs.iter().any(|input| input.name == artifact || input.name.contains("${")) {
        return;
    }
    problems.invalid(key, format!("`{artifact}` is not an input artifact of the action"));
}
