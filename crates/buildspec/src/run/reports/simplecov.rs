//! `SIMPLECOV`: the result set of SimpleCov, or what its JSON formatter writes.

use std::collections::BTreeMap;
use std::io::BufRead;

use serde::Deserialize;
use serde_json::Value;

use super::found::{FileCoverage, Found, Unreadable};
use super::{Format, ReportKind};

pub(super) static FORMAT: Format = Format { name: "SIMPLECOV", kind: ReportKind::CodeCoverage, read };

/// A result set has a name for each of its runs; the formatter's output has `coverage` at the top.
#[derive(Deserialize)]
#[serde(untagged)]
enum Run {
    Named { coverage: BTreeMap<String, File> },
    Files(BTreeMap<String, File>),
    Other(serde::de::IgnoredAny),
}

#[derive(Deserialize)]
#[serde(untagged)]
enum File {
    /// Hits of each line; null where there is nothing to run.
    Lines(Vec<Option<u64>>),
    Detailed {
        lines: Vec<Value>,
        #[serde(default)]
        branches: Value,
    },
    Other(serde::de::IgnoredAny),
}

fn read(input: &mut dyn BufRead, found: &mut Found) -> Result<(), Unreadable> {
    let runs: BTreeMap<String, Run> = serde_json::from_reader(input).map_err(|error| Unreadable(error.to_string()))?;
    for (name, run) in runs {
        match run {
            Run::Named { coverage } => take(&coverage, found),
            Run::Files(files) if name == "coverage" => take(&files, found),
            _ => {}
        }
    }
    Ok(())
}

fn take(files: &BTreeMap<String, File>, found: &mut Found) {
    for (path, file) in files {
        let mut covered = FileCoverage::new(path);
        match file {
            File::Lines(lines) => lines.iter().flatten().for_each(|hits| covered.line(*hits > 0)),
            File::Detailed { lines, branches } => {
                // `"ignored"` stands where the source turns coverage off.
                lines.iter().filter_map(Value::as_u64).for_each(|hits| covered.line(hits > 0));
                for hits in hits(branches) {
                    covered.branches(u64::from(hits > 0), u64::from(hits == 0));
                }
            }
            File::Other(_) => continue,
        }
        found.covered(&covered);
    }
}

/// A map of conditions to maps of their branches with hits, or a list of branches with `coverage`.
fn hits(branches: &Value) -> Vec<u64> {
    match branches {
        Value::Object(conditions) => conditions
            .values()
            .filter_map(Value::as_object)
            .flat_map(|ways| ways.values())
            .filter_map(Value::as_u64)
            .collect(),
        Value::Array(list) => list.iter().filter_map(|branch| branch.get("coverage")?.as_u64()).collect(),
        _ => Vec::new(),
    }
}
