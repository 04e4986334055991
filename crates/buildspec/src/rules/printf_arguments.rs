//! Arguments of `printf`.

use spec_report::{Findings, declare_rule};

use super::shell::Word;
use super::subject::Subject;

declare_rule! {
    /// A conversion without an argument prints nothing: an image definition without a name or an image.
    pub(crate) static PRINTF_ARGUMENTS = {
        id: "buildspec/printf-arguments",
        severity: Warning,
        summary: "`printf` has other arguments than its format asks for",
    }
}

pub(super) fn check(subject: &Subject, findings: &mut Findings<'_>) {
    for (script, command) in subject.commands() {
        let mut words = command.arguments();
        if words.next().is_none_or(|word| word.text != "printf") {
            continue;
        }
        let Some(format) = words.next() else { continue };
        let raw = subject.raw(script, &format.at);
        let Some(text) = raw.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\'')) else { continue };
        // `-v NAME`, `*` and numbered arguments are counted otherwise.
        if text.contains(['*', '\'', '$']) || text.starts_with('-') || !script.complete {
            continue;
        }
        let wanted = text.replace("%%", "").matches('%').count();
        let arguments: Vec<&Word> = words.collect();
        let many = |word: &&Word| {
            let raw = subject.raw(script, &word.at);
            !raw.starts_with(['"', '\'']) && raw.contains(['(', '`', '*', '?', '@', '[']) || raw.contains("$@")
        };
        if arguments.iter().any(many) {
            continue;
        }
        let given = arguments.len();
        if given < wanted || (wanted == 0 && given > 0) {
            let place = subject.place(&script.text, format.at.clone());
            let message = format!("the format asks for {wanted} arguments, and there are {given}");
            findings.report(&PRINTF_ARGUMENTS, &subject.source, place, message);
        }
    }
}
