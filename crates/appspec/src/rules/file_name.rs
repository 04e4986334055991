//! A file name under which agent v1 does not find the AppSpec.

use spec_report::{Findings, Span, declare_rule};

use super::Subject;
use crate::model::Kind;

declare_rule! {
    /// ## What it does
    /// Reports an EC2/on-premises AppSpec that is called `appspec.yaml` or `appspec.json`. Agent v1
    /// installs from `appspec.yaml`, but its hooks are looked up in `appspec.yml` only.
    pub(crate) static FILE_NAME = {
        id: "appspec/file-name",
        severity: Warning,
        summary: "a file name under which agent v1 does not find the hooks",
        service: "The CodeDeploy agent did not find an AppSpec file within the unpacked revision directory at revision-relative path \"appspec.yml\".",
    }
}

pub(super) fn check(subject: &Subject, findings: &mut Findings<'_>) {
    let server = subject.parsed.value.as_ref().is_some_and(|spec| spec.kind() == Kind::Server);
    let name = subject.source().name();
    let base = name.rsplit(['/', '\\']).next().unwrap_or(name);
    if server && matches!(base, "appspec.yaml" | "appspec.json") {
        findings
            .report(
                &FILE_NAME,
                subject.source(),
                Span::at(0),
                format!("agent v1 looks for the hooks in `appspec.yml`, not in `{base}`"),
            )
            .set_help("call the file `appspec.yml`");
    }
}
