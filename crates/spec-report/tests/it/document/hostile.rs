//! Hostile documents: bounds are checked by counting nodes, not seconds.

use spec_report::{Document, Limits, Node, Report, Schema, Source, Value, read_json, read_yaml};

use super::{lines, to_json};
use crate::rules::STRUCTURE;

/// Nodes and depth of a document with its aliases followed; stops counting far beyond any limit.
pub(super) fn expanded(document: &Document) -> (usize, usize) {
    fn walk(node: &Node, depth: usize, out: &mut (usize, usize)) {
        out.0 += 1;
        assert!(out.0 < 10_000_000, "the walk does not end");
        let inner = match &node.value {
            Value::Seq(_) | Value::Map(_) => depth + 1,
            _ => depth,
        };
        out.1 = out.1.max(inner);
        match &node.value {
            Value::Seq(items) => items.iter().for_each(|item| walk(item, inner, out)),
            Value::Map(entries) => entries.iter().for_each(|entry| {
                walk(&entry.key, inner, out);
                walk(&entry.value, inner, out);
            }),
            Value::Alias(alias) => alias.target.iter().for_each(|target| walk(target, depth, out)),
            Value::Scalar(_) => {}
        }
    }
    let mut out = (0, 0);
    document.root().iter().for_each(|root| walk(root, 0, &mut out));
    out
}

fn within(text: &str, limits: &Limits) -> (Document, Report) {
    let (document, report) = read_yaml(Source::new("t.yml", text), limits, &STRUCTURE);
    let (nodes, depth) = expanded(&document);
    assert!(nodes <= limits.expanded_nodes, "{nodes} nodes");
    assert!(depth <= limits.depth, "{depth} deep");
    (document, report)
}

fn has_limit(report: &Report) -> bool {
    report.iter().any(|found| found.rule.name() == "limit")
}

#[test]
fn a_billion_laughs_end() {
    for (levels, width) in [(9, 9), (30, 2), (3, 1000)] {
        let mut text = "a0: &a0 [lol]\n".to_owned();
        for level in 1..=levels {
            let aliases = vec![format!("*a{}", level - 1); width].join(", ");
            text += &format!("a{level}: &a{level} [{aliases}]\n");
        }
        let (document, report) = within(&text, &Limits::default());
        assert!(has_limit(&report));
        assert!(document.root().unwrap().get("a1").unwrap().as_seq().is_some());
        for schema in [Schema::Yaml11, Schema::Yaml12] {
            assert!(to_json(&document, schema).is_object());
        }
    }
}

#[test]
fn merge_laughs_end() {
    let mut text = "a0: &a0 {k: 1}\n".to_owned();
    for level in 1..=40 {
        let before = level - 1;
        text += &format!("a{level}: &a{level} {{k{level}: 1, <<: [*a{before}, *a{before}]}}\n");
    }
    let (document, report) = within(&text, &Limits::default());
    assert!(has_limit(&report));
    assert!(to_json(&document, Schema::Yaml11).is_object());
}

#[test]
fn chains_of_aliases_do_not_outrun_the_depth() {
    let mut text = "a0: &a0 [x]\n".to_owned();
    for level in 1..=5000 {
        text += &format!("a{level}: &a{level} [*a{}]\n", level - 1);
    }
    let (document, report) = within(&text, &Limits::default());
    assert!(has_limit(&report));
    assert!(to_json(&document, Schema::Yaml12).is_object());
    drop(document);
}

#[test]
fn nested_anchors_are_not_copied_without_bound() {
    let depth = 90;
    let mut text = String::new();
    for level in 0..depth {
        text += &format!("[&a{level} ");
    }
    text += &format!("[{}]", vec!["x"; 20_000].join(","));
    text += &"]".repeat(depth);
    let aliases: Vec<String> = (0..depth).map(|level| format!("*a{level}")).collect();
    let text = format!("x: {text}\ny: [{}]\n", aliases.join(", "));
    let limits = Limits::default().with_expanded_nodes(100_000);
    let (_, report) = within(&text, &limits);
    assert!(has_limit(&report));
}

#[test]
fn deep_nesting_stops() {
    let limits = Limits::default();
    let texts = [
        "[".repeat(100_000),
        "{a: ".repeat(100_000),
        "- ".repeat(100_000),
        "? ".repeat(100_000),
        "&a [".repeat(50_000),
        "!t [".repeat(50_000),
        (0..2000).map(|level| format!("{}a:\n", " ".repeat(level))).collect(),
        "[{a: ".repeat(50_000),
    ];
    for text in texts {
        let (document, report) = within(&text, &limits);
        let start: String = text.chars().take(8).collect();
        assert!(!report.is_empty(), "{start}");
        assert!(has_limit(&report), "{start} {:?}", lines(&report));
        drop(to_json(&document, Schema::Yaml11));
    }
    let fits = format!("{}x{}", "[".repeat(100), "]".repeat(100));
    assert!(within(&fits, &limits).1.is_empty());
    let over = format!("{}x{}", "[".repeat(101), "]".repeat(101));
    assert!(has_limit(&within(&over, &limits).1));
}

#[test]
fn no_limit_is_beyond_the_stack() {
    let limits = Limits::default().with_depth(usize::MAX);
    let text = format!("{}{}", "[".repeat(Limits::MAX_DEPTH), "]".repeat(Limits::MAX_DEPTH));
    let (document, report) = within(&text, &limits);
    assert!(report.is_empty(), "{:?}", lines(&report));
    assert!(to_json(&document, Schema::Json).is_array());
    let text = format!("[{text}]");
    assert!(has_limit(&within(&text, &limits.with_depth(10_000)).1));
    let (document, report) = read_json(Source::new("t.json", "[".repeat(1_000_000)), &limits, &STRUCTURE);
    assert!(has_limit(&report));
    assert_eq!(expanded(&document).1, Limits::MAX_DEPTH);
}

#[test]
fn sizes_are_bounded() {
    let limits = Limits::default().with_bytes(1000).with_nodes(50);
    let (document, report) = within(&"a".repeat(1001), &limits);
    assert!(document.root().is_none() && has_limit(&report));
    assert!(!document.is_complete());
    let (document, report) = within(&"- x\n".repeat(60), &limits);
    assert!(has_limit(&report));
    assert_eq!(expanded(&document).0, 50);
    let (document, report) = read_json(Source::new("t.json", format!("[{}1]", "1,".repeat(60))), &limits, &STRUCTURE);
    assert!(has_limit(&report));
    assert_eq!(expanded(&document).0, 50);
}

#[test]
fn one_huge_line_is_read() {
    let limits = Limits::default().with_bytes(20 << 20);
    let long = "é".repeat(5 << 20);
    for text in [long.clone(), format!("a: '{long}'"), format!("[{long}]"), format!("# {long}\na: 1")] {
        let (document, report) = within(&text, &limits);
        assert!(report.is_empty(), "{:?}", lines(&report));
        let end = document.root().unwrap().span.end;
        assert!(document.source().position(end).column > 4);
    }
    let (_, report) = within(&format!("{long}: 1"), &limits);
    assert!(!report.is_empty(), "a key may have 1024 characters");
    let (document, report) = read_json(Source::new("t.json", format!("\"{long}\"")), &limits, &STRUCTURE);
    assert!(report.is_empty());
    assert_eq!(document.root().unwrap().as_str().unwrap().len(), long.len());
}

#[test]
fn many_problems_are_not_all_listed() {
    let text = "a: 1\n".repeat(100_000);
    let (_, report) = within(&text, &Limits::default());
    assert_eq!(report.len(), 501);
    assert!(report.iter().any(|found| found.message.starts_with("more than 500 problems")));
    let (_, report) = read_json(Source::new("t.json", "[,".repeat(100_000)), &Limits::default(), &STRUCTURE);
    assert!(report.len() <= 501);
    let quotes = "a: \"\n".repeat(50_000);
    assert!(within(&quotes, &Limits::default()).1.len() <= 501);
}
