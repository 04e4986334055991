//! Words for what a cache does.

use spec_report::{Findings, declare_rule, did_you_mean};

use super::subject::Subject;

declare_rule! {
    /// A cache is restored before the build and saved after it. `action` limits that to one of both; what CodeBuild makes
    /// of another word is not known.
    pub(crate) static CACHE_ACTION_UNKNOWN = {
        id: "buildspec/cache-action-unknown",
        severity: Warning,
        summary: "the action of a cache is unknown",
    }
}

const ACTIONS: [&str; 2] = ["restore", "save"];

pub(super) fn check(subject: &Subject, findings: &mut Findings<'_>) {
    let Some(action) = subject.spec.cache.as_ref().and_then(|cache| cache.action.as_ref()) else { return };
    let word = action.value.trim().to_ascii_lowercase();
    if ACTIONS.contains(&word.as_str()) {
        return;
    }
    let message = format!("`{}` is neither `restore` nor `save`", action.value.escape_debug());
    let diagnostic = findings.report(&CACHE_ACTION_UNKNOWN, &subject.source, action.span, message);
    match did_you_mean(&word, ACTIONS) {
        Some(near) => diagnostic.set_help(format!("did you mean `{near}`?")),
        None => diagnostic.set_help("leave `action` out for both"),
    };
}
