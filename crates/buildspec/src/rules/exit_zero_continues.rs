//! `exit 0` that ends nothing.

use spec_report::{Findings, declare_rule};

use super::subject::Subject;

declare_rule! {
    /// Every item is a script of its own, and `exit 0` ends that script. The build goes on with the next item.
    pub(crate) static EXIT_ZERO_CONTINUES = {
        id: "buildspec/exit-zero-continues",
        severity: Warning,
        summary: "`exit 0` does not end the build",
    }
}

pub(super) fn check(subject: &Subject, findings: &mut Findings<'_>) {
    for (index, script) in subject.scripts.iter().enumerate().filter(|(_, script)| script.complete) {
        let follows = subject.scripts[index + 1..].iter().any(|next| !next.commands.is_empty());
        let conditional = script.commands.first().is_some_and(|first| first.words[0].text == "if");
        let mut rest = script.commands.iter().rev().skip_while(|command| {
            matches!(command.words.iter().map(|word| word.text.as_str()).collect::<Vec<_>>()[..], ["fi"] | [";"])
        });
        let Some(last) = rest.next().filter(|_| follows && conditional) else { continue };
        let words: Vec<&str> = last.arguments().map(|word| word.text.as_str()).collect();
        if words == ["exit", "0"] && last.depth == 0 {
            let place = subject.place(&script.text, last.at());
            findings
                .report(
                    &EXIT_ZERO_CONTINUES,
                    &subject.source,
                    place,
                    "this ends the command; the build goes on with the next one",
                )
                .set_help(
                    "put what must not run into the same item, or stop the build with `aws codebuild stop-build`",
                );
        }
    }
}
