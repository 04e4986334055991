//! What scalars mean under the three schemas.

use proptest::prelude::*;
use spec_report::{Schema, Typed, is_timestamp};

use super::clean;

fn show(text: &str, schema: Schema) -> String {
    let document = clean(&format!("- {text}\n"));
    let items = document.root().unwrap().as_seq().unwrap();
    match items[0].typed(schema) {
        Typed::Null => "null".to_owned(),
        Typed::Bool(value) => value.to_string(),
        Typed::Int(value) => value.to_string(),
        Typed::Float(value) => format!("{value:?}f"),
        Typed::Str(_) => "s".to_owned(),
        other => format!("{other:?}"),
    }
}

/// Text, YAML 1.1, YAML 1.2, JSON.
#[test]
fn typing() {
    let table = [
        ("", "null", "null", "s"),
        ("~", "null", "null", "s"),
        ("null", "null", "null", "null"),
        ("NULL", "null", "null", "s"),
        ("nUll", "s", "s", "s"),
        ("true", "true", "true", "true"),
        ("False", "false", "false", "s"),
        ("tRue", "s", "s", "s"),
        ("yes", "true", "s", "s"),
        ("No", "false", "s", "s"),
        ("OFF", "false", "s", "s"),
        ("on", "true", "s", "s"),
        ("y", "s", "s", "s"),
        ("0", "0", "0", "0"),
        ("-0", "0", "0", "0"),
        ("12", "12", "12", "12"),
        ("+12", "12", "12", "s"),
        ("-12", "-12", "-12", "-12"),
        ("012", "10", "12", "s"),
        ("08", "s", "8", "s"),
        ("0o17", "s", "15", "s"),
        ("0x1F", "31", "31", "s"),
        ("-0x1f", "-31", "s", "s"),
        ("0b101", "5", "s", "s"),
        ("1_000", "1000", "s", "s"),
        ("_1", "s", "s", "s"),
        ("1:30", "90", "s", "s"),
        ("12:30:45", "45045", "s", "s"),
        ("-1:30", "-90", "s", "s"),
        ("0:30", "s", "s", "s"),
        ("1:60", "s", "s", "s"),
        ("1:30.5", "90.5f", "s", "s"),
        ("3.10", "3.1f", "3.1f", "3.1f"),
        ("1.", "1.0f", "1.0f", "s"),
        (".5", "0.5f", "0.5f", "s"),
        ("-.5", "-0.5f", "-0.5f", "s"),
        (".", "s", "s", "s"),
        ("1e3", "s", "1000.0f", "1000.0f"),
        ("1.0e3", "s", "1000.0f", "1000.0f"),
        ("1.0e+3", "1000.0f", "1000.0f", "1000.0f"),
        ("1_0.5", "10.5f", "s", "s"),
        ("1.2.3", "s", "s", "s"),
        (".inf", "inff", "inff", "s"),
        ("-.INF", "-inff", "-inff", "s"),
        (".nan", "NaNf", "NaNf", "s"),
        ("-.nan", "s", "s", "s"),
        ("inf", "s", "s", "s"),
        ("2001-01-01", "s", "s", "s"),
        (
            "123456789012345678901234567890123456789012",
            "1.2345678901234568e41f",
            "1.2345678901234568e41f",
            "1.2345678901234568e41f",
        ),
        ("123456789012", "123456789012", "123456789012", "123456789012"),
        ("'12'", "s", "s", "s"),
        ("\"yes\"", "s", "s", "s"),
        ("!!str 12", "s", "s", "s"),
        ("! 12", "s", "s", "s"),
        ("!Ref 12", "s", "s", "s"),
        ("!!int '12'", "12", "12", "12"),
        ("!!int x", "s", "s", "s"),
        ("!!float 1", "1.0f", "1.0f", "1.0f"),
        ("!!bool 'true'", "true", "true", "true"),
        ("!!null x", "null", "null", "null"),
        ("!<tag:yaml.org,2002:str> 1", "s", "s", "s"),
        ("[]", "Collection", "Collection", "Collection"),
    ];
    for (text, yaml11, yaml12, json) in table {
        assert_eq!(show(text, Schema::Yaml11), yaml11, "{text} in YAML 1.1");
        assert_eq!(show(text, Schema::Yaml12), yaml12, "{text} in YAML 1.2");
        assert_eq!(show(text, Schema::Json), json, "{text} in JSON");
    }
}

#[test]
fn timestamps() {
    for text in [
        "2001-01-01",
        "2001-12-14t21:59:43.10-05:00",
        "2001-12-14 21:59:43.10 -5",
        "2001-12-15 2:59:43.10",
        "2001-1-1T1:02:03Z",
        "2001-01-01T01:02:03",
    ] {
        assert!(is_timestamp(text), "{text}");
    }
    for text in [
        "2001-1-1",
        "2001-01",
        "01-01-2001",
        "2001-01-01x",
        "2001-01-01T",
        "2001-01-01 ",
        "2001-01-01T1:2:3",
        "2001-01-01T01:02:03 ",
        "2010-09-09-x",
        "",
        "é001-01-01",
    ] {
        assert!(!is_timestamp(text), "{text}");
    }
}

#[test]
fn integers_are_those_of_rust() {
    proptest!(|(value in any::<i64>())| {
        for schema in [Schema::Yaml11, Schema::Yaml12, Schema::Json] {
            prop_assert_eq!(show(&value.to_string(), schema), value.to_string());
        }
    });
}
