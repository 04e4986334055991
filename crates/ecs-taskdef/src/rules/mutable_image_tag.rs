//! `ecs-taskdef/mutable-image-tag`.

use spec_report::{Findings, declare_rule};

use super::Subject;
use crate::placeholder;

declare_rule! {
    /// Finds images without a tag or with a tag that is made to move, such as `latest`.
    pub static MUTABLE_IMAGE_TAG = {
        id: "ecs-taskdef/mutable-image-tag",
        severity: Info,
        summary: "an image's tag is made to move",
    }
}

const MOVING: [&str; 6] = ["latest", "stable", "main", "master", "edge", "nightly"];

pub(super) fn check(subject: &Subject, out: &mut Findings<'_>) {
    for container in &subject.containers {
        let Some(image) = &container.image else { continue };
        let text = image.value.as_str();
        if text.trim().is_empty() || text.contains('@') || placeholder::has_any(text) {
            continue;
        }
        // A colon before the last slash belongs to a port of the registry.
        let name = text.rsplit_once('/').map_or(text, |(_, name)| name);
        let message = match name.split_once(':') {
            None => format!("the image of {} has no tag, which means `latest`", container.title()),
            Some((_, tag)) if MOVING.contains(&tag) => {
                format!("the image of {} has the tag `{tag}`, which moves", container.title())
            }
            Some(_) => continue,
        };
        out.report(&MUTABLE_IMAGE_TAG, subject.source(), image.span, message)
            .set_help("a rollback brings back the old task definition, and with it whatever the tag means by then");
    }
}
