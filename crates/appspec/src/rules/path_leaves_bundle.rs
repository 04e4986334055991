//! A source or script outside of the bundle.

use spec_report::{Findings, declare_rule};

use super::Subject;
use crate::path::{leaves_root, separators};

declare_rule! {
    /// ## What it does
    /// Reports a `source` or a hook's `location` that leads out of the bundle. Agents before 2.1.0
    /// follow it and take whatever lies there on the host.
    pub(crate) static PATH_LEAVES_BUNDLE = {
        id: "appspec/path-leaves-bundle",
        severity: Warning,
        summary: "a path that leads out of the bundle",
    }
}

pub(super) fn check(subject: &Subject, findings: &mut Findings<'_>) {
    let Some(server) = subject.server() else { return };
    let windows = server.is_windows();
    let sources = server.files.iter().filter_map(|file| file.source.as_ref());
    let scripts = server.hooks.iter().flat_map(|hooks| &hooks.scripts).filter_map(|script| script.location.as_ref());
    for path in sources.chain(scripts) {
        if leaves_root(&separators(&path.value, windows)) {
            findings
                .report(
                    &PATH_LEAVES_BUNDLE,
                    subject.source(),
                    path.span,
                    format!("`{}` leads out of the bundle", path.value),
                )
                .set_help("agents from 2.1.0 refuse such paths, older ones take what lies there on the host");
        }
    }
}
