//! A permission for a type of object that does not exist.

use spec_report::{Findings, declare_rule};

use super::Subject;
use crate::agent;
use crate::model::server::ObjectType;

declare_rule! {
    /// ## What it does
    /// Reports an item of `permissions[].type` other than `file` and `directory`.
    pub(crate) static INVALID_OBJECT_TYPE = {
        id: "appspec/invalid-object-type",
        severity: Error,
        summary: "a permission for a type of object that does not exist",
        service: "The deployment failed because the application specification filespecifies a permission for an object type not supported for permissions (X). Update the permissions section of the AppSpec file, and then try again.",
    }
}

pub(super) fn check(subject: &Subject, findings: &mut Findings<'_>) {
    let Some(server) = subject.server() else { return };
    for kind in server.permissions.iter().flat_map(|permission| permission.types.iter().flatten()) {
        if let ObjectType::Unknown(text) = &kind.value {
            let message = format!("the type must be `file` or `directory`, but is `{text}`");
            findings
                .report(&INVALID_OBJECT_TYPE, subject.source(), kind.span, message)
                .set_help(agent::says(&agent::unsupported_object_type(text)));
        }
    }
}
