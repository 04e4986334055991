//! What ECS adds to a task definition when it is registered.

use serde_json::{Map, Value as Json, json};

/// Fills in what `DescribeTaskDefinition` shows although it was not sent. Not filled, because ECS does not:
/// `mountPoints[].readOnly` and `runtimePlatform`.
pub fn fill(task_definition: &mut Json) {
    let Json::Object(fields) = task_definition else { return };
    super::amounts(fields);
    default(fields, "networkMode", || json!("bridge"));
    default(fields, "volumes", || json!([]));
    default(fields, "placementConstraints", || json!([]));
    let mode = fields.get("networkMode").and_then(Json::as_str).unwrap_or_default().to_owned();
    for container in items(fields, "containerDefinitions") {
        fill_container(container, &mode);
    }
    for volume in items(fields, "volumes") {
        fill_volume(volume);
    }
}

fn fill_container(container: &mut Map<String, Json>, network_mode: &str) {
    default(container, "cpu", || json!(0));
    default(container, "essential", || json!(true));
    for list in ["portMappings", "environment", "mountPoints", "volumesFrom", "systemControls"] {
        default(container, list, || json!([]));
    }
    for port in items(container, "portMappings") {
        default(port, "protocol", || json!("tcp"));
        if port.contains_key("containerPortRange") {
            continue;
        }
        let host = match network_mode {
            "awsvpc" | "host" => port.get("containerPort").cloned(),
            _ => Some(json!(0)),
        };
        // In these modes 0 means what is absent means: the container's port.
        if network_mode != "bridge" && port.get("hostPort") == Some(&json!(0)) {
            port.remove("hostPort");
        }
        if let Some(host) = host {
            default(port, "hostPort", || host);
        }
    }
    // A variable without a value is not there after registering.
    if let Some(Json::Array(variables)) = container.get_mut("environment") {
        variables.retain(|variable| {
            variable.as_object().is_none_or(|variable| variable.get("value").is_some_and(|value| !value.is_null()))
        });
    }
    if let Some(Json::Object(check)) = container.get_mut("healthCheck") {
        let command = check.get("command").and_then(Json::as_array).is_some_and(|command| !command.is_empty());
        if command {
            default(check, "interval", || json!(30));
            default(check, "timeout", || json!(5));
            default(check, "retries", || json!(3));
        }
    }
}

fn fill_volume(volume: &mut Map<String, Json>) {
    if let Some(Json::Object(efs)) = volume.get_mut("efsVolumeConfiguration")
        && efs.get("fileSystemId").is_some_and(|id| !id.is_null())
    {
        default(efs, "rootDirectory", || json!("/"));
    }
    default(volume, "configuredAtLaunch", || json!(false));
    let kinds = ["dockerVolumeConfiguration", "efsVolumeConfiguration", "fsxWindowsFileServerVolumeConfiguration"];
    let other =
        kinds.iter().any(|kind| volume.contains_key(*kind)) || volume.contains_key("s3filesVolumeConfiguration");
    if !other && volume.get("configuredAtLaunch") != Some(&json!(true)) {
        default(volume, "host", || json!({}));
    }
}

/// Sets a key that is absent or null.
fn default(object: &mut Map<String, Json>, key: &str, value: impl FnOnce() -> Json) {
    if object.get(key).is_none_or(Json::is_null) {
        object.insert(key.to_owned(), value());
    }
}

/// The objects of a list.
fn items<'j>(object: &'j mut Map<String, Json>, key: &str) -> impl Iterator<Item = &'j mut Map<String, Json>> {
    object.get_mut(key).and_then(Json::as_array_mut).into_iter().flatten().filter_map(Json::as_object_mut)
}
