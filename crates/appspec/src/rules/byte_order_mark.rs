//! A byte order mark, behind which the agent reads only the first key.

use spec_report::{Encoding, Findings, Span, declare_rule};

use super::Subject;
use crate::agent;

declare_rule! {
    /// ## What it does
    /// Reports a byte order mark at the beginning of an EC2/on-premises AppSpec. Many editors on
    /// Windows write one; the agent's YAML reader then stops after the first key.
    pub(crate) static BYTE_ORDER_MARK = {
        id: "appspec/byte-order-mark",
        severity: Error,
        summary: "a byte order mark, behind which the agent reads one key only",
        service: "The deployment failed because the application specification file specifies an unsupported operating system ().",
    }
}

pub(super) fn check(subject: &Subject, findings: &mut Findings<'_>) {
    if subject.server().is_some() && subject.source().encoding() == Encoding::Utf8Bom {
        findings
            .report(
                &BYTE_ORDER_MARK,
                subject.source(),
                Span::at(0),
                "the file begins with a byte order mark, behind which the agent reads the first key only",
            )
            .set_help(format!("save the file as UTF-8 without BOM; {}", agent::says(&agent::unsupported_os(""))));
    }
}
