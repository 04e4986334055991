//! SARIF 2.1.0 (OASIS, 27 March 2020), the format of code scanning services.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::render::escape_json;
use crate::{Diagnostic, Fix, Label, Report, Rule, Safety, Severity, Source, Span};

/// A SARIF log with one run of the tool `tool_name` in `version`.
///
/// The rules that occur are described in `tool.driver.rules`. Suppressed diagnostics are results with
/// a suppression of the kind `inSource`. Columns count UTF-16 code units, as most viewers expect.
pub fn sarif(report: &Report, tool_name: &str, version: &str) -> String {
    let mut rules: BTreeMap<&str, &Rule> = BTreeMap::new();
    for found in report.iter().chain(report.suppressed()) {
        rules.insert(found.rule.id, found.rule);
    }
    let index_of: BTreeMap<&str, usize> = rules.keys().enumerate().map(|(index, id)| (*id, index)).collect();
    let mut wide = Wide::default();
    let mut result_of = |found: &Diagnostic, suppressed: bool| {
        let suppressions = if suppressed { json!([{ "kind": "inSource" }]) } else { json!([]) };
        result(found, index_of.get(found.rule.id).copied(), suppressions, &mut wide)
    };
    // SARIF wants `suppressions` on all results of a run or on none (3.27.23).
    let found = report.iter().map(|found| (found, false));
    let results: Vec<Value> = found
        .chain(report.suppressed().map(|found| (found, true)))
        .map(|(found, suppressed)| result_of(found, suppressed))
        .collect();
    let log = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": tool_name,
                "version": version,
                "rules": rules.values().map(|rule| describe(rule)).collect::<Vec<_>>(),
            }},
            "columnKind": "utf16CodeUnits",
            "results": results,
        }],
    });
    escape_json(&format!("{log:#}\n"))
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "note",
    }
}

fn describe(rule: &Rule) -> Value {
    let mut help = rule.description();
    if let Some(words) = rule.service {
        help.push_str("\n\nThe service says: ");
        help.push_str(words);
    }
    if help.is_empty() {
        rule.summary.clone_into(&mut help);
    }
    json!({
        "id": rule.id,
        "shortDescription": { "text": rule.summary },
        "help": { "text": help, "markdown": help },
        "defaultConfiguration": { "level": level(rule.severity) },
        "properties": { "docs": rule.page() },
    })
}

fn result(found: &Diagnostic, rule_index: Option<usize>, suppressions: Value, wide: &mut Wide) -> Value {
    let mut text = found.message.clone();
    if let Some(help) = &found.help {
        text.push('\n');
        text.push_str(help);
    }
    let mut result = Map::new();
    result.insert("ruleId".to_owned(), json!(found.rule.id));
    if let Some(index) = rule_index {
        result.insert("ruleIndex".to_owned(), json!(index));
    }
    result.insert("level".to_owned(), json!(level(found.severity)));
    result.insert("message".to_owned(), json!({ "text": text }));
    result.insert("locations".to_owned(), json!([location(&found.primary, wide)]));
    if !found.secondary.is_empty() {
        let related: Vec<Value> = found
            .secondary
            .iter()
            .enumerate()
            .map(|(index, label)| {
                let mut location = location(label, wide);
                location["id"] = json!(index);
                location["message"] = json!({ "text": label.message });
                location
            })
            .collect();
        result.insert("relatedLocations".to_owned(), Value::Array(related));
    }
    // A viewer applies what it gets, so fixes that are only for show stay out.
    let applicable = |fix: &&Fix| !fix.edits.is_empty() && fix.safety != Safety::DisplayOnly;
    if let Some(fix) = found.fix.as_ref().filter(applicable) {
        let fix = describe_fix(&found.primary.source, fix, wide);
        result.insert("fixes".to_owned(), json!([fix]));
    }
    result.insert("suppressions".to_owned(), suppressions);
    Value::Object(result)
}

fn location(label: &Label, wide: &mut Wide) -> Value {
    json!({ "physicalLocation": {
        "artifactLocation": { "uri": uri(label.source.name()) },
        "region": region(&label.source, label.span, wide),
    }})
}

fn describe_fix(source: &Source, fix: &Fix, wide: &mut Wide) -> Value {
    let replacements: Vec<Value> = fix
        .edits
        .iter()
        .map(|edit| {
            json!({
                "deletedRegion": region(source, edit.span, wide),
                "insertedContent": { "text": edit.replacement },
            })
        })
        .collect();
    json!({
        "description": { "text": fix.title },
        "artifactChanges": [{
            "artifactLocation": { "uri": uri(source.name()) },
            "replacements": replacements,
        }],
    })
}

fn region(source: &Source, span: Span, wide: &mut Wide) -> Value {
    let (start_line, start_column) = wide.position(source, span.start);
    let (end_line, end_column) = wide.position(source, span.end.max(span.start));
    json!({
        "startLine": start_line,
        "startColumn": start_column,
        "endLine": end_line,
        "endColumn": end_column,
    })
}

/// Where the characters are that have two UTF-16 code units, by the address of the text they are in.
///
/// Counted once for each text: counting from the line's beginning for each place would take forever
/// in a file of one huge line.
#[derive(Default)]
struct Wide(BTreeMap<*const u8, Vec<usize>>);

impl Wide {
    /// Line and column from 1, the column in UTF-16 code units.
    fn position(&mut self, source: &Source, offset: usize) -> (usize, usize) {
        let text = source.text();
        // A character outside the basic plane begins with a byte from 0xF0 on.
        let wide = self
            .0
            .entry(text.as_ptr())
            .or_insert_with(|| text.bytes().enumerate().filter(|(_, byte)| *byte >= 0xF0).map(|(at, _)| at).collect());
        let position = source.position(offset);
        let line = source.line_span(position.line).map_or(0, |line| line.start);
        // The column counts up to the character that `offset` is in, and so does this.
        let before = |offset: usize| wide.partition_point(|&at| at < offset);
        let units = before(text.floor_char_boundary(offset)) - before(line);
        (position.line, position.column + units)
    }
}

/// A file name as a URI reference: relative as it is, absolute with `file://`.
fn uri(name: &str) -> String {
    let name = if cfg!(windows) { name.replace('\\', "/") } else { name.to_owned() };
    let drive = matches!(name.as_bytes(), [letter, b':', b'/', ..] if letter.is_ascii_alphabetic());
    let mut uri = String::with_capacity(name.len());
    if drive {
        uri.push_str("file:///");
    } else if name.starts_with('/') {
        uri.push_str("file://");
    }
    for (at, byte) in name.bytes().enumerate() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                uri.push(char::from(byte));
            }
            b':' if drive && at == 1 => uri.push(':'),
            _ => uri.push_str(&format!("%{byte:02X}")),
        }
    }
    uri
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_uri_references() {
        for (name, expected) in [
            ("buildspec.yml", "buildspec.yml"),
            ("a b/ü#?.yml", "a%20b/%C3%BC%23%3F.yml"),
            ("a:b.yml", "a%3Ab.yml"),
            ("/srv/app/appspec.yml", "file:///srv/app/appspec.yml"),
            ("C:/app/appspec.yml", "file:///C:/app/appspec.yml"),
            ("\u{1b}[2J", "%1B%5B2J"),
        ] {
            assert_eq!(uri(name), expected);
        }
    }

    #[test]
    fn columns_count_utf16() {
        let source = Source::new("x", "a: 1\nü😀: b");
        let mut wide = Wide::default();
        for (offset, expected) in [(5, (2, 1)), (7, (2, 2)), (9, (2, 2)), (11, (2, 4)), (999, (2, 7)), (0, (1, 1))] {
            assert_eq!(wide.position(&source, offset), expected, "{offset}");
        }
        let other = Source::new("x", "😀\n😀b");
        assert_eq!(wide.position(&other, 9), (2, 3));
        assert_eq!(wide.position(&source, 11), (2, 4));
    }
}
