//! The pages of the rules tell the truth.

use std::path::Path;

use spec_report::{Levels, Source, mdtest};

#[test]
fn rule_pages() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/rules/buildspec");
    let rules = buildspec::rules();
    // A file beyond the limits cannot be shown on a page; `reading::too_large` tests it.
    let limit: Vec<_> = rules.iter().copied().filter(|rule| rule.name() == "limit").collect();
    let pages = mdtest::Pages::new(&dir, &rules)
        .shown_only(&limit)
        .check(|name, text| buildspec::check(&buildspec::read(Source::new(name, text)), &Levels::default()));
    assert_eq!(pages.unwrap(), rules.len());
}
