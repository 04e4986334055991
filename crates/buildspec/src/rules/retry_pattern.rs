//! Patterns that are none.

use spec_report::{Findings, declare_rule};

use super::subject::Subject;
use crate::model::OnFailure;

declare_rule! {
    /// The build is retried when the error message matches the pattern. A pattern that cannot be compiled matches nothing
    /// at best.
    pub(crate) static RETRY_PATTERN = {
        id: "buildspec/retry-pattern",
        severity: Warning,
        summary: "the pattern of a retry is no regular expression",
    }
}

pub(super) fn check(subject: &Subject, findings: &mut Findings<'_>) {
    for (_, phase) in subject.spec.phases.iter().flat_map(|phases| phases.iter()) {
        if let (Some(text), Ok(Some(OnFailure::Retry { pattern, .. }))) = (&phase.on_failure, phase.failure_policy())
            && let Some(problem) = problem(&pattern)
        {
            let message = format!("`{}` is no regular expression: {problem}", pattern.escape_debug());
            findings.report(&RETRY_PATTERN, &subject.source, text.span, message);
        }
    }
}

fn problem(pattern: &str) -> Option<&'static str> {
    if pattern.starts_with(['*', '+', '?']) {
        return Some("there is nothing to repeat at its beginning");
    }
    let (mut depth, mut class) = (0_usize, false);
    let mut rest = pattern.chars();
    while let Some(c) = rest.next() {
        match c {
            '\\' if rest.next().is_none() => return Some("it ends with a backslash"),
            '[' if !class => {
                class = true;
                // A bracket that closes at once is a member of the class.
                let after = rest.as_str().trim_start_matches('^');
                if let Some(inner) = after.strip_prefix(']') {
                    rest = inner.chars();
                }
            }
            ']' => class = false,
            '(' if !class => depth += 1,
            ')' if !class && depth == 0 => return Some("a bracket closes that was never opened"),
            ')' if !class => depth -= 1,
            _ => {}
        }
    }
    (class || depth > 0).then_some("a bracket is never closed")
}
