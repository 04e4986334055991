//! `ecs-taskdef/mount-point-unknown-volume`.

use spec_report::{Findings, declare_rule, did_you_mean};

use super::Subject;

declare_rule! {
    /// Finds mount points of volumes that the task does not have.
    pub static MOUNT_POINT_UNKNOWN_VOLUME = {
        id: "ecs-taskdef/mount-point-unknown-volume",
        severity: Error,
        summary: "a mount point names a volume that does not exist",
        service: "Unknown volume '%s'",
    }
}

pub(super) fn check(subject: &Subject, out: &mut Findings<'_>) {
    if !subject.is_whole() {
        return;
    }
    for container in &subject.containers {
        for mount in &container.mount_points {
            let Some(volume) = &mount.source_volume else { continue };
            let known = || subject.volumes.iter().map(|volume| volume.value.as_str());
            if known().any(|name| name == volume.value) || crate::placeholder::has_any(&volume.value) {
                continue;
            }
            let message = format!("{} mounts the volume `{}`, which does not exist", container.title(), volume.value);
            let found = out.report(&MOUNT_POINT_UNKNOWN_VOLUME, subject.source(), volume.span, message);
            match did_you_mean(&volume.value, known()) {
                Some(near) => found.set_help(format!("did you mean `{near}`?")),
                None => found.set_help("volumes are declared in `volumes` beside `containerDefinitions`"),
            };
        }
    }
}
