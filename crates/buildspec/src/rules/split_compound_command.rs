//! Compound commands in pieces.

use spec_report::{Findings, declare_rule};

use super::subject::Subject;

declare_rule! {
    /// Every item of `commands` is a script of its own. An `if` whose `fi` is in another item is a syntax error in both.
    pub(crate) static SPLIT_COMPOUND_COMMAND = {
        id: "buildspec/split-compound-command",
        severity: Error,
        summary: "a compound command is split over several items",
        service: "Syntax error: end of file unexpected",
    }
}

const COMPOUNDS: [(&str, &str); 4] = [("if", "fi"), ("for", "done"), ("while", "done"), ("case", "esac")];

pub(crate) fn check(subject: &Subject, findings: &mut Findings<'_>) {
    for script in &subject.scripts {
        let Some(first) = script.commands.first().and_then(|command| command.words.first()) else { continue };
        let Some((opens, closes)) = COMPOUNDS.iter().find(|(opens, _)| *opens == first.text) else { continue };
        // Looked for in the text, so that no slip of the scanner makes an error of a whole command.
        let mut words =
            script.text.value.split(|c: char| c.is_whitespace() || matches!(c, ';' | '&' | '|' | '(' | ')'));
        if words.any(|word| word == *closes) {
            continue;
        }
        findings
            .report(
                &SPLIT_COMPOUND_COMMAND,
                &subject.source,
                subject.place(&script.text, first.at.clone()),
                format!("this `{opens}` has no `{closes}`: an item of the list is a whole script"),
            )
            .set_help("write the whole command as one item: `- |`");
    }
}
