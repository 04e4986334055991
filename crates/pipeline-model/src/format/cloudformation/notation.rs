//! Templates as text: short tags in YAML, long names in JSON, and texts as they were written.
//!
//! A scalar keeps its words: `0010`, `2010-09-09` and `yes` are not retyped on the way, because what CloudFormation makes
//! of them depends on the property they stand in.

use serde::{Serialize, Serializer};
use serde_json::Value as Json;
use spec_report::emit::{self, Map};
use spec_report::{Node, Schema, Style, Typed, Value};

/// A node as it is written, its tags kept, aliases written out.
pub(super) fn written(node: &Node) -> emit::Value {
    let node = node.resolved();
    let value = match &node.value {
        Value::Seq(items) => emit::Value::Seq(items.iter().map(written).collect()),
        Value::Map(entries) => {
            let mut map = Map::new();
            for entry in entries {
                let key =
                    entry.key.as_str().map_or_else(|| entry.key.to_json(Schema::Yaml11).to_string(), str::to_owned);
                map.push(key, written(&entry.value));
            }
            emit::Value::Map(map)
        }
        Value::Scalar(scalar) if scalar.style == Style::Plain => match node.typed(Schema::Yaml11) {
            Typed::Null => emit::Value::Null,
            // A word behind a tag is text for its function.
            _ if node.tag.is_some() => emit::Value::Str(scalar.text.clone()),
            _ => emit::Value::Plain(scalar.text.clone()),
        },
        Value::Scalar(scalar) => emit::Value::Str(scalar.text.clone()),
        Value::Alias(_) => emit::Value::Null,
    };
    match &node.tag {
        Some(tag) if !tag.text.starts_with("!!") && tag.text.starts_with('!') => {
            emit::Value::tagged(tag.text.clone(), value)
        }
        _ => value,
    }
}

/// A value as YAML.
#[must_use]
pub fn to_yaml(value: &emit::Value) -> String {
    emit::yaml(value)
}

/// A value as indented JSON in its own order, functions by their long names, ending with a line break.
#[must_use]
pub fn to_json_text(value: &emit::Value) -> String {
    // Maps with string keys and plain values always serialize.
    serde_json::to_string_pretty(&InOrder(value)).unwrap_or_default() + "\n"
}

/// `serde_json`'s own objects are sorted.
struct InOrder<'v>(&'v emit::Value);

impl Serialize for InOrder<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            emit::Value::Seq(items) => serializer.collect_seq(items.iter().map(InOrder)),
            emit::Value::Map(map) => serializer.collect_map(map.iter().map(|(key, value)| (key, InOrder(value)))),
            emit::Value::Tagged(tag, inner) if !matches!(**inner, emit::Value::Str(_) | emit::Value::Plain(_)) => {
                serializer.collect_map([(long(tag), InOrder(inner))])
            }
            other => to_json(other).serialize(serializer),
        }
    }
}

/// A value as JSON, functions by their long names.
#[must_use]
pub fn to_json(value: &emit::Value) -> Json {
    match value {
        emit::Value::Null => Json::Null,
        emit::Value::Bool(value) => (*value).into(),
        emit::Value::Int(value) => (*value).into(),
        emit::Value::Float(value) => serde_json::Number::from_f64(*value).map_or(Json::Null, Json::Number),
        emit::Value::Str(text) => text.as_str().into(),
        emit::Value::Plain(text) => plain(text),
        emit::Value::Seq(items) => Json::Array(items.iter().map(to_json).collect()),
        emit::Value::Map(map) => {
            Json::Object(map.iter().map(|(key, value)| (key.to_owned(), to_json(value))).collect())
        }
        emit::Value::Tagged(tag, inner) => function(tag, inner),
        // No other kind of value is made here.
        _ => Json::Null,
    }
}

/// What a plain word is in JSON: a number only where JSON writes it alike.
fn plain(text: &str) -> Json {
    match text {
        "true" | "True" | "TRUE" => true.into(),
        "false" | "False" | "FALSE" => false.into(),
        _ => match text.parse::<i64>() {
            Ok(number) if number.to_string() == text => number.into(),
            _ => text.into(),
        },
    }
}

fn function(tag: &str, inner: &emit::Value) -> Json {
    let name = tag.trim_start_matches('!');
    let argument = match (name, inner) {
        // The short form names both in one word; an attribute may have points of its own.
        ("GetAtt", emit::Value::Str(text) | emit::Value::Plain(text)) => match text.split_once('.') {
            Some((resource, attribute)) => Json::Array(vec![resource.into(), attribute.into()]),
            None => text.as_str().into(),
        },
        (_, inner) => to_json(inner),
    };
    Json::Object([(long(tag), argument)].into_iter().collect())
}

/// The long name of a function.
fn long(tag: &str) -> String {
    match tag.trim_start_matches('!') {
        name @ ("Ref" | "Condition") => name.to_owned(),
        name => format!("Fn::{name}"),
    }
}

/// JSON as a value of a template, its functions by their short tags.
pub(crate) fn from_json(json: &Json) -> emit::Value {
    match json {
        Json::Array(items) => emit::Value::Seq(items.iter().map(from_json).collect()),
        Json::Object(object) => {
            if let Some((name, argument)) = object.iter().next().filter(|_| object.len() == 1) {
                if name == "Ref" {
                    return emit::Value::tagged("!Ref", from_json(argument));
                }
                if let Some(short) = name.strip_prefix("Fn::").filter(|name| *name != "Transform") {
                    let argument = match (short, argument.as_array().map(Vec::as_slice)) {
                        ("GetAtt", Some([Json::String(resource), Json::String(attribute)])) => {
                            emit::Value::Str(format!("{resource}.{attribute}"))
                        }
                        // One value has one tag: what is inside keeps its long name.
                        _ if is_function(argument) => emit::Value::from(argument.clone()),
                        _ => from_json(argument),
                    };
                    return emit::Value::tagged(format!("!{short}"), argument);
                }
            }
            emit::Value::Map(object.iter().map(|(key, value)| (key.clone(), from_json(value))).collect())
        }
        other => emit::Value::from(other.clone()),
    }
}

fn is_function(json: &Json) -> bool {
    let name = json.as_object().filter(|object| object.len() == 1).and_then(|object| object.keys().next());
    name.is_some_and(|name| name == "Ref" || name.starts_with("Fn::"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::STRUCTURE;
    use spec_report::{Limits, Source};

    fn value(text: &str) -> emit::Value {
        let (document, report) = spec_report::read_yaml(Source::new("t.yaml", text), &Limits::default(), &STRUCTURE);
        assert!(report.is_empty(), "{report:?}");
        written(document.root().unwrap())
    }

    #[test]
    fn words_survive() {
        let text = "AWSTemplateFormatVersion: 2010-09-09\na: 0010\nb: yes\nc: \"yes\"\nd: !Ref Name\ne: !GetAtt A.B.C\nf: 0.2\n\
                    g: !Sub |-\n  one\n  two\nh: !If\n  - X\n  - 1\n  - !Ref AWS::NoValue\n";
        assert_eq!(to_yaml(&value(text)), text);
        let json = to_json(&value(text));
        assert_eq!(json["AWSTemplateFormatVersion"], "2010-09-09");
        assert_eq!(
            (json["a"].as_str(), json["b"].as_str(), json["f"].as_str()),
            (Some("0010"), Some("yes"), Some("0.2"))
        );
        assert_eq!(json["e"], serde_json::json!({"Fn::GetAtt": ["A", "B.C"]}));
        let text = to_json_text(&value("z: !If [X, !GetAtt A.B, {b: 1, a: !Ref C}]\na: 2\n"));
        let words: String = text.split_whitespace().collect();
        assert_eq!(words, r#"{"z":{"Fn::If":["X",{"Fn::GetAtt":["A","B"]},{"b":1,"a":{"Ref":"C"}}]},"a":2}"#);
        assert_eq!(json["h"], serde_json::json!({"Fn::If": ["X", 1, {"Ref": "AWS::NoValue"}]}));
    }

    #[test]
    fn long_and_short_names_mean_the_same() {
        let json = serde_json::json!({
            "a": {"Ref": "X"}, "b": {"Fn::GetAtt": ["X", "Arn"]}, "c": {"Fn::Join": ["", ["a", {"Ref": "Y"}]]},
            "d": {"Fn::Base64": {"Fn::Sub": "${X}"}}, "e": {"Fn::Sub": ["${a}", {"a": {"Fn::ImportValue": "x"}}]},
        });
        let yaml = to_yaml(&from_json(&json));
        assert!(yaml.contains("a: !Ref X\nb: !GetAtt X.Arn\n"), "{yaml}");
        assert_eq!(to_json(&value(&yaml)), json);
    }
}
