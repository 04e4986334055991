//! Keys of people in builds.

use spec_report::{Findings, declare_rule};

use super::subject::Subject;

declare_rule! {
    /// A build has the credentials of its service role already. Static keys do not expire, and whoever sees the
    /// environment of the build can use them.
    pub(crate) static AWS_CONFIGURE_SECRET = {
        id: "buildspec/aws-configure-secret",
        severity: Warning,
        summary: "static keys are configured for the AWS CLI",
    }
}

pub(super) fn check(subject: &Subject, findings: &mut Findings<'_>) {
    for (script, command) in subject.commands() {
        let key = command
            .arguments()
            .find(|word| matches!(word.text.as_str(), "aws_access_key_id" | "aws_secret_access_key"));
        if let Some(key) = key.filter(|_| command.calls(&["aws", "configure", "set"])) {
            findings
                .report(
                    &AWS_CONFIGURE_SECRET,
                    &subject.source,
                    subject.place(&script.text, key.at.clone()),
                    "static keys replace the credentials of the service role",
                )
                .set_help("give the service role the permissions, or assume a role");
        }
    }
}
