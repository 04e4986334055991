//! `ecs-taskdef/links-network-mode`.

use spec_report::{Findings, declare_rule};

use super::Subject;
use crate::NetworkMode;

declare_rule! {
    /// Finds `links` in tasks whose network mode has none.
    pub static LINKS_NETWORK_MODE = {
        id: "ecs-taskdef/links-network-mode",
        severity: Error,
        summary: "links exist in the network mode `bridge` only",
        service: "Links are not supported when networkMode=awsvpc",
    }
}

pub(super) fn check(subject: &Subject, out: &mut Findings<'_>) {
    let Some(mode) = &subject.network_mode else { return };
    if mode.value == NetworkMode::Bridge || crate::placeholder::has_any(mode.value.as_str()) {
        return;
    }
    for container in &subject.containers {
        if let Some(place) = container.links {
            let message = format!("{} has links, but the network mode is `{}`", container.title(), mode.value);
            let found = out.report(&LINKS_NETWORK_MODE, subject.source(), place, message);
            found.add_label(subject.source(), mode.span, "the network mode");
            if mode.value == NetworkMode::Awsvpc {
                found.set_help("containers of one task reach each other at `localhost`");
            }
        }
    }
}
