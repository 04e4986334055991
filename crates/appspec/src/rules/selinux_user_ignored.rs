//! `user` in an SELinux context, which the agent does not read.

use spec_report::{Findings, declare_rule};

use super::Subject;

declare_rule! {
    /// ## What it does
    /// Reports `user` in an SELinux context. The documentation calls the SELinux user so; the agent
    /// reads `name` and ignores `user`.
    pub(crate) static SELINUX_USER_IGNORED = {
        id: "appspec/selinux-user-ignored",
        severity: Warning,
        summary: "`user` of an SELinux context is ignored",
    }
}

pub(super) fn check(subject: &Subject, findings: &mut Findings<'_>) {
    let Some(server) = subject.server() else { return };
    for context in server.permissions.iter().filter_map(|permission| permission.context.as_ref()) {
        if let Some(user) = context.user.as_ref().filter(|_| context.name.is_none()) {
            findings
                .report(&SELINUX_USER_IGNORED, subject.source(), user.span, "the agent ignores `user` and reads `name`")
                .set_help("write `name` for the SELinux user");
        }
    }
}
