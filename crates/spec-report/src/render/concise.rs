//! One line per diagnostic, in the form that editors and `grep` know.

use crate::Report;
use crate::render::{clipped, one_line, place};

/// `file:line:column: error[rule]: message`, one line per diagnostic.
///
/// Columns count characters, from 1. Needs no feature.
pub fn concise(report: &Report) -> String {
    let mut out = String::new();
    for found in report {
        out.push_str(&place(&found.primary));
        out.push_str(": ");
        out.push_str(found.severity.as_str());
        out.push('[');
        out.push_str(found.rule.id);
        out.push_str("]: ");
        out.push_str(&one_line(&clipped(&found.message)));
        out.push('\n');
    }
    out
}
