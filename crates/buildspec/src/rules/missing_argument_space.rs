//! Options that belong to a value.

use spec_report::{Edit, Findings, Fix, Safety, Span, declare_rule};

use super::subject::Subject;

declare_rule! {
    /// Both are one word for the program, which takes it as the value and misses the option.
    pub(crate) static MISSING_ARGUMENT_SPACE = {
        id: "buildspec/missing-argument-space",
        severity: Warning,
        summary: "an option is joined to the value before it",
    }
}

pub(super) fn check(subject: &Subject, findings: &mut Findings<'_>) {
    for (script, command) in subject.commands() {
        if command.program() != Some("aws") {
            continue;
        }
        for word in command.arguments() {
            let raw = subject.raw(script, &word.at);
            let Some(at) = raw.find("}--").map(|at| at + 1) else { continue };
            let option = &raw[at + 2..];
            let is_option = option.len() > 2 && option.bytes().all(|byte| byte == b'-' || byte.is_ascii_lowercase());
            if is_option && raw.starts_with("${") && script.complete {
                let start = word.at.start + at;
                let span = subject.place(&script.text, start..start + option.len() + 2);
                let diagnostic = findings.report(
                    &MISSING_ARGUMENT_SPACE,
                    &subject.source,
                    span,
                    format!("there is no blank before `--{option}`"),
                );
                // Inside of a scalar whose text is not as it is written the place may be the whole scalar.
                if span.len() == option.len() + 2 {
                    let edits = vec![Edit { span: Span::at(span.start), replacement: " ".to_owned() }];
                    diagnostic.set_fix(Fix { title: "write a blank".to_owned(), edits, safety: Safety::Unsafe });
                }
            }
        }
    }
}
