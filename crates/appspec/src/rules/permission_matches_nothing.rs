//! A permission whose object is not part of what is installed.

use spec_report::{Findings, declare_rule};

use super::Subject;
use crate::path::{is_below, normalise, separators};
use crate::plan::ProblemKind;

declare_rule! {
    /// ## What it does
    /// Reports a permission that applies to nothing: its object is neither a destination nor below or
    /// above one, or, when the bundle is at hand, none of the files it would install matches. The
    /// agent ignores such a permission silently.
    pub(crate) static PERMISSION_MATCHES_NOTHING = {
        id: "appspec/permission-matches-nothing",
        severity: Warning,
        summary: "a permission that applies to nothing that is installed",
    }
}

pub(super) fn check(subject: &Subject, findings: &mut Findings<'_>) {
    let Some(server) = subject.server() else { return };
    if server.is_windows() {
        return;
    }
    if let Some(plan) = subject.plan() {
        for problem in plan.problems.iter().filter(|problem| problem.kind == ProblemKind::PermissionMatchesNothing) {
            findings.report(&PERMISSION_MATCHES_NOTHING, subject.source(), problem.span, problem.message.clone());
        }
        return;
    }
    let destinations: Vec<String> = server
        .files
        .iter()
        .filter_map(|file| normalise(&separators(&file.destination.as_ref()?.value, false)))
        .collect();
    for object in server.permissions.iter().filter_map(|permission| permission.object.as_ref()) {
        let Some(path) = normalise(&separators(&object.value, false)) else { continue };
        let related = destinations
            .iter()
            .any(|destination| *destination == path || is_below(destination, &path) || is_below(&path, destination));
        if !related {
            let message = format!("no entry of `files` installs anything at `{}`", object.value);
            findings
                .report(&PERMISSION_MATCHES_NOTHING, subject.source(), object.span, message)
                .set_help("the agent applies permissions only to what this deployment installs, and ignores this one");
        }
    }
}
