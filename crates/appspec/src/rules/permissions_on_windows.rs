//! Permissions for a system that has none of the kind.

use spec_report::{Findings, declare_rule};

use super::Subject;
use crate::agent;

declare_rule! {
    /// ## What it does
    /// Reports `permissions` in an AppSpec for Windows, which the agent refuses.
    pub(crate) static PERMISSIONS_ON_WINDOWS = {
        id: "appspec/permissions-on-windows",
        severity: Error,
        summary: "permissions in an AppSpec for Windows",
        service: "The deployment failed because the application specification file specifiles file permissions, but the deployment is targeting one or more Windows Server instances. Permissions are supported only for Amazon Linux, Ubuntu Server, and Red Hat Enterprise Linux (RHEL) instances. Update the permissions section of the AppSpec file, and then try again.",
    }
}

pub(super) fn check(subject: &Subject, findings: &mut Findings<'_>) {
    let Some(server) = subject.server().filter(|server| server.is_windows()) else { return };
    if let Some(first) = server.permissions.first() {
        findings
            .report(&PERMISSIONS_ON_WINDOWS, subject.source(), first.span, "Windows hosts have no `permissions`")
            .set_help(agent::says(agent::PERMISSIONS_ON_WINDOWS));
    }
}
