//! The rule pages are the tests of the rules.

use std::path::Path;

use appspec::{Listing, Subject, check, read, rules};
use spec_report::mdtest::Pages;
use spec_report::{Levels, Source};

/// The bundle that pages with `file=bundle.yml` are checked with; they describe it.
const BUNDLE: [&str; 4] = ["web/index.html", "web/css/site.css", "other/index.html", "scripts/start.sh"];

#[test]
fn every_rule_has_a_page_that_tells_the_truth() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/rules/appspec");
    let rules = rules();
    let rule = |name: &str| *rules.iter().find(|rule| rule.name() == name).unwrap();
    // A file of megabytes and an invisible character cannot be shown; `reading.rs` tests them.
    let pages = Pages::new(&dir, &rules).shown_only(&[rule("limit"), rule("byte-order-mark")]);
    let count = pages
        .check(|name, text| {
            let mut subject = Subject::new(read(Source::new(name, text)));
            if name == "bundle.yml" {
                subject = subject.with_bundle(Listing::from_paths(BUNDLE));
            }
            check(&subject, &Levels::default())
        })
        .unwrap();
    assert_eq!(count, rules.len());
}
