//! JSON: strictness against `serde_json`, recovery, spans.

use proptest::prelude::*;
use serde_json::{Value as Json, json};
use spec_report::{Schema, Style};

use super::{json as read, lines, spans, to_json};

fn accepts(text: &str) -> bool {
    read(text).1.iter().all(|found| found.rule.name() == "duplicate-key")
}

#[test]
fn spans_and_styles() {
    let (document, report) = read("{\"é\": [1.50, \"\\u00e9\\ud83d\\ude00\", null ], \"b\":{}}\r\n");
    assert!(report.is_empty());
    let found = spans(&document);
    let found: Vec<(&str, &str)> = found.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
    assert_eq!(
        found,
        [
            ("map", "{\"é\": [1.50, \"\\u00e9\\ud83d\\ude00\", null ], \"b\":{}}"),
            ("DoubleQuoted \"é\"", "\"é\""),
            ("seq", "[1.50, \"\\u00e9\\ud83d\\ude00\", null ]"),
            ("Plain \"1.50\"", "1.50"),
            ("DoubleQuoted \"é😀\"", "\"\\u00e9\\ud83d\\ude00\""),
            ("Plain \"null\"", "null"),
            ("DoubleQuoted \"b\"", "\"b\""),
            ("map", "{}"),
        ]
    );
}

/// Text, diagnostics, what was read nevertheless.
#[test]
fn slips_are_reported_and_read_on() {
    let table: &[(&str, &[&str], Json)] = &[
        ("[1,]", &["1:3 JSON allows no `,` behind the last value"], json!([1])),
        ("{\"a\": 1,\n}", &["1:8 JSON allows no `,` behind the last value"], json!({"a": 1})),
        ("[1 2]", &["1:3 a `,` is missing here"], json!([1, 2])),
        ("{\"a\": 1\n \"b\": 2}", &["1:8 a `,` is missing here"], json!({"a": 1, "b": 2})),
        (
            "[,1,,2]",
            &["1:2 a value is missing before this `,`", "1:5 a value is missing before this `,`"],
            json!([1, 2]),
        ),
        (
            "// c\n[1, /* d */ 2] # e",
            &["1:1 JSON has no comments", "2:5 JSON has no comments", "2:16 JSON has no comments"],
            json!([1, 2]),
        ),
        (
            "{a: 'it', \"b\" 2, \"c\" = 3}",
            &[
                "1:2 the key `a` needs double quotes",
                "1:5 JSON strings need double quotes",
                "1:14 a `:` is missing behind this key",
                "1:22 a key is followed by `:`, not by `=`",
            ],
            json!({"a": "it", "b": 2, "c": 3}),
        ),
        ("{\"a\"}", &["1:2 this key has no value"], json!({})),
        ("{\"a\":, \"b\": 1}", &["1:2 this key has no value"], json!({"b": 1})),
        (
            "[NaN, -Infinity, True, None, x]",
            &[
                "1:2 JSON has no `NaN`",
                "1:7 JSON has no `-Infinity`",
                "1:18 `True` is not JSON",
                "1:24 `None` is not JSON",
                "1:30 the text `x` needs double quotes",
            ],
            json!(["NaN", "-Infinity", "True", "None", "x"]),
        ),
        (
            "[01, +1, .5, 1., 0x1F, 1e, --1]",
            &[
                "1:2 `01` is not a JSON number",
                "1:6 `+1` is not a JSON number",
                "1:10 `.5` is not a JSON number",
                "1:14 `1.` is not a JSON number",
                "1:18 `0x1F` is not a JSON number",
                "1:24 `1e` is not a JSON number",
                "1:28 `--1` is not a JSON number",
            ],
            json!(["01", "+1", ".5", "1.", "0x1F", "1e", "--1"]),
        ),
        (
            "[\"a\tb\", \"c\\d\", \"\\ud800x\", \"\\udc00\", \"\\u12\"]",
            &[
                "1:4 the control character U+0009 must be escaped in a string",
                "1:11 `\\d` is no escape of JSON",
                "1:17 this is one half of a surrogate pair without the other",
                "1:28 this is one half of a surrogate pair without the other",
                "1:38 `\\u` needs four hexadecimal digits",
            ],
            json!(["a\tb", "c\\d", "\u{fffd}x", "\u{fffd}", "\u{fffd}12"]),
        ),
        ("[1}", &["1:3 `}` closes nothing here"], json!([1])),
        ("{\"a\": [1, 2", &["1:12 the file ends inside brackets"], json!({"a": [1, 2]})),
        ("[\"a\n\", 2]", &["1:4 a string is not closed on its line"], json!(["a"])),
        ("[1] 2", &["1:5 there is text behind the end of the JSON value"], json!([1])),
        ("[“a”]", &["1:2 `“` is not a quote of JSON; use `\"`"], json!([])),
        ("[1;2]", &["1:3 values are separated by `,`, not by `;`"], json!([1, 2])),
        ("[\u{a0}1]", &["1:2 U+00A0 does not count as white space in JSON"], json!([1])),
        ("", &["1:1 the file is empty; JSON needs a value"], json!(null)),
        (" \n", &["2:1 the file is empty; JSON needs a value"], json!(null)),
        ("@", &["1:1 `@` cannot begin a JSON value"], json!(null)),
    ];
    for (text, expected, value) in table {
        let (document, report) = read(text);
        let found: Vec<String> = lines(&report).into_iter().map(|line| line.replacen(" syntax ", " ", 1)).collect();
        assert_eq!(&found, expected, "{text:?}");
        assert_eq!(&to_json(&document, Schema::Json), value, "{text:?}");
    }
}

#[test]
fn duplicate_keys() {
    let (document, report) = read("{\"a\": 1, \"\\u0061\": 2}");
    assert_eq!(lines(&report), ["1:10 duplicate-key the key `a` is written twice in this mapping"]);
    assert_eq!(to_json(&document, Schema::Json), json!({"a": 2}));
}

#[test]
fn numbers_keep_their_text() {
    let (document, report) = read("[1.50, 1e400, 123456789012345678901234567890, -0]");
    assert!(report.is_empty());
    let items = document.root().unwrap().as_seq().unwrap();
    let texts: Vec<&str> = items.iter().filter_map(|item| item.as_str()).collect();
    assert_eq!(texts, ["1.50", "1e400", "123456789012345678901234567890", "-0"]);
    assert!(items.iter().all(|item| item.as_scalar().unwrap().style == Style::Plain));
}

fn any_json() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
        any::<i64>().prop_map(Json::from),
        any::<u64>().prop_map(Json::from),
        any::<f64>().prop_map(Json::from),
        any::<String>().prop_map(Json::from),
    ];
    leaf.prop_recursive(5, 64, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Json::from),
            prop::collection::btree_map(any::<String>(), inner, 0..6)
                .prop_map(|map| Json::Object(map.into_iter().collect())),
        ]
    })
}

/// Floats pass through text here and through a sum of digits in the oracle: compare them loosely.
fn same(a: &Json, b: &Json) -> bool {
    match (a, b) {
        (Json::Array(a), Json::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (Json::Object(a), Json::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(key, value)| b.get(key).is_some_and(|other| same(value, other)))
        }
        (Json::Number(a), Json::Number(b)) => {
            a == b || matches!((a.as_f64(), b.as_f64()), (Some(a), Some(b)) if (a - b).abs() <= a.abs() * 1e-12)
        }
        _ => a == b,
    }
}

proptest! {
    #[test]
    fn what_serde_json_writes_is_read_alike(value in any_json(), pretty in any::<bool>()) {
        let text = if pretty { serde_json::to_string_pretty(&value) } else { serde_json::to_string(&value) }.unwrap();
        let (document, report) = read(&text);
        prop_assert!(report.is_empty(), "{:?}", lines(&report));
        let found = to_json(&document, Schema::Json);
        prop_assert!(same(&found, &value), "{found} {value}");
    }

    /// Fragments of JSON in any order: mostly wrong, often nearly right.
    #[test]
    fn accepted_is_what_serde_json_accepts(
        parts in prop::collection::vec(prop::sample::select(vec![
            "{", "}", "[", "]", ",", ":", "\"a\"", "\"b\\n\"", "\"\\u00e9\"", "\"\\ud83d\\ude00\"", "\"\\ud83d\"", "\"", "\\",
            "1", "-1", "0", "01", "1.5", "1e5", "1E+5", "-", ".", "e", "+", "true", "false", "null", "nul", " ", "\n", "\t", "é", "/", "//", "'", "\"\t\"",
        ]), 0..12),
    ) {
        let text = parts.concat();
        // Numbers beyond 64-bit floats are grammatical here, and an error of range there.
        match serde_json::from_str::<Json>(&text) {
            Ok(value) => {
                prop_assert!(accepts(&text), "refused {:?}: {:?}", text, lines(&read(&text).1));
                prop_assert!(same(&to_json(&read(&text).0, Schema::Json), &value));
            }
            Err(error) => prop_assert!(!accepts(&text) || error.to_string().contains("out of range"), "accepted {text:?}: {error}"),
        }
    }

    #[test]
    fn one_changed_byte(value in any_json(), at in any::<prop::sample::Index>(), byte in any::<char>()) {
        let mut text: Vec<char> = serde_json::to_string(&value).unwrap().chars().collect();
        let at = at.index(text.len());
        text[at] = byte;
        let text: String = text.into_iter().collect();
        let error = serde_json::from_str::<Json>(&text).err().map(|error| error.to_string());
        if error.as_deref().is_none_or(|error| !error.contains("out of range")) {
            prop_assert_eq!(accepts(&text), error.is_none(), "{:?} {:?}", text, error);
        }
    }
}
