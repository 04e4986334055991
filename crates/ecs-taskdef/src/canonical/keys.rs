//! What identifies an item of a list, for lists that are sets.

use serde_json::Value as Json;

/// By list: the key of an item that identifies it.
static KEYS: &[(&str, &str)] = &[
    ("containerDefinitions", "name"),
    ("dependsOn", "containerName"),
    ("environment", "name"),
    ("extraHosts", "hostname"),
    ("mountPoints", "containerPath"),
    ("properties", "name"),
    ("resourceRequirements", "type"),
    ("secretOptions", "name"),
    ("secrets", "name"),
    ("systemControls", "namespace"),
    ("tags", "key"),
    ("ulimits", "name"),
    ("volumes", "name"),
    ("volumesFrom", "sourceContainer"),
];

/// Whether the order of a list has no meaning.
pub(super) fn is_unordered(list: &str) -> bool {
    matches!(list, "portMappings" | "requiresCompatibilities" | "placementConstraints")
        || KEYS.iter().any(|(name, _)| *name == list)
}

/// What identifies an item of a list; `None` if its place does.
pub(crate) fn key_of(list: &str, item: &Json) -> Option<String> {
    match list {
        "portMappings" => {
            let port = item.get("containerPort").or_else(|| item.get("containerPortRange"));
            let protocol = item.get("protocol").and_then(Json::as_str).unwrap_or("tcp");
            // Numbers are padded so that they sort as numbers.
            let port = match port {
                Some(Json::Number(number)) => format!("{:>5}", number.to_string()),
                Some(Json::String(range)) => range.clone(),
                _ => String::new(),
            };
            Some(format!("{port}/{protocol}"))
        }
        "requiresCompatibilities" => item.as_str().map(str::to_owned),
        _ => {
            let (_, key) = KEYS.iter().find(|(name, _)| *name == list)?;
            item.get(key).and_then(Json::as_str).map(str::to_owned)
        }
    }
}
