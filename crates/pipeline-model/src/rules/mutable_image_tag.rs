//! The image has no tag but `latest`.

use spec_report::{Findings, declare_rule};

use super::subject::Subject;

declare_rule! {
    /// ## What it does
    /// Finds `ECRBuildAndPublish` actions whose only tag is `latest`, which is also what they use when none is
    /// given.
    ///
    /// ## Why
    /// The tag moves with every execution: a rollback, or a task that starts later, gets another image than the one
    /// that was tested.
    pub(crate) static MUTABLE_IMAGE_TAG = {
        id: "pipeline-model/mutable-image-tag",
        severity: Warning,
        summary: "the image has no tag but `latest`",
    }
}

pub(super) fn check(subject: &Subject, out: &mut Findings<'_>) {
    for found in subject.actions().filter(|found| found.action.action_type_id.provider == "ECRBuildAndPublish") {
        let settings = subject.settings(&found);
        let path = found.config_path("ImageTags");
        let span = match settings.known("ImageTags") {
            Some(tags) if tags.split(',').all(|tag| tag.trim() == "latest") => subject.value(&path),
            None if settings.lacks("ImageTags") => subject.name(found.path),
            _ => continue,
        };
        let message = format!("the image of action `{}` has no tag but `latest`", found.action.name);
        subject
            .report(out, &MUTABLE_IMAGE_TAG, span, message)
            .set_help("add one of its own, such as the commit: `ImageTags: \"latest,#{Source.CommitId}\"`");
    }
}
