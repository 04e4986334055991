//! `Approval/AWS/Manual/1`: waits until a person approves or rejects.

use std::ops::RangeInclusive;

use super::{ActionType, ConfigKey, TypeName};

/// Waits until a person approves or rejects.
#[derive(Clone, Copy, Debug)]
pub(super) struct ApprovalManual;

impl ActionType for ApprovalManual {
    fn id(&self) -> TypeName<'_> {
        TypeName::aws("Approval", "Manual")
    }

    fn summary(&self) -> &'static str {
        "Waits until a person approves or rejects."
    }

    fn inputs(&self) -> RangeInclusive<usize> {
        0..=0
    }

    fn outputs(&self) -> RangeInclusive<usize> {
        0..=0
    }

    fn config(&self) -> &'static [ConfigKey] {
        const {
            &[
                ConfigKey::optional("CustomData", "What the approver reads."),
                ConfigKey::optional("ExternalEntityLink", "A link for the approver."),
                ConfigKey::optional("IsSummaryRequired", "Whether the answer needs a summary.").boolean(),
                ConfigKey::optional(
                    "NotificationArn",
                    "The SNS topic, in the pipeline's region, that announces the wait.",
                ),
            ]
        }
    }

    fn permissions(&self) -> &'static [&'static str] {
        &["sns:Publish"]
    }

    fn example(&self) -> &'static str {
        r#"name: Approve
actionTypeId:
  category: Approval
  owner: AWS
  provider: Manual
  version: "1"
configuration:
  CustomData: Ready for production?
"#
    }
}
