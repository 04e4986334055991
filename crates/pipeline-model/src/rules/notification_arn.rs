//! An approval notifies something that is no topic.

use spec_report::{Findings, declare_rule};

use super::subject::{Subject, is_placeholder};
use crate::model::Category;

declare_rule! {
    /// ## What it does
    /// Reads the `NotificationArn` of manual approvals: an ARN, and one of SNS.
    ///
    /// ## Why
    /// The service refuses the declaration. It says: The ARN … you specified for sending notifications for the
    /// approval action … contains a format error.
    pub(crate) static NOTIFICATION_ARN = {
        id: "pipeline-model/notification-arn",
        severity: Error,
        summary: "an approval notifies something that is no topic",
    }
}

pub(super) fn check(subject: &Subject, out: &mut Findings<'_>) {
    for found in subject.actions().filter(|found| found.action.action_type_id.category == Category::Approval) {
        let Some(arn) = found.action.config("NotificationArn") else { continue };
        let path = found.config_path("NotificationArn");
        if is_placeholder(arn) || arn.contains("#{") || subject.is_symbolic(&path) {
            continue;
        }
        let name = &found.action.name;
        let parts: Vec<&str> = arn.splitn(6, ':').collect();
        let message = match parts[..] {
            ["arn", partition, "sns", region, account, topic] if ![partition, region, account, topic].contains(&"") => {
                continue;
            }
            ["arn", _, service, _, _, _] if !matches!(service, "sns" | "") => {
                format!("approval action `{name}` can notify a topic of SNS, and nothing of `{service}`")
            }
            _ => format!(
                "The ARN {arn} you specified for sending notifications for the approval action {name} contains a format \
                 error."
            ),
        };
        subject.report(out, &NOTIFICATION_ARN, subject.value(&path), message);
    }
}
