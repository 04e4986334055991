//! `ecs-taskdef/port-range`.

use spec_report::{Findings, declare_rule};

use super::Subject;
use crate::placeholder;

declare_rule! {
    /// Finds ports outside 1 to 65535, and ranges that are reversed, too long, or given beside a single port.
    pub static PORT_RANGE = {
        id: "ecs-taskdef/port-range",
        severity: Error,
        summary: "a port or a range of ports does not exist",
        service: "Invalid 'containerPort' setting for container 'X'.",
    }
}

/// How many ports a range holds.
const MOST_PORTS: i64 = 100;

pub(super) fn check(subject: &Subject, out: &mut Findings<'_>) {
    let view = subject.view();
    for (container, node) in subject.container_nodes() {
        for mapping in view.list(node, "portMappings") {
            let single = view.int(mapping, "containerPort");
            let host = view.int(mapping, "hostPort");
            // Host port 0 asks for any.
            for (key, port, least) in [("containerPort", &single, 1), ("hostPort", &host, 0)] {
                if let Some(port) = port.as_ref().filter(|port| !(least..=65_535).contains(&port.value)) {
                    let message = format!("the `{key}` {} of {} is not a port", port.value, container.title());
                    out.report(&PORT_RANGE, subject.source(), port.span, message);
                }
            }
            let range = view.text(mapping, "containerPortRange");
            let Some(range) = range.filter(|range| !range.value.is_empty() && !placeholder::has_any(&range.value))
            else {
                continue;
            };
            if let Some(problem) = objection(&range.value) {
                let message = format!("the `containerPortRange` `{}` of {} {problem}", range.value, container.title());
                out.report(&PORT_RANGE, subject.source(), range.span, message);
            }
            if let Some(port) = single.or(host) {
                let message = format!("{} maps a single port and a range at once", container.title());
                out.report(&PORT_RANGE, subject.source(), range.span, message)
                    .add_label(subject.source(), port.span, "the single port")
                    .set_help("make two mappings of them");
            }
        }
    }
}

fn objection(range: &str) -> Option<String> {
    let port = |text: &str| text.trim().parse::<i64>().ok().filter(|port| (1..=65_535).contains(port));
    let ends = range.split_once('-').and_then(|(first, last)| Some((port(first)?, port(last)?)));
    match ends {
        None => Some("is not written as `first-last` with ports from 1 to 65535".to_owned()),
        Some((first, last)) if first >= last => Some("does not go upwards".to_owned()),
        Some((first, last)) if last - first >= MOST_PORTS => Some(format!("has more than {MOST_PORTS} ports")),
        Some(_) => None,
    }
}
