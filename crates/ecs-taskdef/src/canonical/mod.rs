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
    prune(&mut filled, TASK);
    fill(&mut filled);
    if let Json::Object(fields) = &mut filled {
        fields.entry("enableFaultInjection").or_insert(Json::Bool(false));
    }
    filled.sort_all_objects();
    prune(&mut filled, TASK);
    filled
}

/// Whether two task definitions mean the same to ECS.
#[must_use]
pub fn equal(a: &Json, b: &Json) -> bool {
    canonicalize(a) == canonicalize(b)
}

const TASK: Kind = Kind::Struct(&TASK_DEFINITION);

/// Takes out of a value what counts as absent and sorts what has no order. Whether anything is left; if not, the value is
/// an empty object.
fn prune(value: &mut Json, kind: Kind) -> bool {
    let left = match (kind, &mut *value) {
        (_, Json::Null) => false,
        (Kind::OneOf(_) | Kind::Amount, Json::String(text)) => !text.is_empty(),
        (Kind::Struct(shape), Json::Object(fields)) => structure(fields, shape),
        (Kind::StrMap, Json::Object(fields)) => !fields.is_empty(),
        (Kind::List(item), Json::Array(items)) => {
            // An item keeps its place even if nothing is left of it: whether the list has it is a difference.
            for value in items.iter_mut() {
                prune(value, *item);
            }
            !items.is_empty()
        }
        (Kind::Int, Json::Number(number)) => {
            if let Some(whole) = whole(number) {
                *number = whole;
            }
            true
        }
        _ => true,
    };
    if !left {
        *value = Json::Object(Map::new());
    }
    left
}

fn structure(fields: &mut Map<String, Json>, shape: &Shape) -> bool {
    fields.retain(|key, value| {
        let Some(kind) = shape.kind(key) else { return true };
        let role = matches!(key.as_str(), "taskRoleArn" | "executionRoleArn") && value == "";
        if role || !prune(value, kind) {
            return false;
        }
        if let Json::Array(items) = value
            && keys::is_unordered(key)
        {
            sort(key, items);
        }
        true
    });
    !fields.is_empty()
}

/// Sorts by what identifies the items, and by all they hold where that is the same.
fn sort(list: &str, items: &mut Vec<Json>) {
    let mut keyed: Vec<(Option<String>, Json)> = items.drain(..).map(|item| (key_of(list, &item), item)).collect();
    keyed.sort_by(|(key, item), (other_key, other)| {
        key.cmp(other_key).then_with(|| item.to_string().cmp(&other.to_string()))
    });
    items.extend(keyed.into_iter().map(|(_, item)| item));
}

/// `80.0` is 80.
fn whole(number: &serde_json::Number) -> Option<serde_json::Number> {
    let float = number.as_f64().filter(|float| number.is_f64() && float.fract() == 0.0 && float.abs() < 9e15)?;
    #[allow(clippy::cast_possible_truncation, reason = "only whole numbers within 53 bits get here")]
    Some(serde_json::Number::from(float as i64))
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
