//! An SELinux context that the agent refuses, or breaks on.

use spec_report::{Findings, declare_rule};

use super::Subject;
use crate::agent;
use crate::model::selinux::parse_range;

declare_rule! {
    /// ## What it does
    /// Reports a `context` without `type` or with a `range` that is no SELinux range.
    pub(crate) static INVALID_SELINUX_CONTEXT = {
        id: "appspec/invalid-selinux-context",
        severity: Error,
        summary: "an SELinux context that the agent refuses",
        service: "The deployment failed because the application specification file specifies an invalid context type (CONTEXT). Update the permissions section of the AppSpec file, and then try again.",
    }
}

pub(super) fn check(subject: &Subject, findings: &mut Findings<'_>) {
    let Some(server) = subject.server() else { return };
    for context in server.permissions.iter().filter_map(|permission| permission.context.as_ref()) {
        if context.kind.is_none() {
            findings
                .report(&INVALID_SELINUX_CONTEXT, subject.source(), context.span, "the context has no `type`")
                .set_help(agent::says(&agent::context_type(&context.text)));
        }
        let Some(range) = &context.range else { continue };
        if let Err(sentence) = parse_range(&range.value) {
            let message = format!("`{}` is no SELinux range", range.value);
            findings
                .report(&INVALID_SELINUX_CONTEXT, subject.source(), range.span, message)
                .set_help(agent::says(&sentence));
        }
    }
}
