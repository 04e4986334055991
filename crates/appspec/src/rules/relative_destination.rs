//! A destination that is not an absolute path.

use spec_report::{Findings, declare_rule};

use super::Subject;
use crate::path::{is_absolute, leaves_root, separators};

declare_rule! {
    /// ## What it does
    /// Reports a `destination` that is not an absolute path, or that leads above the root.
    pub(crate) static RELATIVE_DESTINATION = {
        id: "appspec/relative-destination",
        severity: Warning,
        summary: "a destination that is not an absolute path",
    }
}

pub(super) fn check(subject: &Subject, findings: &mut Findings<'_>) {
    let Some(server) = subject.server() else { return };
    let windows = server.is_windows();
    for destination in server.files.iter().filter_map(|file| file.destination.as_ref()) {
        let path = separators(&destination.value, windows);
        let (message, help) = if path.starts_with('~') {
            (format!("`{}` is not expanded: no shell reads it", destination.value), "write the whole path")
        } else if !is_absolute(&path, windows) {
            let message = format!("the destination `{}` is not absolute", destination.value);
            (message, "the agent counts it from its own working directory; write the whole path")
        } else if leaves_root(&path) {
            (format!("the destination `{}` leads above the root", destination.value), "write the path without `..`")
        } else {
            continue;
        };
        findings.report(&RELATIVE_DESTINATION, subject.source(), destination.span, message).set_help(help);
    }
}
