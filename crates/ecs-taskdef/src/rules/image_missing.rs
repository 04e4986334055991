//! `ecs-taskdef/image-missing`.

use spec_report::{Findings, declare_rule};

use super::Subject;

declare_rule! {
    /// Finds containers without an image.
    pub static IMAGE_MISSING = {
        id: "ecs-taskdef/image-missing",
        severity: Error,
        summary: "a container has no image",
        service: "Container.image should not be null or empty.",
    }
}

pub(super) fn check(subject: &Subject, out: &mut Findings<'_>) {
    for container in &subject.containers {
        match &container.image {
            Some(image) if image.value.trim().is_empty() => {
                let message = format!("the image of {} is empty", container.title());
                out.report(&IMAGE_MISSING, subject.source(), image.span, message)
                    .set_help("name an image, or `<IMAGE1_NAME>` if a deployment fills it in");
            }
            None if !container.cut_off => {
                let message = format!("{} has no image", container.title());
                out.report(&IMAGE_MISSING, subject.source(), container.head(), message)
                    .set_help("name an image, or `<IMAGE1_NAME>` if a deployment fills it in");
            }
            _ => {}
        }
    }
}
