//! An `os` other than `linux` and `windows`, or another one than the host has.

use spec_report::{Findings, declare_rule};

use super::Subject;
use crate::agent;
use crate::model::server::Os;

declare_rule! {
    /// ## What it does
    /// Reports an `os` that no agent supports, or that is not the operating system of the hosts.
    pub(crate) static UNSUPPORTED_OS = {
        id: "appspec/unsupported-os",
        severity: Error,
        summary: "the operating system is not supported",
        service: "The deployment failed because the application specification file specifies an unsupported operating system (X). Specify either \"linux\" or \"windows\" in the os section of the AppSpec file, and then try again.",
    }
}

pub(super) fn check(subject: &Subject, findings: &mut Findings<'_>) {
    let Some(server) = subject.server() else { return };
    let (span, message, text) = match (&server.os, &subject.host) {
        (Some(os), _) if matches!(os.value, Os::Unknown(_)) => {
            (os.span, format!("`os` must be `linux` or `windows`, but is `{}`", os.value.as_str()), os.value.as_str())
        }
        (Some(os), Some(host)) if os.value != *host => (
            os.span,
            format!("the AppSpec is for `{}`, the hosts have `{}`", os.value.as_str(), host.as_str()),
            os.value.as_str(),
        ),
        (None, _) if subject.is_complete() => (subject.top(), "`os` is missing".to_owned(), ""),
        _ => return,
    };
    findings
        .report(&UNSUPPORTED_OS, subject.source(), span, message)
        .set_help(agent::says(&agent::unsupported_os(text)));
}
