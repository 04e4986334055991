//! Formats of test reports.

use spec_report::{Findings, Severity, declare_rule, did_you_mean};

use super::subject::Subject;

declare_rule! {
    /// `file-format` is one of the formats that CodeBuild can read; upper and lower case do not matter.
    pub(crate) static REPORT_FORMAT_UNKNOWN = {
        id: "buildspec/report-format-unknown",
        severity: Error,
        summary: "the format of a report is unknown",
    }
}

const FORMATS: [&str; 10] = [
    "CLOVERXML",
    "COBERTURAXML",
    "CUCUMBERJSON",
    "JACOCOXML",
    "JUNITXML",
    "NUNIT3XML",
    "NUNITXML",
    "SIMPLECOV",
    "TESTNGXML",
    "VISUALSTUDIOTRX",
];
/// An emulator of CodeBuild lists it; AWS's documentation does not.
const DOUBTFUL: &str = "LCOVINFO";

pub(crate) fn check(subject: &Subject, findings: &mut Findings<'_>) {
    for format in subject.spec.reports.iter().filter_map(|group| group.file_format.as_ref()) {
        let word = format.value.trim().to_ascii_uppercase();
        if FORMATS.contains(&word.as_str()) {
            continue;
        }
        let message = format!("`{}` is no format of reports that is documented", format.value.escape_debug());
        let diagnostic = findings.report(&REPORT_FORMAT_UNKNOWN, &subject.source, format.span, message);
        if word == DOUBTFUL {
            diagnostic.set_severity(Severity::Info);
        }
        match did_you_mean(&word, FORMATS) {
            Some(near) => diagnostic.set_help(format!("did you mean `{near}`?")),
            None => diagnostic.set_help(format!("write one of `{}`", FORMATS.join("`, `"))),
        };
    }
}
