//! `CUCUMBERJSON`: features with scenarios with steps. A scenario is a test case; its worst step decides.

use std::io::BufRead;

use serde::Deserialize;

use super::found::{Found, TestCase, TestStatus, Unreadable};
use super::{Format, ReportKind};

pub(super) static FORMAT: Format = Format { name: "CUCUMBERJSON", kind: ReportKind::Test, read };

#[derive(Deserialize)]
struct Feature {
    #[serde(default)]
    name: String,
    #[serde(default)]
    elements: Vec<Scenario>,
}

#[derive(Deserialize)]
struct Scenario {
    #[serde(default)]
    name: String,
    #[serde(default, rename = "type")]
    kind: String,
    #[serde(default)]
    before: Vec<Step>,
    #[serde(default)]
    steps: Vec<Step>,
    #[serde(default)]
    after: Vec<Step>,
}

#[derive(Deserialize)]
struct Step {
    #[serde(default)]
    result: StepResult,
}

#[derive(Default, Deserialize)]
struct StepResult {
    #[serde(default)]
    status: String,
    #[serde(default)]
    duration: f64,
    #[serde(default)]
    error_message: String,
}

fn read(input: &mut dyn BufRead, found: &mut Found) -> Result<(), Unreadable> {
    let features: Vec<Feature> = serde_json::from_reader(input).map_err(|error| Unreadable(error.to_string()))?;
    for feature in features {
        for scenario in feature.elements.iter().filter(|scenario| scenario.kind != "background") {
            found.case(case(&feature.name, scenario));
        }
    }
    Ok(())
}

fn case(feature: &str, scenario: &Scenario) -> TestCase {
    let mut case = TestCase::new(feature, &scenario.name, feature);
    for step in scenario.before.iter().chain(&scenario.steps).chain(&scenario.after) {
        // Nanoseconds already.
        let nanos = super::found::nanos(step.result.duration / 1e9);
        case.duration_in_nano_seconds = case.duration_in_nano_seconds.saturating_add(nanos);
        let status = match step.result.status.as_str() {
            "passed" => TestStatus::Succeeded,
            "failed" => TestStatus::Failed,
            "ambiguous" | "undefined" => TestStatus::Error,
            "skipped" | "pending" => TestStatus::Skipped,
            _ => TestStatus::Unknown,
        };
        if rank(status) > rank(case.status) {
            case.message.clear();
            case.end(status, &step.result.error_message);
        }
    }
    case
}

const fn rank(status: TestStatus) -> u8 {
    match status {
        TestStatus::Succeeded => 0,
        TestStatus::Unknown => 1,
        TestStatus::Skipped => 2,
        TestStatus::Error => 3,
        TestStatus::Failed => 4,
    }
}
