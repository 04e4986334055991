//! A document as `serde_json` sees it.

use serde_json::{Map, Number, Value as Json};

use crate::cursor::applied;
use crate::{Node, Schema, Typed, Value};

impl Node {
    /// The node as JSON by a schema, aliases followed.
    ///
    /// * Of duplicate keys the last one wins; keys are the keys' text, and a key that is a
    ///   collection becomes its own JSON text.
    /// * [`Schema::Yaml11`] applies merge keys (`<<`), the other schemas leave them as keys.
    /// * Tags other than those of the core schema are dropped and their scalars are strings.
    /// * Numbers that JSON cannot hold (`.nan`, `1e999`, more than 64 bits without a float) become
    ///   their text.
    ///
    /// The result is finite and bounded: see the invariant of the tree.
    #[must_use]
    pub fn to_json(&self, schema: Schema) -> Json {
        let node = self.resolved();
        match &node.value {
            Value::Seq(items) => Json::Array(items.iter().map(|item| item.to_json(schema)).collect()),
            Value::Map(entries) => {
                let mut object = Map::new();
                for entry in applied(entries, schema) {
                    object.insert(json_key(&entry.key, schema), entry.value.to_json(schema));
                }
                Json::Object(object)
            }
            Value::Scalar(scalar) => match node.typed(schema) {
                Typed::Null | Typed::Collection => Json::Null,
                Typed::Bool(value) => Json::Bool(value),
                Typed::Str(text) => Json::String(text.to_owned()),
                Typed::Int(value) => number(value).map_or_else(|| Json::String(scalar.text.clone()), Json::Number),
                Typed::Float(value) => {
                    Number::from_f64(value).map_or_else(|| Json::String(scalar.text.clone()), Json::Number)
                }
            },
            Value::Alias(_) => Json::Null,
        }
    }
}

fn number(value: i128) -> Option<Number> {
    if let Ok(value) = i64::try_from(value) {
        return Some(value.into());
    }
    if let Ok(value) = u64::try_from(value) {
        return Some(value.into());
    }
    Number::from_f64(value as f64)
}

fn json_key(key: &Node, schema: Schema) -> String {
    match key.as_str() {
        Some(text) => text.to_owned(),
        None => key.to_json(schema).to_string(),
    }
}
