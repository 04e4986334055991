//! A mode with a leading zero that becomes another mode without a word.

use spec_report::{Edit, Findings, Fix, Safety, Span, declare_rule};

use super::Subject;

declare_rule! {
    /// ## What it does
    /// Reports a `mode` such as `0644` that agent v1 silently turns into another one: YAML 1.1 reads
    /// it as an octal number, 420, and the agent takes those digits for the mode.
    pub(crate) static OCTAL_MODE = {
        id: "appspec/octal-mode",
        severity: Warning,
        summary: "a mode with a leading zero becomes another mode",
    }
}

pub(super) fn check(subject: &Subject, findings: &mut Findings<'_>) {
    let Some(server) = subject.server() else { return };
    for mode in server.permissions.iter().filter_map(|permission| permission.mode.as_ref()) {
        let raw = subject.source().slice(mode.span);
        let text = mode.value.as_str();
        let valid = (1..=4).contains(&text.len()) && text.bytes().all(|byte| (b'0'..=b'7').contains(&byte));
        let same = u32::from_str_radix(raw, 8).ok() == u32::from_str_radix(text, 8).ok();
        if !valid || same || !raw.starts_with('0') {
            continue;
        }
        let message = format!("the agent reads the mode `{raw}` as the number {text} and sets the mode {text}");
        let found = findings.report(&OCTAL_MODE, subject.source(), mode.span, message);
        found.set_help("leave the zero out, or quote the mode");
        if let Some(fix) = without_zero(raw, mode.span) {
            found.set_fix(fix);
        }
    }
}

/// The mode as it was meant: its octal digits without the zeros that make it an octal number.
pub(super) fn without_zero(raw: &str, span: Span) -> Option<Fix> {
    let digits = raw.trim_start_matches('0');
    let octal = (1..=4).contains(&digits.len()) && digits.bytes().all(|byte| (b'0'..=b'7').contains(&byte));
    octal.then(|| Fix {
        title: format!("write `{digits}`"),
        edits: vec![Edit { span, replacement: digits.to_owned() }],
        safety: Safety::Unsafe,
    })
}
