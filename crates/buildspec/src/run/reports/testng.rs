//! `TESTNGXML`: `testng-results/suite/test/class/test-method`. Methods that only prepare (`is-config`) are no tests.

use std::io::BufRead;

use super::found::{Found, TestCase, TestStatus, Unreadable};
use super::xml::{Item, walk};
use super::{Format, ReportKind};

pub(super) static FORMAT: Format = Format { name: "TESTNGXML", kind: ReportKind::Test, read };

fn read(input: &mut dyn BufRead, found: &mut Found) -> Result<(), Unreadable> {
    let (mut suite, mut class) = (String::new(), String::new());
    let mut case: Option<TestCase> = None;
    walk(input, &mut |path, item| {
        let name = path.last().map_or("", String::as_str);
        match (name, item) {
            ("suite", Item::Open(element)) => suite = element.text("name").to_owned(),
            ("class", Item::Open(element)) => class = element.text("name").to_owned(),
            ("test-method", Item::Open(element)) if element.get("is-config") != Some("true") => {
                let mut begun = TestCase::new(&class, element.text("name"), &suite);
                begun.status = match element.text("status") {
                    "PASS" => TestStatus::Succeeded,
                    "FAIL" => TestStatus::Failed,
                    "SKIP" => TestStatus::Skipped,
                    _ => TestStatus::Unknown,
                };
                begun.duration_in_nano_seconds = element.count("duration-ms").saturating_mul(1_000_000);
                case = Some(begun);
            }
            ("test-method", Item::Close) => {
                if let Some(case) = case.take() {
                    found.case(case);
                }
            }
            // `exception` has the two as children; a parameter's value is no message.
            ("message", Item::Text(text)) if path.iter().any(|name| name == "exception") => {
                if let Some(case) = case.as_mut() {
                    case.say(text.trim());
                }
            }
            _ => {}
        }
    })
}
