//! The exported JSON Schema, held against what reading says of the same documents.

use ecs_taskdef::placeholder;
use ecs_taskdef::read;
use ecs_taskdef::schema::json_schema;
use proptest::prelude::*;
use serde_json::{Map, Value as Json, json};
use spec_report::Source;

/// The part of JSON Schema that the export uses.
fn allows(schema: &Json, value: &Json) -> bool {
    let Json::Object(rules) = schema else { return *schema == json!(true) };
    rules.iter().all(|(rule, argument)| match (rule.as_str(), value) {
        ("$schema" | "title" | "description" | "readOnly" | "$defs", _) => true,
        ("$ref", _) => value.as_str().is_some_and(placeholder::has_any),
        ("anyOf", _) => argument.as_array().expect("schemas").iter().any(|schema| allows(schema, value)),
        ("enum", _) => argument.as_array().expect("values").contains(value),
        ("type", _) => {
            let is = |name: &Json| match name.as_str().expect("a name") {
                "string" => value.is_string(),
                "integer" => value.is_i64() || value.is_u64(),
                "boolean" => value.is_boolean(),
                "object" => value.is_object(),
                "array" => value.is_array(),
                "null" => value.is_null(),
                other => panic!("{other}"),
            };
            argument.as_array().map_or_else(|| is(argument), |names| names.iter().any(is))
        }
        ("required", Json::Object(fields)) => {
            argument.as_array().expect("names").iter().all(|name| fields.contains_key(name.as_str().expect("a name")))
        }
        ("properties", Json::Object(fields)) => {
            fields.iter().all(|(key, value)| argument.get(key).is_none_or(|schema| allows(schema, value)))
        }
        ("additionalProperties", Json::Object(fields)) => fields.values().all(|value| allows(argument, value)),
        ("items", Json::Array(items)) => items.iter().all(|item| allows(argument, item)),
        ("required" | "properties" | "additionalProperties" | "items", _) => true,
        (other, _) => panic!("the export uses `{other}`, which this test does not know"),
    })
}

/// Whether reading finds a wrong type or a missing key.
fn is_read(document: &Json) -> bool {
    let report = read(Source::new("taskdef.json", document.to_string())).report;
    report.iter().all(|found| !matches!(found.rule.name(), "wrong-type" | "missing-key"))
}

/// A document by the schema, in which now and then something is left out or replaced; `choices` decides.
fn build(schema: &Json, choices: &mut impl Iterator<Item = u8>) -> Json {
    let choice = choices.next().unwrap_or(0);
    let others = [
        json!(null),
        json!("${X}"),
        json!("text"),
        json!(7),
        json!("7"),
        json!(1.5),
        json!(true),
        json!([]),
        json!(["x"]),
        json!({}),
        json!({ "x": "y" }),
        json!(""),
    ];
    if choice >= 240 {
        return others[usize::from(choice) % others.len()].clone();
    }
    let form = match schema.get("anyOf").and_then(Json::as_array) {
        Some(forms) => &forms[usize::from(choice) % forms.len()],
        None => schema,
    };
    if let Some(words) = form.get("enum").and_then(Json::as_array) {
        return words[usize::from(choice) % words.len()].clone();
    }
    match form.get("type").and_then(|name| name.as_str().or_else(|| name.get(usize::from(choice) % 2)?.as_str())) {
        Some("object") => object(form, choices),
        Some("array") => (0..choice % 3).map(|_| build(&form["items"], choices)).collect(),
        Some("integer") => json!(choice),
        Some("boolean") => json!(choice.is_multiple_of(2)),
        Some("null") => json!(null),
        Some(_) => json!("text"),
        None => json!("<X>"),
    }
}

fn object(schema: &Json, choices: &mut impl Iterator<Item = u8>) -> Json {
    let mut fields = Map::new();
    for (key, schema_of) in schema["properties"].as_object().into_iter().flatten() {
        let required = schema["required"].as_array().is_some_and(|names| names.contains(&json!(key)));
        let choice = choices.next().unwrap_or(255);
        if if required { choice < 250 } else { choice.is_multiple_of(4) } {
            fields.insert(key.clone(), build(schema_of, choices));
        }
    }
    if schema.get("additionalProperties").is_some() {
        fields.insert("key".to_owned(), build(&schema["additionalProperties"], choices));
    }
    Json::Object(fields)
}

#[test]
fn examples_are_allowed_and_refused() {
    let schema = json_schema();
    for (document, expected) in [
        (json!({ "family": "web", "containerDefinitions": [{ "name": "app", "futureField": 1 }] }), true),
        (json!({ "family": "web", "containerDefinitions": "<CONTAINERS>", "cpu": 256, "status": "ACTIVE" }), true),
        (json!({ "family": "web", "containerDefinitions": [{ "name": "app", "memory": null }] }), true),
        (json!({ "family": "web", "networkMode": "tomorrow", "containerDefinitions": [] }), true),
        (json!({ "family": "web" }), false),
        (json!({ "family": null, "containerDefinitions": [] }), false),
        (json!({ "family": "web", "containerDefinitions": [{ "name": "app", "memory": "256" }] }), false),
        (json!({ "family": "web", "containerDefinitions": [{ "name": "app", "command": "serve" }] }), false),
        (json!({ "family": "web", "networkMode": 5, "containerDefinitions": [] }), false),
    ] {
        assert_eq!(allows(&schema, &document), expected, "{document}");
        assert_eq!(is_read(&document), expected, "{document}");
    }
}

/// Without this the property could hold for documents of one kind alone.
#[test]
fn both_kinds_of_documents_are_generated() {
    let schema = json_schema();
    let mut kinds = [0; 2];
    for seed in 0u32..200 {
        let mut state = seed;
        let mut choices = std::iter::repeat_with(|| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        })
        .take(80);
        kinds[usize::from(allows(&schema, &object(&schema, &mut choices)))] += 1;
    }
    assert!(kinds.iter().all(|&count| count > 10), "{kinds:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(ProptestConfig::default().cases * 2))]

    /// The schema and the reader agree about every document.
    #[test]
    fn schema_and_reader_agree(choices in prop::collection::vec(any::<u8>(), 20..400)) {
        let schema = json_schema();
        let document = object(&schema, &mut choices.into_iter());
        prop_assert_eq!(allows(&schema, &document), is_read(&document), "{}", document);
    }
}
