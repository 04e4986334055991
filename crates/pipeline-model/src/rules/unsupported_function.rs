//! A template calls a function that CloudFormation does not have.

use spec_report::{Findings, declare_rule, did_you_mean};

use super::subject::Subject;
use crate::format::cloudformation::{FUNCTIONS, Reason};

declare_rule! {
    /// ## What it does
    /// Reports a tag such as `!Concat`, or a mapping with one key that begins with `Fn::`, whose name is no intrinsic
    /// function. Templates that a macro of the account rewrites are left alone.
    ///
    /// ## Why
    /// CloudFormation refuses the whole template before it looks at a resource.
    pub(crate) static UNSUPPORTED_FUNCTION = {
        id: "pipeline-model/unsupported-function",
        severity: Error,
        summary: "a template calls a function that CloudFormation does not have",
        service: "ValidationError: Template Error: Encountered unsupported function: … Supported functions are: […]",
    }
}

pub(super) fn check(subject: &Subject, out: &mut Findings<'_>) {
    for unresolved in subject.declaration.unresolved.iter().filter(|found| found.reason == Reason::Unsupported) {
        let name = unresolved.expression.trim_start_matches("${").trim_end_matches('}');
        let message = format!("Template Error: Encountered unsupported function: {name}");
        let short = name.trim_start_matches("Fn::");
        let found = subject.report(out, &UNSUPPORTED_FUNCTION, unresolved.span, message);
        if let Some(near) = did_you_mean(short, FUNCTIONS.iter().copied()) {
            found.set_help(format!("there is a function `{near}`"));
        }
    }
}
