//! The rule pages say what the rules do.

use std::path::Path;

use pipeline_model::rules::rules;
use spec_report::mdtest::Pages;

use crate::checked;

#[test]
fn every_rule_has_a_page_that_is_true() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/rules/pipeline-model");
    let all = rules();
    let big: Vec<_> = all.iter().copied().filter(|rule| rule.name() == "limit").collect();
    let pages = Pages::new(&dir, &all).shown_only(&big).check(|name, text| checked(name, text).1).unwrap();
    assert_eq!(pages, all.len());
}

#[test]
fn rules_are_sorted_and_unique() {
    let ids: Vec<_> = rules().iter().map(|rule| rule.id).collect();
    assert!(ids.is_sorted_by(|a, b| a < b), "{ids:?}");
    assert!(ids.len() >= 60);
}

#[test]
fn a_file_that_is_too_deep_gives_a_diagnostic() {
    let text = format!("name: shop\nstages: {}{}", "[".repeat(300), "]".repeat(300));
    let (_, report) = checked("deep.yaml", &text);
    assert!(report.iter().any(|found| found.rule.name() == "limit"), "{report:?}");
}
