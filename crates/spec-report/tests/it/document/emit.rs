//! Writing YAML and JSON strings.

use proptest::prelude::*;
use spec_report::emit::{Map, Value, json_string, quote_if_needed, yaml as emit};
use spec_report::{Limits, Schema, Source, Typed, read_yaml};

use super::{clean, exercise};
use crate::rules::STRUCTURE;

#[test]
fn what_is_quoted() {
    let plain = [
        "a",
        "make test",
        "docker push $REPO:$TAG",
        "echo 'x' && y",
        "http://x/y?z#w",
        "a:b",
        "é",
        "--flag",
        "-x",
        "$(cmd)",
        "/bin/sh",
        "node18.x",
        "us-east-1",
        "v1.2",
        "a - b",
        "a#b",
        "x=y",
        "10.5a",
        "(a)",
        ".git",
        "_",
        "1a",
        "yesterday",
        "nginx:1.27",
        "~x",
    ];
    for text in plain {
        assert_eq!(quote_if_needed(text), text);
    }
    let quoted = [
        "",
        " ",
        " a",
        "a ",
        "no",
        "Yes",
        "yEs",
        "ON",
        "off",
        "y",
        "N",
        "true",
        "FALSE",
        "~",
        "null",
        "Null",
        "1",
        "-1",
        "+1",
        "1.5",
        "1e3",
        "012",
        "08",
        "0o17",
        "0x1f",
        "0b1",
        "1_000",
        "1,000",
        "1:30",
        "1:30:00",
        ".5",
        ".inf",
        "-.INF",
        ".nan",
        "1.2.3",
        "2001-01-01",
        "2001-1-1",
        "2001-01-01T00:00:00Z",
        "a: b",
        "a:",
        "a #b",
        "#a",
        "@a",
        "`a",
        "!a",
        "&a",
        "*a",
        "%a",
        "|",
        ">",
        "'a",
        "\"a",
        "[a",
        "{a",
        "a, b",
        "a]",
        "- a",
        "-",
        "---",
        "--- a",
        "...",
        "? a",
        ":a",
        "=",
        "<<",
        "<<<<<<< x",
        "a\nb",
        "a\tb",
        "a\rb",
        "\u{1b}",
        "\u{85}",
        "\u{2028}",
        "\u{feff}",
        "\u{fffe}",
        "\u{7f}",
        "123456789012",
        "1.",
        "+.inf",
        "0X1F",
    ];
    for text in quoted {
        let written = quote_if_needed(text);
        assert!(written.starts_with(['"', '\'']), "{text:?} is written {written}");
    }
    assert_eq!(quote_if_needed("\"a\\b\" it's"), "'\"a\\b\" it''s'");
    assert_eq!(quote_if_needed("it's: x"), "\"it's: x\"");
    assert_eq!(json_string("a\"\\\n\t\u{1}\u{85}\u{2028}é\u{1F600}"), r#""a\"\\\n\t\u0001\u0085\u2028é😀""#);
}

#[test]
fn layout() {
    let value = Map::new()
        .with("version", Value::plain("0.2"))
        .with("empty", Map::new())
        .with("none", Value::Seq(vec![]))
        .with("null", Value::Null)
        .with_comment(
            "two\nlines\n\nmore",
            "list",
            vec![
                Value::from("a"),
                Value::Seq(vec!["b".into(), "c".into()]),
                Map::new().with("d", 1).with("e", true).into(),
            ],
        )
        .with("text", "one\n  two\n\nthree\n")
        .with("kept", "a\nb\n\n\n")
        .with("cut", vec!["a\nb"])
        .with("not a block", "a \nb")
        .with("float", 1e100)
        .with("whole", 1.0)
        .with("ref", Value::tagged("!Ref", "Name"))
        .with("sub", Value::tagged("!If", vec![Value::from("x"), Value::tagged("!GetAtt", Map::new().with("k", "v"))]))
        .with("some", Some("x"))
        .with_some("left out", None::<&str>)
        .with("bad plain", Value::plain("a: b"));
    let expected = "\
version: 0.2
empty: {}
none: []
\"null\": null
# two
# lines
#
# more
list:
  - a
  - - b
    - c
  - d: 1
    e: true
text: |
  one
    two

  three
kept: |+
  a
  b


cut:
  - |-
    a
    b
not a block: \"a \\nb\"
float: 1.0e+100
whole: 1.0
ref: !Ref Name
sub: !If
  - x
  - !GetAtt
    k: v
some: x
bad plain: \"a: b\"
";
    assert_eq!(emit(&value.clone().into()), expected);
    let document = clean(expected);
    assert_eq!(document.root().unwrap().get("kept").unwrap().as_str(), Some("a\nb\n\n\n"));
    assert_eq!(value.get("some"), Some(&Value::from("x")));
    assert_eq!(emit(&Value::from("a\nb\n")), "|\n  a\n  b\n");
    assert_eq!(emit(&Value::Null), "null\n");
    assert_eq!(
        emit(&Value::from(serde_json::json!({"a": [u64::MAX, 1, -0.5, null, {}]}))),
        "a:\n  - 18446744073709551615\n  - 1\n  - -0.5\n  - null\n  - {}\n"
    );
}

#[test]
fn a_long_key_is_written_explicitly() {
    let key = "k".repeat(3000);
    let text = emit(&Map::new().with(key.clone(), Map::new().with(key.clone() + "\n", vec!["v"])).into());
    let document = clean(&text);
    let inner = document.root().unwrap().get(&key).unwrap().get(&(key.clone() + "\n"));
    assert_eq!(inner.unwrap().as_seq().unwrap()[0].as_str(), Some("v"));
}

/// Texts that are likely to be misread.
pub(super) fn tricky() -> impl Strategy<Value = String> {
    let part = prop::sample::select(vec![
        "a",
        "b",
        " ",
        "  ",
        ":",
        ": ",
        " #",
        "#",
        "-",
        "- ",
        "\n",
        "\n\n",
        "\n ",
        "\t",
        "'",
        "\"",
        "\\",
        "\r",
        "\r\n",
        "{",
        "}",
        "[",
        "]",
        ",",
        "&",
        "*",
        "!",
        "|",
        ">",
        "%",
        "@",
        "`",
        "?",
        "? ",
        "=",
        "<<",
        "~",
        "no",
        "yes",
        "null",
        "true",
        "1",
        "0",
        "12",
        ".",
        "e",
        "x",
        "_",
        "0x",
        "0o",
        "1:30",
        ".inf",
        "2001-01-01",
        "T",
        "Z",
        "---",
        "...",
        "\u{85}",
        "\u{2028}",
        "\u{feff}",
        "\u{7f}",
        "\u{0}",
        "é",
        "\u{1F600}",
        "\u{ffff}",
    ]);
    prop_oneof![
        3 => prop::collection::vec(part, 0..7).prop_map(|parts| parts.concat()),
        1 => any::<String>(),
    ]
}

pub(super) fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        1 => Just(Value::Null),
        1 => any::<bool>().prop_map(Value::from),
        1 => any::<i64>().prop_map(Value::from),
        1 => any::<f64>().prop_filter("equal to itself", |float| !float.is_nan()).prop_map(Value::from),
        4 => tricky().prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 40, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::Seq),
            prop::collection::btree_map(tricky(), inner.clone(), 0..5)
                .prop_map(|map| Value::Map(map.into_iter().collect())),
            // What a tag makes of other scalars is text.
            prop::collection::vec(inner, 0..3).prop_map(|items| Value::tagged("!Tag", Value::Seq(items))),
            tricky().prop_map(|text| Value::tagged("!Tag", text)),
        ]
    })
}

proptest! {
    #[test]
    fn every_reader_takes_quoted_text_for_the_same_string(text in tricky()) {
        let written = quote_if_needed(&text);
        for (file, flow) in [(format!("- {written}\n"), false), (format!("[{written}, {written}]\n"), true), (format!("{written}: x\n"), false), (format!("{{{written}: x}}"), true)] {
            let document = clean(&file);
            let root = document.root().unwrap();
            let node = root.as_seq().map_or_else(|| &root.as_map().unwrap()[0].key, |items| &items[0]);
            prop_assert_eq!(node.as_str(), Some(text.as_str()), "{} {}", file, flow);
            for schema in [Schema::Yaml11, Schema::Yaml12, Schema::Json] {
                prop_assert_eq!(node.typed(schema), Typed::Str(&text));
            }
        }
        prop_assert_eq!(serde_json::from_str::<String>(&json_string(&text)).unwrap(), text);
    }

    #[test]
    fn what_is_written_is_read(value in any_value()) {
        let text = emit(&value);
        let document = clean(&text);
        for schema in [Schema::Yaml11, Schema::Yaml12] {
            let back = Value::from_node(document.root().unwrap(), schema);
            prop_assert_eq!(&back, &value, "{}", text);
        }
    }
}

/// A number that no float can hold stays what it is.
#[test]
fn numbers_beyond_floats() {
    for (text, schema, expected) in [
        ("2e444", Schema::Json, Value::Str("2e444".to_owned())),
        ("-2e444", Schema::Yaml12, Value::Str("-2e444".to_owned())),
        (".inf", Schema::Yaml12, Value::Float(f64::INFINITY)),
    ] {
        let document = read_yaml(Source::new("a.yaml", text), &Limits::default(), &STRUCTURE).0;
        let value = Value::from_node(document.root().unwrap(), schema);
        assert_eq!(value, expected, "{text}");
        exercise::yaml(text.as_bytes(), &STRUCTURE);
        exercise::json(text.as_bytes(), &STRUCTURE);
    }
}
