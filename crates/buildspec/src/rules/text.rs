//! Why a text is no YAML: the mistakes behind most syntax errors, looked for where the parser stopped.

use spec_report::{Diagnostic, Document, Format, Report};

use super::{merge_conflict, missing_space_after_colon, syntax, unquoted_star};

/// What explains the syntax errors of a report. A file without one is not looked at, so nothing here can reject it.
pub(crate) fn explain(document: &Document, report: &Report) -> Vec<Diagnostic> {
    if document.format() != Format::Yaml {
        return Vec::new();
    }
    let source = document.source();
    let Some(error) = report.iter().find(|diagnostic| *diagnostic.rule == syntax::SYNTAX) else { return Vec::new() };
    let line = source.position(error.primary.span.start).line;
    let find = [merge_conflict::find, missing_space_after_colon::find, unquoted_star::find];
    find.into_iter().find_map(|find| find(source, line)).into_iter().collect()
}
