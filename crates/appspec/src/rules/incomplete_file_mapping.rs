//! An entry of `files` without source or destination.

use spec_report::{Findings, declare_rule};

use super::Subject;
use crate::agent;

declare_rule! {
    /// ## What it does
    /// Reports an entry of `files` that lacks its `source` or its `destination`.
    pub(crate) static INCOMPLETE_FILE_MAPPING = {
        id: "appspec/incomplete-file-mapping",
        severity: Error,
        summary: "an entry of `files` lacks its source or destination",
        service: "The deployment failed because the application specification file specifies a destination file, but no source file. Update the files section of the AppSpec file, and then try again.",
    }
}

pub(super) fn check(subject: &Subject, findings: &mut Findings<'_>) {
    let Some(server) = subject.server() else { return };
    for file in &server.files {
        if subject.document().stopped_at().is_some_and(|at| at <= file.span.end) {
            continue;
        }
        let (message, sentence) = match (&file.source, &file.destination) {
            (None, _) => ("the entry has no `source`".to_owned(), agent::NO_SOURCE.to_owned()),
            (Some(source), None) => {
                (format!("`{}` has no `destination`", source.value), agent::no_destination(&source.value))
            }
            (Some(_), Some(_)) => continue,
        };
        findings
            .report(&INCOMPLETE_FILE_MAPPING, subject.source(), file.span, message)
            .set_help(agent::says(&sentence));
    }
}
