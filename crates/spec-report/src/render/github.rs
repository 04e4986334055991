//! Workflow commands that GitHub Actions shows as annotations beside the changed lines.

use crate::render::{clipped, one_line, some_lines};
use crate::{Report, Severity};

/// One `::error file=…::message` command per diagnostic (`::warning`, `::notice`).
///
/// Columns are given only where the span ends on the line it begins on, because GitHub rejects
/// them otherwise.
pub fn github(report: &Report) -> String {
    let mut out = String::new();
    for found in report {
        let command = match found.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Info => "notice",
        };
        let source = &found.primary.source;
        let start = source.position(found.primary.span.start);
        let end = source.position(found.primary.span.end.max(found.primary.span.start));
        let file = property(&one_line(source.name()));
        let title = property(found.rule.id);
        let mut message = some_lines(&clipped(&found.message)).into_owned();
        if let Some(help) = &found.help {
            message.push('\n');
            message.push_str(&some_lines(&clipped(help)));
        }
        let message = data(&message);
        let columns = if start.line == end.line {
            format!(",col={},endColumn={}", start.column, end.column)
        } else {
            String::new()
        };
        out.push_str(&format!(
            "::{command} file={file},line={},endLine={}{columns},title={title}::{message}\n",
            start.line, end.line,
        ));
    }
    out
}

/// Escapes what stands behind the second `::`.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// Escapes the value of a property, where `:` and `,` have a meaning too.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
