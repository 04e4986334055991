//! One form for all task definitions that mean the same to ECS.
//!
//! What is registered and what `DescribeTaskDefinition` gives back differ: ECS fills in defaults, turns `"1 vCPU"` into
//! `"1024"` and does not keep the order of variables. [`canonicalize`] undoes all of that, so that equality and
//! differences are about meaning. The oracle is [`fill()`]: for every definition, filling first changes nothing.

mod fill;
mod keys;

use serde_json::{Map, Value as Json};

use crate::model::shape::{Kind, READ_ONLY, Shape, TASK_DEFINITION};
use crate::units;

pub use fill::fill;
pub(crate) use keys::key_of;

/// The canonical form of a task definition, given as a request or as the service describes it.
///
/// - the nine read-only fields are left out;
/// - null, `[]` and `{}` count as absent, and so do empty roles and modes;
/// - defaults that ECS fills in are filled in;
/// - amounts of CPU and memory are whole units;
/// - lists whose order has no meaning are sorted by what identifies their items. `command`, `entryPoint`, `links`,
///   `dnsServers`, `environmentFiles` and a health check's command keep their order.
///
/// Fields that this version does not know stay as they are.
#[must_use]
pub fn canonicalize(task_definition: &Json) -> Json {
    let mut filled = task_definition.get("taskDefinition").unwrap_or(task_definition).clone();
    if let (Json::Object(fields), Some(tags)) = (&mut filled, task_definition.get("tags")) {
        fields.entry("tags").or_insert_with(|| tags.clone());
    }
    if let Json::Object(fields) = &mut filled {
        for key in READ_ONLY {
            fields.remove(key);
        }
    }
    // Another crate of a program may turn on `serde_json/preserve_order`; the form must not depend on it.
    filled.sort_all_objects();
    // Words for "absent" go first, so that the defaults are filled in for them too.
    let mut bare = normal(&filled, Kind::Struct(&TASK_DEFINITION)).unwrap_or_else(|| Json::Object(Map::new()));
    fill(&mut bare);
    if let Json::Object(fields) = &mut bare {
        fields.entry("enableFaultInjection").or_insert(Json::Bool(false));
    }
    bare.sort_all_objects();
    normal(&bare, Kind::Struct(&TASK_DEFINITION)).unwrap_or_else(|| Json::Object(Map::new()))
}

/// Whether two task definitions mean the same to ECS.
#[must_use]
pub fn equal(a: &Json, b: &Json) -> bool {
    canonicalize(a) == canonicalize(b)
}

/// A value without what counts as absent; `None` if nothing is left.
fn normal(value: &Json, kind: Kind) -> Option<Json> {
    match (kind, value) {
        (_, Json::Null) => None,
        (Kind::OneOf(_) | Kind::Amount, Json::String(text)) if text.is_empty() => None,
        (Kind::Struct(shape), Json::Object(fields)) => structure(fields, shape),
        (Kind::StrMap, Json::Object(fields)) => (!fields.is_empty()).then(|| value.clone()),
        (Kind::List(_), Json::Array(items)) if items.is_empty() => None,
        // An item keeps its place even if nothing is left of it: whether the list has it is a difference.
        (Kind::List(item), Json::Array(items)) => {
            Some(items.iter().map(|value| normal(value, *item).unwrap_or_else(|| Json::Object(Map::new()))).collect())
        }
        (Kind::Int, Json::Number(number)) => Some(whole(number)),
        _ => Some(value.clone()),
    }
}

fn structure(fields: &Map<String, Json>, shape: &Shape) -> Option<Json> {
    let mut out = Map::new();
    for (key, value) in fields {
        let Some(kind) = shape.kind(key) else {
            out.insert(key.clone(), value.clone());
            continue;
        };
        let role = matches!(key.as_str(), "taskRoleArn" | "executionRoleArn") && value == "";
        let Some(mut value) = normal(value, kind).filter(|_| !role) else { continue };
        if let Json::Array(items) = &mut value
            && keys::is_unordered(key)
        {
            items.sort_by_cached_key(|item| (key_of(key, item), item.to_string()));
        }
        out.insert(key.clone(), value);
    }
    (!out.is_empty()).then_some(Json::Object(out))
}

/// `80.0` is 80.
fn whole(number: &serde_json::Number) -> Json {
    match number.as_f64() {
        #[allow(clippy::cast_possible_truncation, reason = "only whole numbers within 53 bits get here")]
        Some(float) if number.is_f64() && float.fract() == 0.0 && float.abs() < 9e15 => Json::from(float as i64),
        _ => Json::Number(number.clone()),
    }
}

/// The amounts of a task in whole units, as ECS describes them.
fn amounts(fields: &mut Map<String, Json>) {
    for (key, read) in [("cpu", units::cpu as fn(&str) -> Option<u32>), ("memory", units::memory)] {
        let units = match fields.get(key) {
            Some(Json::String(text)) => read(text).map(|units| units.to_string()),
            Some(Json::Number(number)) => Some(number.to_string()),
            _ => None,
        };
        if let Some(units) = units {
            fields.insert(key.to_owned(), Json::String(units));
        }
    }
}
