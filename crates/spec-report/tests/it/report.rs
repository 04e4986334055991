//! Order and repeats of reports, rules as statics.

use spec_report::{Diagnostic, Report, Severity, Source, Span};

use crate::rules::{BAD_WORD, DUPLICATE_KEY, REMARK, RULES};

#[test]
fn a_report_is_ordered_by_source_span_and_rule() {
    let (a, b) = (Source::new("a", "xxxx"), Source::new("b", "xxxx"));
    let report: Report = [
        Diagnostic::new(&REMARK, &b, Span::new(0, 1), "4"),
        Diagnostic::new(&REMARK, &a, Span::new(2, 3), "3"),
        Diagnostic::new(&DUPLICATE_KEY, &a, Span::new(1, 2), "2"),
        Diagnostic::new(&BAD_WORD, &a, Span::new(1, 2), "1"),
        Diagnostic::new(&REMARK, &a, Span::new(1, 1), "0"),
    ]
    .into_iter()
    .collect();
    let order: Vec<&str> = report.iter().map(|found| found.message.as_str()).collect();
    assert_eq!(order, ["0", "1", "2", "3", "4"]);
    assert_eq!(report.into_vec().len(), 5);
}

#[test]
fn only_exact_repeats_are_dropped() {
    let source = Source::new("a", "xxxx");
    let first = Diagnostic::new(&BAD_WORD, &source, Span::new(0, 1), "m").with_help("h");
    let mut report = Report::new();
    report.push(first.clone());
    report.push(first.clone());
    assert_eq!(report.len(), 1);
    report.push(first.clone().with_help("other"));
    report.push(first.clone().with_severity(Severity::Error));
    report.push(first.clone().with_label(&source, Span::at(3), ""));
    let mut other = first.clone();
    other.message = "n".to_owned();
    report.push(other);
    assert_eq!(report.len(), 5);
    assert_eq!(report.count(Severity::Error), 1);
    assert!(report.has_errors());

    let mut other = Report::new();
    other.push(first);
    report.merge(other);
    assert_eq!(report.len(), 5);
}

#[test]
fn rules_keep_their_declaration() {
    assert_eq!(DUPLICATE_KEY.namespace(), "demo");
    assert_eq!(DUPLICATE_KEY.name(), "duplicate-key");
    assert_eq!(DUPLICATE_KEY.page(), "docs/rules/demo/duplicate-key.md");
    assert_eq!(
        DUPLICATE_KEY.description(),
        "## What it does\nReports a key that is written twice in one mapping.\n\n## Why\nThe last one wins."
    );
    assert!(DUPLICATE_KEY.file.ends_with("rules.rs"));
    assert!(DUPLICATE_KEY.line > 1);
    assert_eq!(BAD_WORD.service, None);
    assert!(RULES.is_sorted_by_key(|rule| rule.id));
}
