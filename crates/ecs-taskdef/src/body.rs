//! The request of `RegisterTaskDefinition`, made from the whole document.
//!
//! Exactly the nine fields that only describe a registered revision are left out. Everything else goes to the service,
//! also what this version has never heard of: a list of fields to copy would lose what AWS adds next.

use serde_json::{Map, Value as Json, json};
use spec_report::{Node, Schema, Typed, Value};

use crate::TaskDefinition;
use crate::model::definition_node;
use crate::model::shape::{CONTAINERS, Kind, READ_ONLY, Shape, TAGS, TASK_DEFINITION};

/// A request of `RegisterTaskDefinition`.
#[derive(Clone, Debug, PartialEq)]
pub struct Body {
    family: String,
    json: Json,
}

/// Why a document makes no request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BodyError {
    /// The document is no mapping, so there are no fields to send.
    #[error("the task definition is not a mapping, so there is nothing to register")]
    NotAMapping,
    /// There is no family to make a revision of.
    #[error("the task definition names no `family`, so it has no name to be registered under")]
    NoFamily,
}

impl Body {
    /// The request that registers a task definition. A plain list of containers needs a family from
    /// [`ReadOptions`](crate::read::ReadOptions).
    ///
    /// Nulls are left out, as the API takes them for absent, and so are empty roles and modes, which old exports of the
    /// console write for "not set". Values have the API's types: `"cpu": 256` becomes `"256"`.
    ///
    /// # Errors
    /// [`BodyError`] if the document is no mapping or has no family.
    pub fn of(task_definition: &TaskDefinition) -> Result<Self, BodyError> {
        Self::from_json(fields(task_definition)?)
    }

    /// A request from JSON that is sent as it is, but for the read-only fields.
    ///
    /// # Errors
    /// [`BodyError`] if it is no object or has no family.
    pub fn from_json(json: Json) -> Result<Self, BodyError> {
        let Json::Object(mut fields) = json else { return Err(BodyError::NotAMapping) };
        for key in READ_ONLY {
            fields.remove(key);
        }
        let family = fields.get("family").and_then(Json::as_str).filter(|family| !family.is_empty());
        let family = family.ok_or(BodyError::NoFamily)?.to_owned();
        Ok(Self { family, json: Json::Object(fields) })
    }

    /// A request from what `DescribeTaskDefinition` answers, to register the same again.
    ///
    /// # Errors
    /// [`BodyError`] if the answer holds no task definition.
    pub fn from_described(described: &Json) -> Result<Self, BodyError> {
        let mut fields = described.get("taskDefinition").unwrap_or(described).clone();
        let tags = described.get("tags").and_then(Json::as_array).filter(|tags| !tags.is_empty());
        if let (Json::Object(fields), Some(tags)) = (&mut fields, tags) {
            fields.entry("tags").or_insert_with(|| Json::Array(tags.clone()));
        }
        Self::from_json(fields)
    }

    /// The family.
    #[must_use]
    pub fn family(&self) -> &str {
        &self.family
    }

    /// The request as JSON.
    #[must_use]
    pub fn as_json(&self) -> &Json {
        &self.json
    }

    /// The bytes to send.
    #[must_use]
    pub fn to_text(&self) -> String {
        self.json.to_string()
    }
}

/// What a document says, with the API's types and without the read-only fields; a family is not needed.
pub(crate) fn fields(task_definition: &TaskDefinition) -> Result<Json, BodyError> {
    let root = task_definition.document().root().ok_or(BodyError::NotAMapping)?;
    let schema = task_definition.schema();
    if task_definition.is_container_list() {
        let mut json = json!({ "containerDefinitions": convert(root, Some(CONTAINERS), schema) });
        if let Some(family) = &task_definition.reading.family {
            json["family"] = json!(family);
        }
        return Ok(json);
    }
    let node = definition_node(root);
    let entries = node.as_map().ok_or(BodyError::NotAMapping)?;
    let mut json = Map::new();
    for entry in entries {
        let key = entry.key.as_str().unwrap_or_default();
        if READ_ONLY.contains(&key) {
            // An earlier duplicate of the key cannot exist in the output either.
            continue;
        }
        insert(&mut json, key, &entry.value, TASK_DEFINITION.kind(key), schema);
    }
    // `DescribeTaskDefinition` gives the tags beside the task definition.
    if task_definition.wrapped
        && !json.contains_key("tags")
        && let Some(tags) = root.get("tags")
    {
        insert(&mut json, "tags", tags, Some(TAGS), schema);
    }
    Ok(Json::Object(json))
}

fn insert(json: &mut Map<String, Json>, key: &str, node: &Node, kind: Option<Kind>, schema: Schema) {
    let null = node.is_null(schema) && kind.is_some();
    if null || (node.as_str() == Some("") && empty_is_absent(key, kind)) {
        // Of equal keys the last one counts, also when it says "nothing".
        json.remove(key);
    } else {
        json.insert(key.to_owned(), convert(node, kind, schema));
    }
}

/// The API refuses an empty role (`Role is not valid`), mode or amount; files have them for "not set".
fn empty_is_absent(key: &str, kind: Option<Kind>) -> bool {
    matches!(kind, Some(Kind::OneOf(_) | Kind::Amount)) || matches!(key, "taskRoleArn" | "executionRoleArn")
}

/// A node as JSON of the kind that the API wants; what does not fit stays as it is written.
fn convert(node: &Node, kind: Option<Kind>, schema: Schema) -> Json {
    let resolved = node.resolved();
    match (kind, &resolved.value) {
        (Some(Kind::Struct(shape)), Value::Map(_)) => structure(resolved, shape, schema),
        (Some(Kind::StrMap), Value::Map(entries)) => {
            let mut object = Map::new();
            for entry in entries {
                let key = entry.key.as_str().unwrap_or_default();
                object.insert(key.to_owned(), convert(&entry.value, Some(Kind::Str), schema));
            }
            Json::Object(object)
        }
        (Some(Kind::List(item)), Value::Seq(items)) => {
            items.iter().map(|node| convert(node, Some(*item), schema)).collect()
        }
        (Some(Kind::Str | Kind::OneOf(_) | Kind::Amount), Value::Scalar(scalar)) => match node.typed(schema) {
            // The text as written: `3.10` stays `3.10`.
            Typed::Int(_) | Typed::Float(_) | Typed::Bool(_) => Json::String(scalar.text.clone()),
            _ => node.to_json(schema),
        },
        (Some(Kind::Int), Value::Scalar(scalar)) => match (node.typed(schema), scalar.text.parse::<i64>()) {
            (Typed::Str(_), Ok(number)) => Json::from(number),
            _ => node.to_json(schema),
        },
        (Some(Kind::Bool), Value::Scalar(scalar)) => match scalar.text.as_str() {
            "true" => Json::Bool(true),
            "false" => Json::Bool(false),
            _ => node.to_json(schema),
        },
        _ => node.to_json(schema),
    }
}

fn structure(node: &Node, shape: &Shape, schema: Schema) -> Json {
    let mut object = Map::new();
    for entry in node.as_map().unwrap_or_default() {
        let key = entry.key.as_str().unwrap_or_default();
        insert(&mut object, key, &entry.value, shape.kind(key), schema);
    }
    Json::Object(object)
}
