//! What `RegisterTaskDefinition` of the in-memory cluster refuses, in the service's own words.
//!
//! Written from the reference and not with the crate's rules, so that the two can be held against each other.

use std::collections::HashSet;

use serde_json::Value as Json;

use crate::{fargate, units};

/// The message of the `ClientException`, if the request is refused.
pub(super) fn objection(body: &Json) -> Option<String> {
    let family = body.get("family").and_then(Json::as_str).unwrap_or_default();
    if !is_name(family) {
        return Some("Family contains invalid characters.".to_owned());
    }
    let containers = list(body, "containerDefinitions");
    if containers.is_empty() {
        return Some("Container list cannot be empty.".to_owned());
    }
    if containers.len() > 10 {
        return Some("Too many containers.".to_owned());
    }
    names(containers)
        .or_else(|| essential(containers))
        .or_else(|| dependencies(containers))
        .or_else(|| size(body, containers))
        .or_else(|| ports(body, containers))
        .or_else(|| roles(body, containers))
}

fn list<'j>(json: &'j Json, key: &str) -> &'j [Json] {
    json.get(key).and_then(Json::as_array).map_or(&[], Vec::as_slice)
}

fn text<'j>(json: &'j Json, key: &str) -> &'j str {
    json.get(key).and_then(Json::as_str).unwrap_or_default()
}

fn is_name(name: &str) -> bool {
    (1..=255).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

fn names(containers: &[Json]) -> Option<String> {
    let mut seen = HashSet::new();
    for container in containers {
        let name = text(container, "name");
        let message = if name.is_empty() {
            "Container.name should not be null or empty."
        } else if !is_name(name) {
            "Container.name contains invalid characters."
        } else if text(container, "image").is_empty() {
            "Container.image should not be null or empty."
        } else if !seen.insert(name) {
            "Container names must be unique within a task definition."
        } else {
            continue;
        };
        return Some(message.to_owned());
    }
    None
}

fn is_essential(container: &Json) -> bool {
    container.get("essential").and_then(Json::as_bool).unwrap_or(true)
}

fn essential(containers: &[Json]) -> Option<String> {
    let any = containers.iter().any(is_essential);
    (!any).then(|| "Task definition doesn't have any essential container.".to_owned())
}

fn dependencies(containers: &[Json]) -> Option<String> {
    let find = |name: &str| containers.iter().find(|container| text(container, "name") == name);
    for container in containers {
        for dependency in list(container, "dependsOn") {
            let name = text(dependency, "containerName");
            let Some(target) = find(name) else {
                return Some(format!("Cannot depend on container {name} because it does not exist."));
            };
            let condition = text(dependency, "condition");
            if matches!(condition, "SUCCESS" | "COMPLETE") && is_essential(target) {
                return Some(
                    "A dependency container with SUCCESS or COMPLETE condition cannot be an essential container."
                        .to_owned(),
                );
            }
            if condition == "HEALTHY" && target.get("healthCheck").is_none() {
                return Some(
                    "A dependency container with HEALTHY condition must have health check configured.".to_owned(),
                );
            }
        }
    }
    // A task starts if its containers can be taken away one by one, each when it waits for none that is left.
    let mut left: Vec<&Json> = containers.iter().collect();
    loop {
        let names: HashSet<&str> = left.iter().map(|container| text(container, "name")).collect();
        let before = left.len();
        left.retain(|container| {
            list(container, "dependsOn").iter().any(|dependency| names.contains(text(dependency, "containerName")))
        });
        if left.is_empty() {
            return None;
        }
        if left.len() == before {
            return Some("Container dependencies form a cycle.".to_owned());
        }
    }
}

fn is_fargate(body: &Json) -> bool {
    list(body, "requiresCompatibilities").iter().any(|required| required == "FARGATE")
}

fn size(body: &Json, containers: &[Json]) -> Option<String> {
    if is_fargate(body) {
        if text(body, "networkMode") != "awsvpc" {
            return Some("Fargate only supports network mode ‘awsvpc’.".to_owned());
        }
        for key in ["cpu", "memory"] {
            if text(body, key).is_empty() {
                return Some(format!("Fargate requires that '{key}' be defined at the task level."));
            }
        }
        let Some(cpu) = units::cpu(text(body, "cpu")) else {
            return Some("Invalid 'cpu' setting for task.".to_owned());
        };
        if !units::memory(text(body, "memory")).is_some_and(|memory| fargate::offers(cpu, memory)) {
            return Some("No Fargate configuration exists for given values.".to_owned());
        }
    }
    let task_cpu = units::cpu(text(body, "cpu"));
    let sum: i64 = containers.iter().filter_map(|container| container.get("cpu").and_then(Json::as_i64)).sum();
    if task_cpu.is_some_and(|cpu| sum > i64::from(cpu)) {
        return Some(
            "The sum of all container 'cpu' values cannot be greater than the value of the task 'cpu'.".to_owned(),
        );
    }
    for container in containers {
        let name = text(container, "name");
        let memory = container.get("memory").and_then(Json::as_i64);
        let reservation = container.get("memoryReservation").and_then(Json::as_i64);
        if text(body, "memory").is_empty() && memory.is_none() && reservation.is_none() {
            return Some(format!(
                "Invalid setting for container '{name}'. At least one of 'memory' or 'memoryReservation' must be specified."
            ));
        }
        if matches!((memory, reservation), (Some(memory), Some(reserved)) if reserved > memory) {
            return Some(format!(
                "Invalid setting for container '{name}'. 'memory' must be greater than or equal to 'memoryReservation'."
            ));
        }
    }
    None
}

fn ports(body: &Json, containers: &[Json]) -> Option<String> {
    let mode = text(body, "networkMode");
    if !matches!(mode, "awsvpc" | "host") {
        return None;
    }
    let clash = containers.iter().flat_map(|container| list(container, "portMappings")).any(|port| {
        let number = |key: &str| port.get(key).and_then(Json::as_i64);
        matches!((number("containerPort"), number("hostPort")), (Some(port), Some(host)) if host != 0 && host != port)
    });
    clash.then(|| format!("When networkMode={mode}, the host ports and container ports in port mappings must match."))
}

fn roles(body: &Json, containers: &[Json]) -> Option<String> {
    if body.get("taskRoleArn").is_some_and(|role| role == "")
        || body.get("executionRoleArn").is_some_and(|role| role == "")
    {
        return Some("Role is not valid".to_owned());
    }
    if !text(body, "executionRoleArn").is_empty() {
        return None;
    }
    if containers.iter().any(|container| !list(container, "secrets").is_empty()) {
        return Some(
            "When you are specifying container secrets, you must also specify a value for 'executionRoleArn'."
                .to_owned(),
        );
    }
    let awslogs =
        |container: &Json| container.get("logConfiguration").is_some_and(|logs| text(logs, "logDriver") == "awslogs");
    if is_fargate(body) && containers.iter().any(awslogs) {
        return Some(
            "Fargate requires task definition to have execution role ARN to support log driver awslogs.".to_owned(),
        );
    }
    None
}
