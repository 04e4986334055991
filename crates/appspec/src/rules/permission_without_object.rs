//! A permission that does not say what it is for.

use spec_report::{Findings, declare_rule};

use super::Subject;
use crate::agent;

declare_rule! {
    /// ## What it does
    /// Reports an entry of `permissions` that has no `object`, or an empty one.
    pub(crate) static PERMISSION_WITHOUT_OBJECT = {
        id: "appspec/permission-without-object",
        severity: Error,
        summary: "a permission without `object`",
        service: "The deployment failed because a permission listed in the application specification file has no object value. Update the permissions section of the AppSpec file, and then try again.",
    }
}

pub(super) fn check(subject: &Subject, findings: &mut Findings<'_>) {
    let Some(server) = subject.server() else { return };
    for permission in server.permissions.iter().filter(|permission| permission.object.is_none()) {
        if subject.document().stopped_at().is_some_and(|at| at <= permission.span.end) {
            continue;
        }
        findings
            .report(&PERMISSION_WITHOUT_OBJECT, subject.source(), permission.span, "the permission has no `object`")
            .set_help(agent::says(agent::NO_OBJECT));
    }
}
