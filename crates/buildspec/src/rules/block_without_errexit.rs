//! Blocks in which only the last line decides.

use spec_report::{Edit, Findings, Fix, Safety, Span, declare_rule};

use super::shell::{Joint, SimpleCommand};
use super::subject::Script;
use super::subject::Subject;

declare_rule! {
    /// A block is one script, and the script fails only if its last line fails. A test that fails in the first line goes
    /// unnoticed.
    pub(crate) static BLOCK_WITHOUT_ERREXIT = {
        id: "buildspec/block-without-errexit",
        severity: Warning,
        summary: "a block goes on after a line that fails",
    }
}

/// Programs that hardly ever fail, or whose failure the next line shows.
const HARMLESS: [&str; 9] = ["cd", "date", "echo", "export", "ls", "printf", "pwd", "set", "true"];
/// Words of a grammar that the scanner does not know.
const GRAMMAR: [&str; 15] =
    ["if", "then", "else", "fi", "for", "while", "until", "do", "done", "case", "esac", "{", "}", "function", "trap"];

pub(super) fn check(subject: &Subject, findings: &mut Findings<'_>) {
    for script in subject.scripts.iter().filter(|script| script.complete && script.text.value.trim().contains('\n')) {
        let top: Vec<&SimpleCommand> = script.commands.iter().filter(|command| command.depth == 0).collect();
        let knows_failure = top.iter().any(|command| {
            let words: Vec<&str> = command.words.iter().map(|word| word.text.as_str()).collect();
            matches!(words[..], ["exit" | "wait", ..])
                || (words[0] == "set" && words[1..].iter().any(|word| is_errexit(word)))
                || command.joint == Joint::And
                || command.joint == Joint::Or
                || words.iter().any(|word| GRAMMAR.contains(word))
        });
        let on_other_lines = |command: &&&SimpleCommand| command.joint == Joint::Sequence;
        let starts: Vec<_> = top.iter().filter(on_other_lines).collect();
        if knows_failure || starts.len() < 2 || script.text.value.contains(['(', '<', '`', '?']) {
            continue;
        }
        let may_fail = starts[..starts.len() - 1].iter().find(|command| {
            let asks_version = command.arguments().any(|word| matches!(word.text.as_str(), "--version" | "-version"));
            !asks_version && command.program().is_some_and(|program| !HARMLESS.contains(&program))
        });
        if let Some(command) = may_fail {
            let place = subject.place(&script.text, command.at());
            let diagnostic =
                findings.report(&BLOCK_WITHOUT_ERREXIT, &subject.source, place, "the block goes on if this fails");
            diagnostic.set_help("begin the block with `set -e`");
            diagnostic.fix = fix(subject, script);
        }
    }
}

fn is_errexit(word: &str) -> bool {
    word == "errexit" || (word.starts_with('-') && !word.starts_with("--") && word.contains('e'))
}

/// A line in front of the first one, where the block begins on a line of its own.
fn fix(subject: &Subject, script: &Script) -> Option<Fix> {
    let raw = subject.source.slice(script.text.span);
    let first = script.commands.first()?.words.first()?;
    // Only a literal block keeps its lines as they are.
    if !raw.starts_with('|') && !script.text.value.contains('\n') {
        return None;
    }
    let start = subject.place(&script.text, first.at.clone()).start;
    let line = subject.source.line_span(subject.source.position(start).line)?;
    let indent = subject.source.slice(Span::new(line.start, start));
    if !indent.chars().all(|c| c == ' ') || indent.is_empty() {
        return None;
    }
    let edits = vec![Edit { span: Span::at(start), replacement: format!("set -e\n{indent}") }];
    Some(Fix { title: "stop at the first failure".to_owned(), edits, safety: Safety::Unsafe })
}
