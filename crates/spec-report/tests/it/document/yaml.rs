//! YAML: spans, styles, comments, aliases, errors.

use serde_json::json;
use spec_report::{Node, Schema, Severity, Value};

use super::{clean, lines, spans, to_json, yaml};

/// Text, and each value with the text of its span.
#[test]
fn values_know_where_they_are_written() {
    let table: &[(&str, &[(&str, &str)])] = &[
        ("é: ü", &[("map", "é: ü"), ("Plain \"é\"", "é"), ("Plain \"ü\"", "ü")]),
        (
            "a: b\r\nc:\r\n  - d\r\n",
            &[
                ("map", "a: b\r\nc:\r\n  - d"),
                ("Plain \"a\"", "a"),
                ("Plain \"b\"", "b"),
                ("Plain \"c\"", "c"),
                ("seq", "- d"),
                ("Plain \"d\"", "d"),
            ],
        ),
        (
            "a: b\rc: d\r",
            &[
                ("map", "a: b\rc: d"),
                ("Plain \"a\"", "a"),
                ("Plain \"b\"", "b"),
                ("Plain \"c\"", "c"),
                ("Plain \"d\"", "d"),
            ],
        ),
        // A list that is not indented below its key, behind properties and a comment.
        (
            "a: &x !t # c\n- - 1\n- \n",
            &[
                ("map", "a: &x !t # c\n- - 1\n- "),
                ("Plain \"a\"", "a"),
                ("&x !t seq", "- - 1\n- "),
                ("seq", "- 1"),
                ("Plain \"1\"", "1"),
                ("Plain \"\"", ""),
            ],
        ),
        (
            "a: 'it''s'\nb: \"x\\ty\" # c\n",
            &[
                ("map", "a: 'it''s'\nb: \"x\\ty\""),
                ("Plain \"a\"", "a"),
                ("SingleQuoted \"it's\"", "'it''s'"),
                ("Plain \"b\"", "b"),
                ("DoubleQuoted \"x\\ty\"", "\"x\\ty\""),
            ],
        ),
        (
            "a: |\n  x\n   y\n\n\n# c\nb: &n|> !t >2-  # d\n   f\n  g\n  \n",
            &[
                ("map", "a: |\n  x\n   y\n\n\n# c\nb: &n|> !t >2-  # d\n   f\n  g"),
                ("Plain \"a\"", "a"),
                ("Literal \"x\\n y\\n\"", "|\n  x\n   y"),
                ("Plain \"b\"", "b"),
                ("&n|> !t Folded \" f\\ng\"", ">2-  # d\n   f\n  g"),
            ],
        ),
        (
            "- |\n- >\n\n- x",
            &[("seq", "- |\n- >\n\n- x"), ("Literal \"\"", "|"), ("Folded \"\"", ">"), ("Plain \"x\"", "x")],
        ),
        (
            "k:\n  # comment\n  |\n  text\n",
            &[("map", "k:\n  # comment\n  |\n  text"), ("Plain \"k\"", "k"), ("Literal \"text\\n\"", "|\n  text")],
        ),
        (
            "{a: [1, ], b, ? c : }",
            &[
                ("map", "{a: [1, ], b, ? c : }"),
                ("Plain \"a\"", "a"),
                ("seq", "[1, ]"),
                ("Plain \"1\"", "1"),
                ("Plain \"b\"", "b"),
                ("Plain \"\"", ""),
                ("Plain \"c\"", "c"),
                ("Plain \"\"", ""),
            ],
        ),
        (
            "a: &x 1\nb: *x\n",
            &[
                ("map", "a: &x 1\nb: *x"),
                ("Plain \"a\"", "a"),
                ("&x Plain \"1\"", "1"),
                ("Plain \"b\"", "b"),
                ("*x true", "*x"),
            ],
        ),
        ("one\n  two\n", &[("Plain \"one two\"", "one\n  two")]),
        ("--- ~\n", &[("Plain \"~\"", "~")]),
        (
            "a: !!str\nb: ! 12",
            &[
                ("map", "a: !!str\nb: ! 12"),
                ("Plain \"a\"", "a"),
                ("!!str Plain \"\"", ""),
                ("Plain \"b\"", "b"),
                ("! Plain \"12\"", "12"),
            ],
        ),
        ("%TAG !e! tag:example.com,2000:\n---\n!e!x y", &[("!e!x Plain \"y\"", "y")]),
        ("\u{feff}a: b", &[("map", "a: b"), ("Plain \"a\"", "a"), ("Plain \"b\"", "b")]),
        ("", &[]),
        ("# only a comment\n", &[]),
        ("---\n...\n", &[("Plain \"\"", "")]),
    ];
    for (text, expected) in table {
        let found = spans(&clean(text));
        let found: Vec<(&str, &str)> = found.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
        assert_eq!(&found, expected, "{text:?}");
    }
}

#[test]
fn an_empty_file_has_no_root() {
    for text in ["", "\n\n", "# c\n", "   \n"] {
        let document = clean(text);
        assert!(document.root().is_none(), "{text:?}");
        assert!(document.is_complete());
    }
}

#[test]
fn comments_are_kept_in_order() {
    let text = "# top\na: | # head\n  # text\nb: [1, # one\n  2] #two\n#é\n";
    let document = clean(text);
    let comments: Vec<(&str, &str)> = document
        .comments()
        .iter()
        .map(|comment| (document.source().slice(comment.span), comment.text.as_str()))
        .collect();
    assert_eq!(comments, [("# top", " top"), ("# head", " head"), ("# one", " one"), ("#two", "two"), ("#é", "é")]);
}

#[test]
fn hundreds_of_comment_lines_are_no_error() {
    let text = format!("a:\n{}  b: 1\nc:\n{}", "  # x\n".repeat(2000), "# y\n".repeat(2000));
    assert_eq!(clean(&text).comments().len(), 4000);
}

#[test]
fn aliases_share_their_target() {
    let document = clean("a: &x {k: [1, 2]}\nb: *x\nc: &x 3\nd: *x\ne: {*x : 4}\n");
    let root = document.root().unwrap();
    assert_eq!(
        to_json(&document, Schema::Yaml12),
        json!({"a": {"k": [1, 2]}, "b": {"k": [1, 2]}, "c": 3, "d": 3, "e": {"3": 4}})
    );
    let Value::Alias(alias) = &root.get("b").unwrap().value else { panic!() };
    assert_eq!(alias.name, "x");
    assert_eq!(root.get("b").unwrap().get("k").and_then(Node::as_seq).map(<[_]>::len), Some(2));
}

#[test]
fn aliases_without_a_target_are_reported() {
    let (document, report) = yaml("a: *later\nb: &later 1\nc: &self [*self]\nd: *later\n- **/*\n");
    assert_eq!(
        lines(&report),
        [
            "1:4 syntax there is no anchor `&later` before this alias",
            "3:11 syntax the alias `*self` lies inside the node that it stands for",
            "5:3 syntax this line is not an entry of the mapping around it",
        ]
    );
    assert_eq!(document.root().unwrap().get("a").unwrap().kind(), "an unresolved alias");
    let (_, report) = yaml("files:\n  - **/*\n");
    assert_eq!(lines(&report), ["2:5 syntax there is no anchor `&*/*` before this alias"]);
    assert_eq!(
        report.iter().next().unwrap().help.as_deref(),
        Some("put the text in quotes if it should begin with `*`")
    );
}

#[test]
fn duplicate_keys_survive_and_are_reported() {
    let (document, report) = yaml("a: 1\n'b': 2\na: 3\nc: {x: 1, \"x\": 2, !t x: 3}\n? [a]\n: 1\n? [a]\n: 2\n");
    assert_eq!(
        lines(&report),
        [
            "3:1 duplicate-key the key `a` is written twice in this mapping",
            "4:11 duplicate-key the key `x` is written twice in this mapping",
        ]
    );
    let first = report.iter().next().unwrap();
    assert_eq!(first.secondary[0].message, "first written here");
    assert_eq!(document.source().position(first.secondary[0].span.start).line, 1);
    assert_eq!(document.root().unwrap().as_map().unwrap().len(), 6);
}

/// Text, diagnostics, what was read nevertheless.
#[test]
fn syntax_errors_have_a_place_and_reading_goes_on() {
    let table: &[(&str, &[&str], serde_json::Value)] = &[
        (
            "a: 1\nb: x: y\nc: 3\n",
            &["2:5 a `:` makes a mapping here, where none can begin"],
            json!({"a": 1, "b": "x", "c": 3}),
        ),
        ("a: [1, 2\nb: 3\nc: 4\n", &["2:2 a `:` cannot stand here"], json!({"a": [1], "b": 3, "c": 4})),
        ("a: 1\nb: \"open\nc: 3\n", &["3:1 a quoted text is not closed before this line"], json!({"a": 1, "c": 3})),
        (
            "a: %x\nb: @y\nc: `z\nd: 1",
            &[
                "1:4 the character `%` cannot begin a value",
                "2:4 the character `@` cannot begin a value",
                "3:4 the character ``` cannot begin a value",
            ],
            json!({"d": 1}),
        ),
        (
            "a:\n  b: 1\n c: 2\nd: 3\n",
            &["3:2 this line is not an entry of the mapping around it"],
            json!({"a": {"b": 1}, "d": 3}),
        ),
        ("a: \"x\\qy\"\nb: 1\n", &["1:4 double quotes know no such escape"], json!({"b": 1})),
        ("a: 'it's'\nb: 1\n", &["1:8 there is text behind the closing quote"], json!({"b": 1})),
        (
            "version 0.2\nphases: 1\n",
            &["2:7 a `:` makes a mapping here, where none can begin"],
            json!("version 0.2 phases"),
        ),
        ("a: 1\n---\nb: 2\n", &["2:1 a second document begins here; only the first one is read"], json!({"a": 1})),
        ("a: %x\n---\nb: 2\n", &["1:4 the character `%` cannot begin a value"], json!({})),
        ("a: [b}\n", &["1:4 the `[` that begins here is closed by `}`"], json!({"a": []})),
        ("|\n\n# note\n", &["3:1 the text of a block scalar begins in the first column"], json!("\n# note\n")),
        (" >-\n text\n", &[], json!("text")),
        ("a: ]\n", &["1:4 this closes a bracket that was not opened"], json!({})),
        ("a: !e!x y\nb: 1", &["1:4 the tag uses a handle that no `%TAG` line declares"], json!({"b": 1})),
        (
            "a:\n\t- b\nc:\n  -\td\n  - e:\tf\n",
            &["2:1 a tab is used for indentation", "4:4 a tab is used for indentation"],
            json!({"c": ["d", {"e": "f"}]}),
        ),
        (
            "a: 'b'\n \t\nc: |\n  d\n\n\t# e\n",
            &["2:2 a tab is used for indentation", "6:1 a tab is used for indentation"],
            json!({"a": "b", "c": "d\n"}),
        ),
        ("a: [b,\n\tc]\n\t# d\n", &["3:1 a tab is used for indentation"], json!({"a": ["b", "c"]})),
        ("a:\n  - |\n  \tb\n  \tc\n", &["3:3 a tab begins this line of a text"], json!({"a": [""]})),
        ("a: b\0c\nd: 1", &["1:5 the control character U+0000 is not allowed in YAML"], json!({"a": "b"})),
        ("a: b\u{1b}[0m\nd: 1", &["1:5 the control character U+001B is not allowed in YAML"], json!({"d": 1})),
    ];
    for (text, expected, value) in table {
        let (document, report) = yaml(text);
        let found: Vec<String> = lines(&report).into_iter().map(|line| line.replacen(" syntax ", " ", 1)).collect();
        assert_eq!(&found, expected, "{text:?}");
        assert_eq!(&to_json(&document, Schema::Yaml12), value, "{text:?}");
    }
}

#[test]
fn messages_help() {
    let help = |text: &str| yaml(text).1.iter().next().unwrap().help.clone().unwrap_or_default();
    assert_eq!(
        help("a: 1\n<<<<<<< HEAD\nb: 2\n=======\nb: 3\n"),
        "line 2 is a merge conflict marker; resolve the conflict"
    );
    assert!(help("a: @x").contains("quotes"));
    assert!(help("a:\n  - 1\n\tb: 2").contains("spaces"), "{:?}", yaml("a:\n  - 1\n\tb: 2"));
    assert!(help("a: 1\n\tb: 2").contains("spaces"), "{:?}", yaml("a: 1\n\tb: 2"));
    let (_, report) = yaml("a: [1\nb: 2");
    assert_eq!(report.iter().next().unwrap().secondary[0].message, "this `[` is still open");
    let (_, report) = yaml("a: 1\n---\nb: 2");
    assert_eq!(report.iter().next().unwrap().severity, Severity::Warning);
}

#[test]
fn what_is_cut_off_is_known() {
    let (document, _) = yaml("a: 1\nb:\n  c: %\n");
    assert_eq!(document.stopped_at(), Some(13));
    assert!(!document.is_complete());
    let root = document.root().unwrap();
    assert!(root.span.end >= 13);
    assert!(root.get("b").unwrap().span.end >= 13);
}
