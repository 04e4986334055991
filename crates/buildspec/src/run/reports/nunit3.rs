//! `NUNIT3XML`: `test-run/test-suite/…/test-case`.

use std::io::BufRead;

use super::found::{Found, TestCase, TestStatus, Unreadable};
use super::xml::{Item, walk};
use super::{Format, ReportKind};

pub(super) static FORMAT: Format = Format { name: "NUNIT3XML", kind: ReportKind::Test, read };

fn read(input: &mut dyn BufRead, found: &mut Found) -> Result<(), Unreadable> {
    let mut suites: Vec<String> = Vec::new();
    let mut case: Option<TestCase> = None;
    walk(input, &mut |path, item| {
        let name = path.last().map_or("", String::as_str);
        match (name, item) {
            ("test-suite", Item::Open(element)) => suites.push(element.text("name").to_owned()),
            ("test-suite", Item::Close) => drop(suites.pop()),
            ("test-case", Item::Open(element)) => {
                let suite = suites.last().map_or("", String::as_str);
                let mut begun = TestCase::new(element.text("classname"), element.text("name"), suite);
                begun.took_seconds(element.text("duration"));
                begun.status = match (element.text("result"), element.text("label")) {
                    ("Passed" | "Warning", _) => TestStatus::Succeeded,
                    ("Failed", "Error" | "Invalid" | "Cancelled") => TestStatus::Error,
                    ("Failed", _) => TestStatus::Failed,
                    ("Skipped" | "Inconclusive", _) => TestStatus::Skipped,
                    _ => TestStatus::Unknown,
                };
                case = Some(begun);
            }
            ("test-case", Item::Close) => {
                if let Some(case) = case.take() {
                    found.case(case);
                }
            }
            // Below `failure` or `reason`; `assertions` repeat it.
            ("message", Item::Text(text)) if !path.iter().any(|name| name == "assertion") => {
                if let Some(case) = case.as_mut() {
                    case.say(text.trim());
                }
            }
            _ => {}
        }
    })
}
