//! Findings as machines read them, and counted.

use std::collections::BTreeMap;

use pipeline_runner::preflight::Checked;
use spec_report::{Diagnostic, Severity};

/// One JSON object a line: `{"file","kind","rule","severity","line","column","message","fix"}`. Nothing for a clean file.
#[must_use]
pub fn json_lines(file: &Checked) -> String {
    let line = |found: &Diagnostic| {
        let place = found.primary.source.position(found.primary.span.start);
        let object = serde_json::json!({
            "file": file.path,
            "kind": file.kind.to_string(),
            "rule": found.rule.id,
            "severity": found.severity,
            "line": place.line,
            "column": place.column,
            "message": found.message,
            "fix": found.fix.is_some(),
        });
        format!("{object}\n")
    };
    file.report.iter().map(line).collect()
}

/// How often each rule was broken, and in how many files.
#[must_use]
pub fn count(checked: &[Checked]) -> String {
    let mut rules: BTreeMap<(Severity, &str), (usize, usize)> = BTreeMap::new();
    for file in checked {
        let mut seen = Vec::new();
        for found in file.report.iter() {
            let (findings, files) = rules.entry((found.severity, found.rule.id)).or_default();
            *findings += 1;
            if !seen.contains(&found.rule.id) {
                *files += 1;
                seen.push(found.rule.id);
            }
        }
    }
    let mut out = String::new();
    for ((severity, rule), (findings, files)) in rules {
        out += &format!("{severity:8} {rule:50} {findings:5} findings in {files:4} files\n");
    }
    out
}
