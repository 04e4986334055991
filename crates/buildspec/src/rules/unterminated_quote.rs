//! Quotes without an end.

use spec_report::{Findings, declare_rule};

use super::subject::Subject;

declare_rule! {
    /// Every item is a script of its own: a quote does not go on in the next item. The shell refuses the script, and the
    /// phase fails.
    pub(crate) static UNTERMINATED_QUOTE = {
        id: "buildspec/unterminated-quote",
        severity: Error,
        summary: "a quote is never closed",
        service: "Syntax error: Unterminated quoted string",
    }
}

pub(super) fn check(subject: &Subject, findings: &mut Findings<'_>) {
    for script in &subject.scripts {
        let Some(at) = script.unclosed.filter(|_| !script.complete) else { continue };
        // Where the scanner's idea of quotes is not the shell's, lines put together first.
        let text = script.text.value.replace("\\\n", "");
        if ["$'", "`", "<<", "${", "$("].iter().any(|beyond| text.contains(beyond)) {
            continue;
        }
        let place = subject.place(&script.text, at..at + 1);
        findings
            .report(&UNTERMINATED_QUOTE, &subject.source, place, "this quote is never closed")
            .set_help("close it, or write several lines as one item: `- |`");
    }
}
