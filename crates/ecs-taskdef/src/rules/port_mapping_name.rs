//! `ecs-taskdef/port-mapping-name`.

use std::collections::HashMap;

use spec_report::{Findings, Span, declare_rule};

use super::Subject;
use crate::placeholder;

declare_rule! {
    /// Finds names of port mappings that are used twice, are longer than 64 characters or have others than `[a-z0-9_-]`.
    pub static PORT_MAPPING_NAME = {
        id: "ecs-taskdef/port-mapping-name",
        severity: Error,
        summary: "the name of a port mapping is not allowed or taken",
        service: "port mapping name is already used",
    }
}

pub(super) fn check(subject: &Subject, out: &mut Findings<'_>) {
    let view = subject.view();
    let mut seen: HashMap<String, Span> = HashMap::new();
    for (_, node) in subject.container_nodes() {
        for name in view.list(node, "portMappings").iter().filter_map(|mapping| view.text(mapping, "name")) {
            if name.value.is_empty() || placeholder::has_any(&name.value) {
                continue;
            }
            if !is_allowed(&name.value) {
                let message = format!("`{}` is not allowed as the name of a port mapping", name.value);
                out.report(&PORT_MAPPING_NAME, subject.source(), name.span, message)
                    .set_help("up to 64 lower-case letters, digits, `_` and `-`, which is not the first one");
            } else if let Some(&first) = seen.get(&name.value) {
                let message = format!("two port mappings are named `{}`", name.value);
                out.report(&PORT_MAPPING_NAME, subject.source(), name.span, message).add_label(
                    subject.source(),
                    first,
                    "used here first",
                );
            } else {
                seen.insert(name.value, name.span);
            }
        }
    }
}

fn is_allowed(name: &str) -> bool {
    name.len() <= 64
        && !name.starts_with('-')
        && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'_' | b'-'))
}
