//! Shell state that the next command does not have.

use spec_report::{Findings, declare_rule};

use super::subject::Subject;

declare_rule! {
    /// Every command runs in a shell of its own. CodeBuild hands variables and the directory on, and nothing else: shell options
    /// (`set -e`), functions, aliases, traps and arrays end with the command.
    pub(crate) static SHELL_STATE_NOT_KEPT = {
        id: "buildspec/shell-state-not-kept",
        severity: Warning,
        summary: "shell state is set in a shell that ends at once",
    }
}

pub(crate) fn check(subject: &Subject, findings: &mut Findings<'_>) {
    for script in &subject.scripts {
        let text = script.text.value.trim();
        let Some(first) = script.commands.first() else { continue };
        // What is set and used in the same command works.
        let alone = script.commands.len() == 1 && !text.contains('\n');
        let word = first.words[0].text.as_str();
        let sets_option = first.words.get(1).is_some_and(|word| is_option(&word.text));
        let what = if alone && (word == "shopt" || (word == "set" && sets_option)) {
            "a shell option"
        } else if alone && word == "alias" && first.words.len() > 1 {
            "an alias"
        } else if alone && word == "trap" {
            "a trap"
        } else if is_function(text) {
            "a function"
        } else if is_array(text) {
            "an array"
        } else {
            continue;
        };
        findings
            .report(
                &SHELL_STATE_NOT_KEPT,
                &subject.source,
                subject.place(&script.text, first.words[0].at.clone()),
                format!("{what} is lost when this command ends"),
            )
            .set_help("put it and what needs it into one block: `- |`");
    }
}

fn is_option(word: &str) -> bool {
    word.len() > 1 && word.starts_with(['-', '+'])
}

/// A definition that ends the text: nothing calls it.
fn is_function(text: &str) -> bool {
    let name = text.strip_prefix("function ").unwrap_or(text);
    let name_end = name.find(|c: char| !(c == '_' || c.is_ascii_alphanumeric())).unwrap_or(name.len());
    let rest = name[name_end..].trim_start();
    let rest = match rest.strip_prefix("()") {
        Some(rest) => rest.trim_start(),
        None if text.starts_with("function ") => rest,
        None => return false,
    };
    // The last brace closes the body only if no other closes before it at the margin.
    name_end > 0 && rest.starts_with('{') && text.ends_with('}') && text.matches("\n}").count() <= 1
}

fn is_array(text: &str) -> bool {
    let Some((name, rest)) = text.split_once("=(") else { return false };
    !text.contains('\n')
        && rest.ends_with(')')
        && !rest[..rest.len() - 1].contains([')', ';', '&', '|'])
        && !name.is_empty()
        && name.bytes().all(|byte| byte == b'_' || byte.is_ascii_alphanumeric())
}
