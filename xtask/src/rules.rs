//! The rules that the sources declare, read by lines: the commands that need them must not wait for a compiler.

use std::path::{Path, PathBuf};

use crate::workspace::Workspace;

/// A rule as its `declare_rule!` block tells it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Rule {
    /// `<crate>/<name>`.
    pub(crate) id: String,
    pub(crate) severity: String,
    pub(crate) summary: String,
    /// The file that declares it, relative to the root.
    pub(crate) file: PathBuf,
    pub(crate) line: usize,
}

/// Every rule that a crate declares, sorted by id. `spec-report` has none: what it declares are examples of its own.
pub(crate) fn declared(workspace: &Workspace, files: &[PathBuf]) -> anyhow::Result<Vec<Rule>> {
    let mut rules = Vec::new();
    for file in files.iter().filter(|file| may_declare(file)) {
        rules.extend(of_text(file, &workspace.read(file)?));
    }
    rules.sort();
    Ok(rules)
}

fn may_declare(file: &Path) -> bool {
    let parts: Vec<_> = file.iter().filter_map(|part| part.to_str()).collect();
    matches!(parts.as_slice(), ["crates", name, "src", ..] if *name != "spec-report")
        && file.extension().is_some_and(|extension| extension == "rs")
}

/// The rules of one file.
fn of_text(file: &Path, text: &str) -> Vec<Rule> {
    let text = without_comments(text);
    let mut rules = Vec::new();
    let mut rest = text.as_str();
    while let Some(at) = rest.find("declare_rule!") {
        rest = &rest[at + "declare_rule!".len()..];
        let Some(body) = block(rest) else { continue };
        // One block may declare several rules; each begins with its id.
        let starts: Vec<usize> = body.match_indices("id:").map(|(at, _)| at).collect();
        for (nth, start) in starts.iter().enumerate() {
            let declaration = &body[*start..starts.get(nth + 1).copied().unwrap_or(body.len())];
            let offset = text.len() - rest.len() + (declaration.as_ptr() as usize - rest.as_ptr() as usize);
            if let Some(id) = string_after(declaration, "id:") {
                rules.push(Rule {
                    id,
                    severity: word_after(declaration, "severity:").unwrap_or_default(),
                    summary: string_after(declaration, "summary:").unwrap_or_default(),
                    file: file.to_owned(),
                    line: text[..offset].matches('\n').count() + 1,
                });
            }
        }
    }
    rules
}

/// The text with the lines that are comments emptied, so that line numbers stay.
fn without_comments(text: &str) -> String {
    let lines = text.lines().map(|line| if line.trim_start().starts_with("//") { "" } else { line });
    lines.collect::<Vec<_>>().join("\n")
}

/// What stands between the first brace or bracket of `text` and the one that closes it; strings are skipped.
fn block(text: &str) -> Option<&str> {
    let begin = text.find(['{', '(', '['])? + 1;
    let (mut depth, mut in_string, mut escaped) = (0, false, false);
    for (at, c) in text[begin..].char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if in_string => escaped = true,
            '"' => in_string = !in_string,
            _ if in_string => {}
            '{' | '(' | '[' => depth += 1,
            '}' | ')' | ']' if depth == 0 => return Some(&text[begin..begin + at]),
            '}' | ')' | ']' => depth -= 1,
            _ => {}
        }
    }
    None
}

/// The string literal after `key`, with the escapes that occur in such texts.
fn string_after(text: &str, key: &str) -> Option<String> {
    let rest = text[text.find(key)? + key.len()..].trim_start().strip_prefix('"')?;
    let mut value = String::new();
    let mut chars = rest.chars();
    loop {
        match chars.next()? {
            '"' => return Some(value),
            '\\' => match chars.next()? {
                // A line that goes on: the indentation of the next one does not belong to it.
                '\n' => chars = chars.as_str().trim_start().chars(),
                'n' => value.push('\n'),
                't' => value.push('\t'),
                c => value.push(c),
            },
            c => value.push(c),
        }
    }
}

fn word_after(text: &str, key: &str) -> Option<String> {
    let rest = text[text.find(key)? + key.len()..].trim_start();
    let end = rest.find(|c: char| !c.is_alphanumeric()).unwrap_or(rest.len());
    Some(rest[..end].to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_declarations() {
        let text = r#"//! A rule.
use spec_report::declare_rule;

declare_rule! {
    /// ## What it does
    /// Not this: id: "buildspec/no", summary: "no".
    pub(crate) static FIRST = {
        id: "buildspec/first",
        severity: Error,
        summary: "a `key` says \"twice\" } and \
                  goes on",
        service: "YAML_FILE_ERROR",
    }

    /// Second.
    pub(crate) static SECOND = { id: "buildspec/second", severity: Warning, summary: "b" }
}

fn check() {}
"#;
        let file = Path::new("crates/buildspec/src/rules/first.rs");
        let rules = of_text(file, text);
        assert_eq!(
            rules.iter().map(|rule| (rule.id.as_str(), rule.severity.as_str(), rule.line)).collect::<Vec<_>>(),
            [("buildspec/first", "Error", 8), ("buildspec/second", "Warning", 16)]
        );
        assert_eq!(rules[0].summary, "a `key` says \"twice\" } and goes on");
    }

    #[test]
    fn examples_and_fragments_declare_nothing() {
        for text in ["/// declare_rule! { pub static X = { id: \"a/b\" } }", "declare_rule! {", "declare_rule!", ""] {
            assert_eq!(of_text(Path::new("x.rs"), text), []);
        }
        assert!(!may_declare(Path::new("crates/spec-report/src/rule.rs")));
        assert!(!may_declare(Path::new("crates/buildspec/tests/it/main.rs")));
        assert!(may_declare(Path::new("crates/buildspec/src/rules/structure.rs")));
    }
}
