//! Renderers: snapshots of one report in every form, and what hostile input must not do.

use proptest::prelude::*;
use serde_json::Value;
use spec_report::{Diagnostic, Edit, Fix, Levels, Report, Safety, Severity, Source, Span, render};

use crate::rules::{BAD_WORD, DUPLICATE_KEY, REMARK, UNKNOWN_KEY, check, check_with};

fn find(source: &Source, what: &str) -> Span {
    let start = source.text().find(what).unwrap();
    Span::new(start, start + what.len())
}

fn edit(span: Span, replacement: &str) -> Edit {
    Edit { span, replacement: replacement.to_owned() }
}

fn fix(title: &str, safety: Safety, edits: Vec<Edit>) -> Fix {
    Fix { title: title.to_owned(), edits, safety }
}

/// One of everything.
pub(crate) fn sample() -> Report {
    let spec = Source::new(
        "app/buildspec.yml",
        "version: 0.2\nenv:\n  variables:\n    NAME: ü😀 bad\nphases:\n  build:\n    comands:\n      - make\nversion: 0.2\n",
    );
    let other = Source::new("pipeline.yml", "stages:\n\t- nothing\n");
    let mut report = Report::new();
    let second = spec.text().rfind("version").unwrap();
    report.push(
        Diagnostic::new(&DUPLICATE_KEY, &spec, Span::new(second, second + 7), "the key `version` is written twice")
            .with_label(&spec, Span::new(0, 7), "first written here")
            .with_help("keep one of them")
            .with_fix(fix("remove the second `version`", Safety::Safe, vec![edit(Span::new(second, second + 13), "")])),
    );
    report.push(
        Diagnostic::new(&UNKNOWN_KEY, &spec, find(&spec, "comands"), "`comands` has no meaning in a phase")
            .with_label(&other, find(&other, "nothing"), "used here")
            .with_help("did you mean `commands`?")
            .with_fix(fix("write `commands`", Safety::Unsafe, vec![edit(find(&spec, "comands"), "commands")])),
    );
    report.push(
        Diagnostic::new(&BAD_WORD, &spec, find(&spec, "bad"), "`bad` is a bad word")
            .with_severity(Severity::Error)
            .with_fix(fix(
                "quote it and say so above",
                Safety::DisplayOnly,
                vec![
                    edit(find(&spec, "  variables:"), "  # quoted\n  variables:"),
                    edit(find(&spec, "bad"), "\"bad\""),
                ],
            )),
    );
    report.push(Diagnostic::new(&REMARK, &other, Span::new(0, other.len()), "the whole file"));
    report.push(Diagnostic::new(&REMARK, &Source::new("zz/empty.yml", ""), Span::at(0), "the file is empty"));
    report
}

#[test]
fn concise() {
    insta::assert_snapshot!(render::concise(&sample()));
    assert_eq!(render::concise(&Report::new()), "");
}

#[test]
fn github() {
    insta::assert_snapshot!(render::github(&sample()));
    let source = Source::new("a,b:c%\r\n.yml", "x\ny\n");
    let report: Report = [Diagnostic::new(&BAD_WORD, &source, Span::new(0, 3), "100%:\r\n::error::x").with_help("a,b")]
        .into_iter()
        .collect();
    assert_eq!(
        render::github(&report),
        "::warning file=a%2Cb%3Ac%25 .yml,line=1,endLine=2,title=demo/bad-word::100%25:%0A::error::x%0Aa,b\n"
    );
}

#[test]
fn json() {
    let json = render::json(&sample());
    insta::assert_snapshot!(json);
    let parsed: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(parsed, serde_json::to_value(sample()).unwrap());
    for object in parsed.as_array().unwrap() {
        let keys: Vec<&str> = object.as_object().unwrap().keys().map(String::as_str).collect();
        for key in ["rule", "severity", "message", "file", "start", "end", "labels", "help", "service", "docs", "fix"] {
            assert!(keys.contains(&key), "{key} in {keys:?}");
        }
    }
    assert_eq!(render::json(&Report::new()), "[]\n");
}

#[test]
fn sarif() {
    let log: Value = serde_json::from_str(&render::sarif(&sample(), "demo", "1.2.3")).unwrap();
    insta::assert_snapshot!(format!("{:#}", sorted(log)));
}

/// With keys in order, whether or not another crate switched on `serde_json/preserve_order`.
fn sorted(value: Value) -> Value {
    match value {
        Value::Array(items) => items.into_iter().map(sorted).collect(),
        Value::Object(map) => {
            let map: std::collections::BTreeMap<String, Value> = map.into_iter().collect();
            map.into_iter().map(|(key, value)| (key, sorted(value))).collect()
        }
        other => other,
    }
}

#[test]
fn summary() {
    assert_eq!(render::summary(&Report::new()), "no findings");
    assert_eq!(render::summary(&sample()), "2 errors, 1 warning, 2 infos");
    let report = check("x.yml", "a: bad # demo: allow(bad-word)\nb: note\n");
    assert_eq!(render::summary(&report), "1 info, 1 suppressed");
}

/// The fields that SARIF 2.1.0 requires, and those that code scanning needs, by the specification.
fn assert_sarif(log: &Value) {
    let text = |value: &Value| value.as_str().map(str::to_owned).unwrap();
    assert_eq!(log["version"], "2.1.0");
    for run in log["runs"].as_array().unwrap() {
        assert!(matches!(text(&run["columnKind"]).as_str(), "utf16CodeUnits" | "unicodeCodePoints"));
        let driver = &run["tool"]["driver"];
        assert!(!text(&driver["name"]).is_empty());
        let rules = driver["rules"].as_array().unwrap();
        let ids: Vec<String> = rules.iter().map(|rule| text(&rule["id"])).collect();
        assert!(ids.is_sorted() && ids.windows(2).all(|pair| pair[0] != pair[1]), "{ids:?}");
        for rule in rules {
            assert!(!text(&rule["shortDescription"]["text"]).is_empty());
            assert!(!text(&rule["help"]["text"]).is_empty());
            assert!(matches!(text(&rule["defaultConfiguration"]["level"]).as_str(), "error" | "warning" | "note"));
        }
        for result in run["results"].as_array().unwrap() {
            let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
            assert_eq!(ids[index], text(&result["ruleId"]));
            assert!(matches!(text(&result["level"]).as_str(), "error" | "warning" | "note"));
            assert!(!text(&result["message"]["text"]).is_empty());
            assert!(result["suppressions"].is_array());
            assert_eq!(result["locations"].as_array().unwrap().len(), 1);
            let related = result["relatedLocations"].as_array().cloned().unwrap_or_default();
            for location in related.iter().chain(result["locations"].as_array().unwrap()) {
                let place = &location["physicalLocation"];
                assert_uri(&text(&place["artifactLocation"]["uri"]));
                assert_region(&place["region"]);
            }
            assert!(related.iter().all(|location| location["id"].is_u64() && location["message"]["text"].is_string()));
            for fix in result["fixes"].as_array().into_iter().flatten() {
                assert!(fix["description"]["text"].is_string());
                for change in fix["artifactChanges"].as_array().unwrap() {
                    assert_uri(&text(&change["artifactLocation"]["uri"]));
                    let replacements = change["replacements"].as_array().unwrap();
                    assert!(!replacements.is_empty());
                    for replacement in replacements {
                        assert_region(&replacement["deletedRegion"]);
                        assert!(replacement["insertedContent"]["text"].is_string());
                    }
                }
            }
        }
    }
}

fn assert_uri(uri: &str) {
    assert!(uri.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~/%:".contains(&b)), "{uri}");
    assert!(!uri.contains(':') || uri.starts_with("file:///"), "{uri}");
}

fn assert_region(region: &Value) {
    let number = |key: &str| region[key].as_u64().unwrap();
    let start = (number("startLine"), number("startColumn"));
    let end = (number("endLine"), number("endColumn"));
    assert!(start.0 >= 1 && start.1 >= 1 && start <= end, "{region}");
}

#[test]
fn sarif_has_what_the_specification_requires() {
    let suppressed = check_with("x.yml", "a: bad # demo: allow(bad-word)\nb: bad\n", Levels::default());
    for report in [sample(), Report::new(), suppressed.clone()] {
        assert_sarif(&serde_json::from_str(&render::sarif(&report, "demo", "1.0")).unwrap());
    }
    let log: Value = serde_json::from_str(&render::sarif(&suppressed, "demo", "1.0")).unwrap();
    let results = log["runs"][0]["results"].as_array().unwrap();
    assert_eq!(results[0]["suppressions"], serde_json::json!([]));
    assert_eq!(results[1]["suppressions"], serde_json::json!([{ "kind": "inSource" }]));
    // `ü😀 bad`: the pointer counts the emoji as two.
    let log: Value = serde_json::from_str(&render::sarif(&sample(), "demo", "1.0")).unwrap();
    assert_eq!(log["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["region"]["startColumn"], 15);
}

#[test]
fn a_message_of_a_megabyte_is_cut_for_people() {
    let source = Source::new("x", "a");
    let long = "é".repeat(1_000_000);
    let found = Diagnostic::new(&BAD_WORD, &source, Span::at(0), long.clone())
        .with_label(&source, Span::at(1), long.clone())
        .with_help(long.clone())
        .with_fix(fix(&long, Safety::Safe, vec![edit(Span::at(0), &long)]));
    let report: Report = [found].into_iter().collect();
    assert!(render::concise(&report).len() < 5_000);
    assert!(render::github(&report).len() < 10_000);
    #[cfg(feature = "render")]
    assert!(render::text(&report).len() < 40_000);
    assert!(render::json(&report).contains(&long));
}

fn is_harmless(c: char) -> bool {
    c == '\n'
        || !(c.is_control()
            || matches!(c, '\u{200e}' | '\u{200f}' | '\u{61c}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}'))
}

fn all_renderings(report: &Report) -> Vec<String> {
    vec![
        render::concise(report),
        render::github(report),
        render::json(report),
        render::sarif(report, "demo", "1"),
        render::summary(report),
        #[cfg(feature = "render")]
        render::text(report),
        #[cfg(feature = "render")]
        render::text_with(report, &render::TextOptions::default().with_width(20)),
    ]
}

proptest! {
    #[test]
    fn nothing_reaches_a_terminal_raw(
        name in "[a\\x00-\\x1f\\x7f-\u{9f}\u{202e}%:,]{0,6}",
        text in "[ab \\n\\r\\t\\x00-\\x1f\\x7f-\u{9f}\u{2066}é😀]{0,40}",
        message in "[a1:\\n\\r\\t\\x1b\u{9b}\u{202e}\u{ffff}]{0,8}",
        start in 0usize..60, len in 0usize..30, other in 0usize..60,
        edits in prop::collection::vec((0usize..50, 0usize..6, "[X\\n\\x1b]{0,3}"), 0..3),
    ) {
        let source = Source::new(name, text);
        let edits = edits.into_iter().map(|(at, len, text)| edit(Span::new(at, at + len), &text)).collect();
        let span = Span::new(start, start + len);
        let report: Report = [
            Diagnostic::new(&BAD_WORD, &source, span, message.clone())
                .with_label(&source, Span::at(other), message.clone())
                .with_help(message.clone())
                .with_fix(fix(&message, Safety::Safe, edits)),
        ].into_iter().collect();
        for rendering in all_renderings(&report) {
            prop_assert!(rendering.chars().all(is_harmless), "{rendering:?}");
        }
        prop_assert_eq!(render::concise(&report).lines().count(), 1);
        prop_assert_eq!(render::github(&report).lines().count(), 1);
        let json: Value = serde_json::from_str(&render::json(&report)).unwrap();
        prop_assert_eq!(&json[0]["message"], &Value::from(message));
        assert_sarif_soundly(&report);
    }
}

fn assert_sarif_soundly(report: &Report) {
    let log: Value = serde_json::from_str(&render::sarif(report, "demo", "1")).unwrap();
    let region = &log["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["region"];
    assert_region(region);
}

#[cfg(feature = "render")]
mod text {
    use spec_report::render::{Color, TextOptions, text, text_with};

    use super::*;

    #[test]
    fn everything() {
        insta::assert_snapshot!(text(&sample()));
        assert_eq!(text(&Report::new()), "");
    }

    #[test]
    fn colours_are_a_choice() {
        assert!(!text(&sample()).contains('\u{1b}'));
        let colored = text_with(&sample(), &TextOptions::default().with_color(Color::Always));
        assert!(colored.contains("\u{1b}["));
    }

    fn one(source: &Source, span: Span) -> Report {
        [Diagnostic::new(&BAD_WORD, source, span, "here")].into_iter().collect()
    }

    #[test]
    fn long_lines_are_cut_around_the_pointer() {
        let line = format!("{}é\tbad\u{1b}[31m{}", "x".repeat(5_000_000), "y".repeat(5_000_000));
        let source = Source::new("long.json", line);
        let span = find(&source, "bad");
        let shown = text_with(&one(&source, span), &TextOptions::default().with_width(60));
        insta::assert_snapshot!(shown);
        assert!(shown.len() < 2_000);
    }

    #[test]
    fn a_name_cannot_forge_a_place() {
        let source = Source::new("a\u{ffff}0\u{ffff}:9:9", "bad\u{ffff}0\u{ffff}");
        let shown = text(&one(&source, Span::new(0, 3)));
        assert!(shown.contains("--> a\u{fffd}0\u{fffd}:9:9:1:1\n"), "{shown}");
        assert!(shown.contains("| bad\u{fffd}0\u{fffd}\n"), "{shown}");
    }

    #[test]
    fn a_pointer_may_be_longer_than_the_line_that_is_shown() {
        let source = Source::new("long.json", "x".repeat(1_000_000));
        for (start, end) in [(0, 1_000_000), (999_999, 1_000_000), (1_000_000, 1_000_000), (500, 900_000)] {
            let shown = text(&one(&source, Span::new(start, end)));
            assert!(shown.len() < 2_000 && shown.contains('^'), "{shown}");
        }
    }

    #[test]
    fn tall_spans_are_shown_by_their_first_line() {
        let source = Source::new("tall.yml", format!("a:\n{}", "  - item\n".repeat(100_000)));
        let shown = text(&one(&source, Span::new(0, source.len())));
        insta::assert_snapshot!(shown);
    }

    #[test]
    fn distant_labels_have_excerpts_of_their_own() {
        let source = Source::new("far.yml", format!("first: 1\n{}last: 2\n", "- x\n".repeat(1000)));
        let report: Report = [Diagnostic::new(&DUPLICATE_KEY, &source, find(&source, "last"), "apart").with_label(
            &source,
            find(&source, "first"),
            "from here",
        )]
        .into_iter()
        .collect();
        insta::assert_snapshot!(text(&report));
    }

    #[test]
    fn many_labels_are_counted() {
        let source = Source::new("many.yml", "- x\n".repeat(1000));
        let mut found = Diagnostic::new(&BAD_WORD, &source, Span::new(0, 1), "many");
        for line in 0..1000 {
            found.add_label(&source, Span::new(line * 4, line * 4 + 1), "again");
        }
        let shown = text(&[found].into_iter().collect());
        assert!(shown.contains("and 988 other places"), "{shown}");
        assert!(shown.len() < 4_000);
    }

    #[test]
    fn a_large_file_with_many_findings_is_rendered_in_time() {
        let source = Source::new("large.yml", "key: bad\n".repeat(200_000));
        let report: Report = (0..2_000)
            .map(|line| Diagnostic::new(&BAD_WORD, &source, Span::new(line * 900 + 5, line * 900 + 8), "x"))
            .collect();
        assert!(text(&report).ends_with("2000 warnings\n"));
    }
}
