//! A `file_exists_behavior` that does not exist.

use spec_report::{Edit, Findings, Fix, Safety, declare_rule};

use super::Subject;
use crate::agent;
use crate::model::server::FileExistsBehavior;

declare_rule! {
    /// ## What it does
    /// Reports a `file_exists_behavior` other than `DISALLOW`, `OVERWRITE` and `RETAIN`, in capitals.
    pub(crate) static FILE_EXISTS_BEHAVIOR = {
        id: "appspec/invalid-file-exists-behavior",
        severity: Error,
        summary: "`file_exists_behavior` has a value that does not exist",
        service: "The deployment failed because an invalid file_exists_behavior value (X) was entered in the application specification file. Make sure your AppSpec file specifies one of DISALLOW,OVERWRITE,RETAIN as the file_exists_behavior, and then try again.",
    }
}

pub(super) fn check(subject: &Subject, findings: &mut Findings<'_>) {
    let Some(behavior) = subject.server().and_then(|server| server.file_exists_behavior.as_ref()) else { return };
    let FileExistsBehavior::Unknown(text) = &behavior.value else { return };
    let message = format!("`file_exists_behavior` must be `DISALLOW`, `OVERWRITE` or `RETAIN`, but is `{text}`");
    let found = findings.report(&FILE_EXISTS_BEHAVIOR, subject.source(), behavior.span, message);
    found.set_help(agent::says(&agent::invalid_file_exists_behavior(text)));
    let capitals = text.trim().to_ascii_uppercase();
    if !matches!(FileExistsBehavior::from(capitals.clone()), FileExistsBehavior::Unknown(_)) {
        found.set_fix(Fix {
            title: format!("write `{capitals}`"),
            edits: vec![Edit { span: behavior.span, replacement: capitals }],
            safety: Safety::Safe,
        });
    }
}
