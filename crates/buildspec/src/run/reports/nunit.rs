//! `NUNITXML`: the format of NUnit 2, `test-results/test-suite/results/test-case`.

use std::io::BufRead;

use super::found::{Found, TestCase, TestStatus, Unreadable};
use super::xml::{Element, Item, walk};
use super::{Format, ReportKind};

pub(super) static FORMAT: Format = Format { name: "NUNITXML", kind: ReportKind::Test, read };

fn read(input: &mut dyn BufRead, found: &mut Found) -> Result<(), Unreadable> {
    let mut suites: Vec<String> = Vec::new();
    let mut case: Option<TestCase> = None;
    walk(input, &mut |path, item| {
        let name = path.last().map_or("", String::as_str);
        match (name, item) {
            ("test-suite", Item::Open(element)) => suites.push(element.text("name").to_owned()),
            ("test-suite", Item::Close) => drop(suites.pop()),
            ("test-case", Item::Open(element)) => {
                let (prefix, own) = element.text("name").rsplit_once('.').unwrap_or(("", element.text("name")));
                let suite = suites.last().map_or("", String::as_str);
                let mut begun = TestCase::new(prefix, own, suite);
                begun.took_seconds(element.text("time"));
                begun.status = status(element);
                case = Some(begun);
            }
            ("test-case", Item::Close) => {
                if let Some(case) = case.take() {
                    found.case(case);
                }
            }
            ("message", Item::Text(text)) => {
                if let Some(case) = case.as_mut() {
                    case.say(text.trim());
                }
            }
            _ => {}
        }
    })
}

/// `result` came later than `executed` and `success`; old files have only those.
fn status(element: &Element) -> TestStatus {
    match element.text("result") {
        "Success" => TestStatus::Succeeded,
        "Failure" => TestStatus::Failed,
        "Error" | "NotRunnable" | "Cancelled" => TestStatus::Error,
        "Ignored" | "Skipped" | "Inconclusive" => TestStatus::Skipped,
        "" => match (element.text("executed"), element.text("success")) {
            ("False", _) => TestStatus::Skipped,
            (_, "True") => TestStatus::Succeeded,
            (_, "False") => TestStatus::Failed,
            _ => TestStatus::Unknown,
        },
        _ => TestStatus::Unknown,
    }
}
