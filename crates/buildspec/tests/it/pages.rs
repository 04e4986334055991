//! The pages of the rules tell the truth.

use std::path::Path;

use spec_report::{Levels, Source, mdtest};

#[test]
fn rule_pages() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/rules/buildspec");
    let rules = buildspec::rules();
    // A file beyond the limits cannot be shown on a page (`reading::too_large` tests it), nor can what only an image tells
    // (`context::runtime_not_in_image`).
    let elsewhere = ["limit", "runtime-not-in-image"];
    let elsewhere: Vec<_> = rules.iter().copied().filter(|rule| elsewhere.contains(&rule.name())).collect();
    let pages = mdtest::Pages::new(&dir, &rules)
        .shown_only(&elsewhere)
        .check(|name, text| buildspec::check(&buildspec::read(Source::new(name, text)), &Levels::default()));
    assert_eq!(pages.unwrap(), rules.len());
}
