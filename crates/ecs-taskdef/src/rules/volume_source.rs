//! `ecs-taskdef/volume-source`.

use std::collections::HashMap;

use spec_report::{Findings, Span, declare_rule};

use super::Subject;

declare_rule! {
    /// Finds volumes with more than one configuration, and names that two volumes have.
    pub static VOLUME_SOURCE = {
        id: "ecs-taskdef/volume-source",
        severity: Error,
        summary: "a volume has two kinds, or its name is taken",
    }
}

const KINDS: [&str; 4] = [
    "dockerVolumeConfiguration",
    "efsVolumeConfiguration",
    "s3filesVolumeConfiguration",
    "fsxWindowsFileServerVolumeConfiguration",
];

pub(super) fn check(subject: &Subject, out: &mut Findings<'_>) {
    let Some(node) = subject.node() else { return };
    let view = subject.view();
    let mut seen: HashMap<&str, Span> = HashMap::new();
    for volume in view.list(node, "volumes") {
        // Descriptions have an empty `host` beside whatever the volume is.
        let host = view.entry(volume, "host").filter(|host| view.text(host, "sourcePath").is_some());
        let kinds = KINDS.iter().filter_map(|key| Some((*key, view.entry(volume, key)?)));
        let mut kinds = host.map(|host| ("host", host)).into_iter().chain(kinds);
        if let (Some((first, one)), Some((second, other))) = (kinds.next(), kinds.next()) {
            let message = format!("the volume has `{first}` and `{second}`, but can be one thing only");
            out.report(&VOLUME_SOURCE, subject.source(), other.span, message).add_label(
                subject.source(),
                one.span,
                "the other one",
            );
        }
    }
    for name in &subject.volumes {
        match seen.get(name.value.as_str()) {
            Some(&first) => {
                let message = format!("two volumes are named `{}`", name.value);
                out.report(&VOLUME_SOURCE, subject.source(), name.span, message).add_label(
                    subject.source(),
                    first,
                    "used here first",
                );
            }
            None => _ = seen.insert(&name.value, name.span),
        }
    }
}
