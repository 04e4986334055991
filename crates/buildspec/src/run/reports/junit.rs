//! `JUNITXML`: `testsuites/testsuite/testcase`, with `failure`, `error` or `skipped` inside of a case.

use std::io::BufRead;

use super::found::{Found, TestCase, TestStatus, Unreadable};
use super::xml::{Item, walk};
use super::{Format, ReportKind};

pub(super) static FORMAT: Format = Format { name: "JUNITXML", kind: ReportKind::Test, read };

fn read(input: &mut dyn BufRead, found: &mut Found) -> Result<(), Unreadable> {
    let mut suites: Vec<String> = Vec::new();
    let mut case: Option<TestCase> = None;
    let mut attribute = String::new();
    walk(input, &mut |path, item| {
        let name = path.last().map_or("", String::as_str);
        match (name, item) {
            ("testsuite", Item::Open(element)) => suites.push(element.text("name").to_owned()),
            ("testsuite", Item::Close) => drop(suites.pop()),
            ("testcase", Item::Open(element)) => {
                let suite = suites.last().map_or("", String::as_str);
                let mut begun = TestCase::new(element.text("classname"), element.text("name"), suite);
                begun.took_seconds(element.text("time"));
                case = Some(begun);
            }
            ("testcase", Item::Close) => {
                if let Some(case) = case.take() {
                    found.case(case);
                }
            }
            (word, item) => {
                let Some(status) = status_of(word) else { return };
                let Some(case) = case.as_mut() else { return };
                match item {
                    Item::Open(element) => {
                        attribute = element.text("message").to_owned();
                        case.status = status;
                    }
                    Item::Text(text) if case.message.is_empty() => case.say(text.trim_start()),
                    Item::Text(text) => case.say(text),
                    // The text holds the message as a rule, and the place as well.
                    Item::Close => case.end(status, &attribute),
                }
            }
        }
    })
}

fn status_of(word: &str) -> Option<TestStatus> {
    Some(match word {
        "failure" => TestStatus::Failed,
        "error" => TestStatus::Error,
        "skipped" => TestStatus::Skipped,
        _ => return None,
    })
}
