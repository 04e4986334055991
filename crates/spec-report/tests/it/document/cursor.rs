//! Typed reading and what it reports.

use spec_report::{Document, Field, MergeKeys, Node, Reader, Report, Safety, Schema, apply_fixes};

use super::{clean, json, lines, yaml};
use crate::rules::STRUCTURE;

fn read<'d, T>(document: &'d Document, take: impl FnOnce(&mut Reader<'d>, &'d Node) -> T) -> (T, Report) {
    let mut reader = Reader::new(document, &STRUCTURE, Schema::Yaml11);
    let value = take(&mut reader, document.root().unwrap());
    (value, reader.finish())
}

/// Takes one value out of `v: …`.
fn one<T>(text: &str, take: impl FnOnce(Field<'_>, &mut Reader<'_>) -> T) -> (T, Vec<String>) {
    let (document, _) = yaml(&format!("v: {text}\n"));
    let (value, report) = read(&document, |reader, root| {
        let mut map = reader.map(root, "the file").unwrap();
        let field = map.take("v").unwrap();
        take(field, reader)
    });
    (value, lines(&report))
}

#[test]
fn strings_are_what_is_written() {
    for (text, expected) in
        [("3.10", "3.10"), ("yes", "yes"), ("0777", "0777"), ("'~'", "~"), ("1_000", "1_000"), ("\"\"", "")]
    {
        let (value, report) = one(text, |field, reader| field.str(reader));
        assert_eq!(value.map(|value| value.value).as_deref(), Some(expected));
        assert!(report.is_empty());
    }
    for (text, message) in [
        ("", "1:3 wrong-type `v` must be a string, but is empty"),
        ("~", "1:4 wrong-type `v` must be a string, but is empty"),
        ("[a]", "1:4 wrong-type `v` must be a string, but is a list"),
        ("{a: b}", "1:4 wrong-type `v` must be a string, but is a mapping"),
    ] {
        let (value, report) = one(text, |field, reader| field.str(reader));
        assert_eq!(value, None);
        assert_eq!(report, [message]);
    }
    assert_eq!(one("", |field, reader| field.str_or_empty(reader)).0.unwrap().value, "");
    assert_eq!(one("[]", |field, reader| field.str_or_empty(reader)).1.len(), 1);
}

#[test]
fn booleans_and_numbers() {
    let bool = |text: &str| one(text, |field, reader| field.bool(reader).map(|value| value.value));
    assert_eq!(bool("yes"), (Some(true), vec![]));
    assert_eq!(bool("'yes'"), (None, vec!["1:4 wrong-type `v` must be `true` or `false`, but is a string".to_owned()]));
    let lenient = |text: &str| one(text, |field, reader| field.bool_or_str(reader).map(|value| value.value)).0;
    assert_eq!((lenient("'False'"), lenient("on"), lenient("'on'")), (Some(false), Some(true), None));
    let int = |text: &str| one(text, |field, reader| field.int(reader, 0..=65_535_u16).map(|value| value.value));
    assert_eq!(int("8080"), (Some(8080), vec![]));
    assert_eq!(int("70000").1, ["1:4 wrong-type `v` must be from 0 to 65535, but is 70000"]);
    assert_eq!(int("-1").1, ["1:4 wrong-type `v` must be from 0 to 65535, but is -1"]);
    assert_eq!(int("x").1, ["1:4 wrong-type `v` must be a whole number from 0 to 65535, but is a string"]);
    assert_eq!(int("'80'").0, None);
    assert_eq!(int("1.5").1.len(), 1);
    assert_eq!(one("'80'", |field, reader| field.int_or_str(reader, 1..=100_i64)).0.map(|value| value.value), Some(80));
    assert_eq!(one("1.5", |field, reader| field.float(reader)).0.map(|value| value.value), Some(1.5));
    assert_eq!(one("2", |field, reader| field.float(reader)).0.map(|value| value.value), Some(2.0));
    assert_eq!(one("two", |field, reader| field.float(reader)).1.len(), 1);
}

#[test]
fn lists() {
    let strings = |text: &str| {
        let (values, report) = one(text, |field, reader| field.str_or_seq(reader));
        (values.into_iter().map(|value| value.value).collect::<Vec<_>>(), report)
    };
    assert_eq!(strings("one"), (vec!["one".to_owned()], vec![]));
    assert_eq!(strings("[1, b]"), (vec!["1".to_owned(), "b".to_owned()], vec![]));
    assert_eq!(strings("[]"), (vec![], vec![]));
    assert_eq!(
        strings("[a, {echo a: b}, ~]"),
        (
            vec!["a".to_owned()],
            vec![
                "1:8 wrong-type item 2 of `v` must be a string, but is a mapping".to_owned(),
                "1:21 wrong-type item 3 of `v` must be a string, but is empty".to_owned(),
            ]
        )
    );
    assert_eq!(strings("").1, ["1:3 wrong-type `v` must be a list of strings, but is empty"]);
    assert_eq!(strings("{}").1.len(), 1);
    assert_eq!(
        one("x", |field, reader| field.seq_of_str(reader)).1,
        ["1:4 wrong-type `v` must be a list, but is a string"]
    );
    let (numbers, report) = one("[1, x, 3]", |field, reader| {
        field.seq_of(reader, |node, reader| Some(reader.int(node, "an item", 0..=9_u8)?.value))
    });
    assert_eq!((numbers, report.len()), (vec![1, 3], 1));
}

#[test]
fn a_flood_of_unknown_keys_is_counted() {
    let text: String = (0..20_000).map(|n| format!("key{n}: {n}\n")).collect();
    let document = clean(&text);
    let ((), report) = read(&document, |reader, root| {
        let mut map = reader.map(root, "the file").unwrap();
        for n in 0..10 {
            map.take(&format!("wanted{n}"));
        }
        map.finish(reader);
    });
    let last = lines(&report).pop().unwrap();
    assert_eq!((report.len(), last.as_str()), (101, "101:1 unknown-key the file has 19900 more unknown keys"));
}

#[test]
fn unknown_keys_name_what_was_meant() {
    let text = "verison: 1\nphases: 2\nEnv: 3\nzzzzzz: 4\n? [a]\n: 5\n~: 6\n";
    let document = clean(text);
    let ((), report) = read(&document, |reader, root| {
        let mut map = reader.map(root, "the buildspec").unwrap();
        for key in ["version", "phases", "env"] {
            map.take(key);
        }
        map.finish(reader);
    });
    assert_eq!(
        lines(&report),
        [
            "1:1 unknown-key unknown key `verison` in the buildspec",
            "3:1 unknown-key unknown key `Env` in the buildspec",
            "4:1 unknown-key unknown key `zzzzzz` in the buildspec",
            "5:3 wrong-type a key of the buildspec must be a string, but is a list",
            "7:1 unknown-key unknown key `~` in the buildspec",
        ]
    );
    let help: Vec<&str> = report.iter().filter_map(|found| found.help.as_deref()).collect();
    assert_eq!(
        help[..3],
        [
            "did you mean `version`?",
            "did you mean `env`? upper and lower case matter in keys",
            "known keys: `version`, `phases`, `env`"
        ]
    );
    let fixed = apply_fixes(document.source(), report.iter(), Safety::Unsafe);
    assert_eq!((fixed.applied, &fixed.text[..24]), (2, "version: 1\nphases: 2\nenv"));
}

#[test]
fn a_fix_keeps_the_notation_of_the_key() {
    let (document, _) = json("{\"verison\": 1}");
    let ((), report) = read(&document, |reader, root| {
        let mut map = reader.map(root, "the file").unwrap();
        map.take("version");
        map.finish(reader);
    });
    assert_eq!(apply_fixes(document.source(), report.iter(), Safety::Unsafe).text, "{\"version\": 1}");
}

#[test]
fn required_keys() {
    let document = clean("a:\n  buid: 1\n");
    let ((), report) = read(&document, |reader, root| {
        let mut map = reader.map(root, "the file").unwrap();
        let mut inner = map.take("a").unwrap().map(reader).unwrap();
        assert_eq!((inner.what(), inner.is_empty(), inner.contains("buid")), ("`a`", false, true));
        assert!(inner.require("build", reader).is_none());
        inner.keep_unknown();
        inner.finish(reader);
        map.finish(reader);
    });
    assert_eq!(lines(&report), ["1:1 missing-key `a` lacks the required key `build`"]);
    assert_eq!(report.iter().next().unwrap().help.as_deref(), Some("is `buid` meant to be `build`?"));
}

#[test]
fn nothing_is_missing_behind_a_syntax_error() {
    let (document, _) = yaml("a: 1\nb: [x: {\n");
    let (field, report) =
        read(&document, |reader, root| reader.map(root, "the file").unwrap().require("version", reader).is_some());
    assert!(!field);
    assert!(report.is_empty());
}

#[test]
fn case_and_duplicates() {
    let (document, _) = yaml("Type: 1\ntype: 2\nKIND: 3\ntype: 4\nrest: 5\nrest: 6\n");
    let (rest, report) = read(&document, |reader, root| {
        let mut map = reader.map(root, "the file").unwrap();
        assert_eq!(map.take_ignore_case("type").unwrap().value.as_str(), Some("4"));
        assert_eq!(map.take_ignore_case("kind").unwrap().name(), "KIND");
        let rest: Vec<_> = map.rest().iter().map(|field| (field.name(), field.value.as_str())).collect();
        map.finish(reader);
        rest
    });
    assert_eq!(rest, [("Type", Some("1")), ("rest", Some("6"))]);
    assert!(report.is_empty());
}

#[test]
fn merge_keys() {
    let text = "\
x-base: &base {a: 1, b: 1, <<: {d: 1, a: 9}}
x-more: &more {b: 2, c: 2, c: 3}
v:
  <<: [*base, *more]
  a: 0
w: {<<: text, '<<': 1}
";
    let (document, _) = yaml(text);
    let keys = |merge: MergeKeys| {
        let mut reader = Reader::new(&document, &STRUCTURE, Schema::Yaml11).with_merge_keys(merge);
        let mut found = Vec::new();
        for key in ["v", "w"] {
            let node = document.root().unwrap().get(key).unwrap();
            for field in reader.map(node, key).unwrap().rest() {
                found.push(format!("{}={}", field.name(), field.value.as_str().unwrap_or("…")));
            }
        }
        (found.join(" "), lines(&reader.finish()))
    };
    assert_eq!(
        keys(MergeKeys::Apply),
        (
            "a=0 b=1 d=1 c=3 <<=1".to_owned(),
            vec!["6:9 wrong-type a merged value must be a mapping or a list of mappings, but is a string".to_owned()]
        )
    );
    assert_eq!(keys(MergeKeys::Literal), ("<<=… a=0 <<=1".to_owned(), vec![]));
    let value = document.root().unwrap().get("v").unwrap();
    assert_eq!(value.to_json(Schema::Yaml11), serde_json::json!({"a": 0, "b": 1, "c": 3, "d": 1}));
    assert!(value.to_json(Schema::Yaml12).get("<<").is_some());
}

#[test]
fn aliases_are_read_at_their_own_place() {
    let document = clean("a: &x [1]\nb: *x\nc: &y t\nd: *y\n");
    let ((), report) = read(&document, |reader, root| {
        let mut map = reader.map(root, "the file").unwrap();
        assert_eq!(map.take("b").unwrap().str(reader), None);
        let spanned = map.take("d").unwrap().str(reader).unwrap();
        assert_eq!(reader.source().slice(spanned.span), "*y");
        map.rest();
        map.finish(reader);
    });
    assert_eq!(lines(&report), ["2:4 wrong-type `b` must be a string, but is a list"]);
    assert_eq!(report.iter().next().unwrap().secondary[0].message, "the alias stands for this");
    // An alias without a target was reported by the reader of the text.
    let (document, _) = yaml("b: *nowhere\n");
    let ((), report) = read(&document, |reader, root| {
        let field = reader.map(root, "the file").unwrap().take("b").unwrap();
        assert!(field.map(reader).is_none() && field.str_or_seq(reader).is_empty());
    });
    assert!(report.is_empty());
}

#[test]
fn a_null_may_count_as_an_empty_mapping() {
    let (empty, report) = one("", |field, reader| field.map_or_null(reader).map(|map| map.is_empty()));
    assert_eq!((empty, report), (Some(true), vec![]));
    let (none, report) = one("", |field, reader| field.map(reader).is_none());
    assert_eq!((none, report), (true, vec!["1:3 wrong-type `v` must be a mapping, but is empty".to_owned()]));
    assert_eq!(one("[]", |field, reader| field.map_or_null(reader).is_none()).1.len(), 1);
}
