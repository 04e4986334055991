//! The JSON Schema of a task definition, for editors (feature `schema`).
//!
//! Made from the table of shapes that reading checks against, so the two agree about every type and every required key.
//! As reading does, it lets unknown keys and words through, which AWS may have added, and placeholders in any place.

use serde_json::{Map, Value as Json, json};

use crate::model::shape::{Kind, READ_ONLY, Shape, TASK_DEFINITION};

/// A text that holds a placeholder, as [`placeholder::find`](crate::placeholder::find) finds them.
const PLACEHOLDER: &str = r"<[A-Za-z0-9_.-]+>|\$\{\{?[^}\n]+\}|\{\{[^}\n]+\}\}";

/// The schema (draft 2020-12) of a bare task definition, as `aws ecs register-task-definition` takes it.
///
/// It is stricter than [`read`](crate::read()) in nothing: what it refuses, reading reports as `wrong-type` or
/// `missing-key`.
#[must_use]
pub fn json_schema() -> Json {
    let mut schema = structure(&TASK_DEFINITION);
    if let Some(fields) = schema.as_object_mut() {
        fields.insert("$schema".to_owned(), json!("https://json-schema.org/draft/2020-12/schema"));
        fields.insert("title".to_owned(), json!("Amazon ECS task definition"));
        fields.insert("$defs".to_owned(), json!({ "placeholder": { "type": "string", "pattern": PLACEHOLDER } }));
        for key in READ_ONLY {
            fields["properties"][key] = json!({ "readOnly": true, "description": "not taken when registering" });
        }
    }
    schema
}

fn structure(shape: &Shape) -> Json {
    let properties: Map<String, Json> =
        shape.fields.iter().map(|field| (field.name.to_owned(), value(field.kind, field.required))).collect();
    let required: Vec<&str> = shape.fields.iter().filter(|field| field.required).map(|field| field.name).collect();
    let mut schema = json!({ "type": "object", "properties": properties });
    if !required.is_empty() {
        schema["required"] = json!(required);
    }
    schema
}

/// A null says "not set", which a required key cannot say.
fn value(kind: Kind, required: bool) -> Json {
    let mut forms = match kind {
        Kind::Any => return json!(true),
        // These take any text, placeholders among it.
        Kind::Str => vec![json!({ "type": "string" })],
        Kind::Amount => vec![json!({ "type": ["string", "integer"] })],
        Kind::OneOf(words) => vec![json!({ "enum": words }), json!({ "type": "string" })],
        Kind::Int => vec![json!({ "type": "integer" }), placeholder()],
        Kind::Bool => vec![json!({ "type": "boolean" }), placeholder()],
        Kind::StrMap => {
            vec![json!({ "type": "object", "additionalProperties": value(Kind::Str, false) }), placeholder()]
        }
        Kind::List(item) => vec![json!({ "type": "array", "items": value(*item, false) }), placeholder()],
        Kind::Struct(shape) => vec![structure(shape), placeholder()],
    };
    if !required {
        forms.push(json!({ "type": "null" }));
    }
    match forms.len() {
        1 => forms.remove(0),
        _ => json!({ "anyOf": forms }),
    }
}

fn placeholder() -> Json {
    json!({ "$ref": "#/$defs/placeholder" })
}
