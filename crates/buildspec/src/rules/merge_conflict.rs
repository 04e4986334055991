//! Marks of a merge that nobody finished.

use spec_report::{Diagnostic, Source, Span, declare_rule};

declare_rule! {
    /// A merge left both versions in the file. Such a file is not YAML, and the build ends before its first command.
    pub(crate) static MERGE_CONFLICT = {
        id: "buildspec/merge-conflict",
        severity: Error,
        summary: "a mark of an unfinished merge is in the file",
    }
}

pub(crate) fn find(source: &Source, _line: usize) -> Option<Diagnostic> {
    const MARK: &str = "<<<<<<< ";
    let text = source.text();
    let at = if text.starts_with(MARK) { 0 } else { text.find("\n<<<<<<< ")? + 1 };
    let span = Span::new(at, at + MARK.len() - 1);
    let message = "a mark of an unfinished merge is left in the file";
    Some(
        Diagnostic::new(&MERGE_CONFLICT, source, span, message)
            .with_help("choose one of both versions and remove the marks"),
    )
}
