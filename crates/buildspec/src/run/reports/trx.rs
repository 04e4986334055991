//! `VISUALSTUDIOTRX`: `TestRun/Results/UnitTestResult`; the classes are told further down, in `TestDefinitions`.

use std::collections::BTreeMap;
use std::io::BufRead;

use super::found::{Found, TestCase, TestStatus, Unreadable, nanos};
use super::xml::{Element, Item, walk};
use super::{Format, ReportKind};

pub(super) static FORMAT: Format = Format { name: "VISUALSTUDIOTRX", kind: ReportKind::Test, read };

/// Results that wait for the class of their test; more of them do without.
const MOST_WAITING: usize = 20_000;

fn read(input: &mut dyn BufRead, found: &mut Found) -> Result<(), Unreadable> {
    let mut run = String::new();
    let mut waiting: Vec<(String, TestCase)> = Vec::new();
    let mut classes: BTreeMap<String, String> = BTreeMap::new();
    let mut case: Option<(String, TestCase)> = None;
    let mut test = String::new();
    walk(input, &mut |path, item| {
        let name = path.last().map_or("", String::as_str);
        match (name, item) {
            ("TestRun", Item::Open(element)) => run = element.text("name").to_owned(),
            ("UnitTestResult", Item::Open(element)) => {
                case = Some((element.text("testId").to_owned(), result(element, &run)));
            }
            ("UnitTestResult", Item::Close) => match case.take() {
                Some(case) if waiting.len() < MOST_WAITING => waiting.push(case),
                Some((_, case)) => found.case(case),
                None => {}
            },
            ("Message", Item::Text(text)) if path.iter().any(|name| name == "ErrorInfo") => {
                if let Some((_, case)) = case.as_mut() {
                    case.say(text.trim());
                }
            }
            ("UnitTest", Item::Open(element)) => test = element.text("id").to_owned(),
            ("TestMethod", Item::Open(element)) if classes.len() < MOST_WAITING => {
                classes.insert(std::mem::take(&mut test), element.text("className").to_owned());
            }
            _ => {}
        }
    })?;
    for (id, mut case) in waiting {
        if let Some(class) = classes.get(&id) {
            case.prefix.clone_from(class);
        }
        found.case(case);
    }
    Ok(())
}

fn result(element: &Element, run: &str) -> TestCase {
    let mut case = TestCase::new("", element.text("testName"), run);
    case.status = match element.text("outcome") {
        "Passed" | "PassedButRunAborted" | "Completed" | "Warning" => TestStatus::Succeeded,
        "Failed" => TestStatus::Failed,
        "Error" | "Timeout" | "Aborted" | "Disconnected" => TestStatus::Error,
        "NotExecuted" | "NotRunnable" | "Inconclusive" | "Pending" => TestStatus::Skipped,
        _ => TestStatus::Unknown,
    };
    // `00:00:01.2345678`
    let parts = element.text("duration").split(':').map(|part| part.parse::<f64>().unwrap_or_default());
    case.duration_in_nano_seconds = nanos(parts.fold(0.0, |seconds, part| seconds * 60.0 + part));
    case
}
