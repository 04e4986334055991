//! An ACL entry that the agent refuses.

use spec_report::{Findings, declare_rule};

use super::Subject;
use crate::agent;
use crate::model::acl::parse_ace;

declare_rule! {
    /// ## What it does
    /// Reports an entry of `acls` that is not `[d:][u|g|m|o:][name]:permissions`, that names a mask or
    /// other, or that sets what `mode` must set.
    pub(crate) static INVALID_ACL = {
        id: "appspec/invalid-acl",
        severity: Error,
        summary: "an ACL entry that the agent refuses",
        service: "The deployment failed because of a problem with the acls permission settings in the application specification file. Invalid acl entry (ACE).",
    }
}

pub(super) fn check(subject: &Subject, findings: &mut Findings<'_>) {
    let Some(server) = subject.server() else { return };
    for entry in server.permissions.iter().flat_map(|permission| permission.acls.iter().flatten()) {
        if let Err(sentence) = parse_ace(&entry.value) {
            let message = format!("`{}` is no ACL entry that can be set here", entry.value);
            findings.report(&INVALID_ACL, subject.source(), entry.span, message).set_help(agent::says(&sentence));
        }
    }
}
