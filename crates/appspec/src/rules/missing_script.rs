//! A hook whose script is not in the bundle.

use spec_report::{Findings, declare_rule};

use super::Subject;
use crate::path::{leaves_root, normalise, separators};

declare_rule! {
    /// ## What it does
    /// Reports a hook whose `location` is not in the bundle. Needs the bundle.
    pub(crate) static MISSING_SCRIPT = {
        id: "appspec/missing-script",
        severity: Error,
        summary: "a hook's script is not in the bundle",
        service: "Script does not exist at specified location",
    }
}

pub(super) fn check(subject: &Subject, findings: &mut Findings<'_>) {
    let (Some(server), Some(bundle)) = (subject.server(), &subject.bundle) else { return };
    for script in server.hooks.iter().flat_map(|hooks| &hooks.scripts) {
        let Some(location) = &script.location else { continue };
        let path = separators(&location.value, server.is_windows());
        if leaves_root(&path) {
            continue;
        }
        let found = normalise(&path).is_some_and(|path| bundle.get(&path).is_some());
        if !found {
            let message = format!("the bundle has no script `{}`", location.value);
            let found = findings.report(&MISSING_SCRIPT, subject.source(), location.span, message);
            found.set_help(if location.value.contains(' ') {
                "everything after `location:` is the path, arguments are not possible"
            } else {
                "the location counts from the root of the bundle"
            });
        }
    }
}
