//! `Deploy/AWS/EC2/1`: copies the input artifact to instances and runs scripts there.

use std::ops::RangeInclusive;

use super::{ActionType, ConfigKey, Problems, Settings, TypeName};

/// Copies the input artifact to instances and runs scripts there.
#[derive(Clone, Copy, Debug)]
pub(super) struct DeployEc2;

impl ActionType for DeployEc2 {
    fn id(&self) -> TypeName<'_> {
        TypeName::aws("Deploy", "EC2")
    }

    fn summary(&self) -> &'static str {
        "Copies the input artifact to instances and runs scripts there."
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
                ConfigKey::optional("DeploySpec", "The deploy specification inside the artifact."),
                ConfigKey::required("InstanceTagKey", "The tag that selects the instances."),
                ConfigKey::optional("InstanceTagValue", "The value of the tag."),
                ConfigKey::required("InstanceType", "EC2 instances or nodes that Systems Manager knows.")
                    .one_of(&["EC2", "SSM_MANAGED_NODE"]),
                ConfigKey::optional("MaxBatch", "How many instances at once: a number or a percentage."),
                ConfigKey::optional("MaxError", "How many instances may fail: a number or a percentage."),
                ConfigKey::optional("PostScript", "The script after the copy."),
                ConfigKey::optional("PreScript", "The script before the copy."),
                ConfigKey::optional("TargetDirectory", "Where the files go on the instance."),
                ConfigKey::optional("TargetGroupNameList", "Target groups to drain, at most ten."),
            ]
        }
    }

    fn permissions(&self) -> &'static [&'static str] {
        &[
            "ec2:DescribeInstances",
            "elasticloadbalancing:DescribeTargetHealth",
            "logs:CreateLogGroup",
            "logs:CreateLogStream",
            "logs:PutLogEvents",
            "ssm:CancelCommand",
            "ssm:DescribeInstanceInformation",
            "ssm:ListCommandInvocations",
            "ssm:SendCommand",
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
  provider: EC2
  version: "1"
inputArtifacts:
  - name: BuildOutput
configuration:
  InstanceTagKey: role
  InstanceTagValue: shop
  InstanceType: EC2
  PostScript: scripts/restart.sh
  TargetDirectory: /srv/shop
"#
    }

    fn check(&self, settings: &Settings<'_>, problems: &mut Problems) {
        if !settings.lacks("DeploySpec") {
            return;
        }
        for key in ["PostScript", "TargetDirectory"] {
            if settings.lacks(key) {
                problems.missing(key, "it is needed when there is no `DeploySpec`");
            }
        }
    }
}
