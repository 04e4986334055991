//! `cargo xtask tidy`: the rules of the house that no other tool knows.
//!
//! Each check is a function from what it looks at to problems; all of them run, so that one call shows everything.

use std::{
    fmt,
    path::{Path, PathBuf},
};

use crate::{
    Arguments, licences, metadata,
    rules::{self, Rule},
    sorted::{self, Slice},
    workspace::Workspace,
};

/// Longer files hold two things.
const MOST_LINES: usize = 600;

/// Names that say nothing: what would go there has a name of its own.
const NAMELESS: &[&str] = &["common", "helper", "helpers", "misc", "util", "utils"];

/// Directories whose `mod.rs` lists every file.
const LISTED: &[&str] = &["actions", "providers", "rules"];

/// Text files in which blanks at the end of a line mean nothing.
const TEXT: &[&str] = &["md", "rs", "sh", "toml", "yaml", "yml"];

/// Something to put right.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Problem {
    file: PathBuf,
    line: usize,
    message: String,
}

impl Problem {
    fn new(file: &Path, line: usize, message: impl Into<String>) -> Self {
        Self { file: file.to_owned(), line, message: message.into() }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file.display(), self.line, self.message)
    }
}

pub(crate) fn run(workspace: &Workspace, _: &Arguments) -> anyhow::Result<()> {
    check(workspace)
}

/// All checks; every problem is printed.
pub(crate) fn check(workspace: &Workspace) -> anyhow::Result<()> {
    let files = workspace.files()?;
    let mut problems = Vec::new();
    for file in &files {
        problems.extend(name(file));
        if is_text(file) {
            let text = workspace.read(file)?;
            problems.extend(text_of(file, &text));
            if file.file_name().is_some_and(|name| name == "mod.rs") {
                problems.extend(lists(file, &text, &files));
            }
        }
    }
    problems.extend(pages(&rules::declared(workspace, &files)?, &files));
    problems.extend(licences_of(&metadata::everything(workspace)?));
    for problem in &problems {
        eprintln!("{problem}");
    }
    anyhow::ensure!(problems.is_empty(), "{} things are untidy", problems.len());
    Ok(())
}

/// Fixtures are as they are on purpose.
fn is_text(file: &Path) -> bool {
    let extension = file.extension().and_then(|extension| extension.to_str());
    let fixture = file.iter().any(|part| part == "fixtures" || part == "corpus");
    !fixture && (extension.is_some_and(|extension| TEXT.contains(&extension)) || file == Path::new(".ci/run"))
}

fn is_rust(file: &Path) -> bool {
    file.extension().is_some_and(|extension| extension == "rs")
}

fn name(file: &Path) -> Option<Problem> {
    let part = file.iter().filter_map(|part| part.to_str()).map(|part| part.trim_end_matches(".rs"));
    let nameless = part.into_iter().find(|part| NAMELESS.contains(part)).filter(|_| is_rust(file))?;
    Some(Problem::new(file, 1, format!("a module called `{nameless}` says nothing about what is in it")))
}

/// What one file shows by itself.
fn text_of(file: &Path, text: &str) -> Vec<Problem> {
    let mut problems = Vec::new();
    let lines = text.lines().count();
    if is_rust(file) {
        // The sample application has the style of its own world.
        let sample = file.starts_with("examples/shop");
        if !sample && !text.starts_with("//!") && !text.starts_with("#![doc = include_str!") {
            problems.push(Problem::new(file, 1, "the file does not begin with a `//!` doc that says why it exists"));
        }
        if lines > MOST_LINES {
            problems.push(Problem::new(
                file,
                MOST_LINES,
                format!("the file has {lines} lines, at most {MOST_LINES} are allowed"),
            ));
        }
    }
    for (number, line) in text.lines().enumerate().map(|(at, line)| (at + 1, line)) {
        if line.ends_with([' ', '\t']) {
            problems.push(Problem::new(file, number, "blanks at the end of the line"));
        }
        if is_ignored_fence(line) {
            problems.push(Problem::new(
                file,
                number,
                "an example that is not compiled goes stale; write `no_run` or plain `text`",
            ));
        }
        if is_rust(file) && line.trim_start().starts_with(concat!("#[", "ignore]")) {
            problems.push(Problem::new(file, number, "a test is ignored without a reason"));
        }
    }
    problems
}

/// Whether the line opens a code block that rustdoc does not compile although it could.
fn is_ignored_fence(line: &str) -> bool {
    let line = line.trim_start().trim_start_matches("//!").trim_start_matches("///").trim_start();
    let Some(info) = line.strip_prefix("```") else { return false };
    info.split([',', ' ']).any(|word| word == "ignore" || word == "ignored")
}

/// That the `mod.rs` of a listed directory names every file in it, and its static list in order.
fn lists(file: &Path, text: &str, files: &[PathBuf]) -> Vec<Problem> {
    let Some(directory) = file.parent().filter(|directory| is_listed(directory)) else { return Vec::new() };
    let declared = sorted::modules(text);
    let mut problems = Vec::new();
    for module in files.iter().filter_map(|other| module_in(directory, other)) {
        if !declared.contains(&module) && !text.contains(&format!("mod {module};")) {
            problems.push(Problem::new(
                file,
                1,
                format!("the file of `{module}` is not declared with `mod {module};`"),
            ));
        }
    }
    // Action types have an order of their own, by category and owner, which a test of theirs guards.
    for list in ["CHECKS", "BUILTIN"] {
        let Ok(slice) = Slice::find(text, list) else { continue };
        if directory.ends_with("actions") {
            continue;
        }
        let keys: Vec<String> =
            slice.entries().into_iter().map(|entry| sorted::module_of_entry(entry).replace('_', "-")).collect();
        let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
        if let Some((before, after)) = sorted::disorder(&keys) {
            problems.push(Problem::new(file, 1, format!("`{list}` is not sorted: `{before}` stands before `{after}`")));
        }
    }
    problems
}

fn is_listed(directory: &Path) -> bool {
    let parts: Vec<_> = directory.iter().filter_map(|part| part.to_str()).collect();
    matches!(parts.as_slice(), ["crates", _, "src", list] if LISTED.contains(list))
}

/// The module that `file` is in `directory`, if it stands directly in it.
fn module_in<'a>(directory: &Path, file: &'a Path) -> Option<&'a str> {
    let inside = file.strip_prefix(directory).ok()?;
    let mut parts = inside.iter().filter_map(|part| part.to_str());
    match (parts.next()?, parts.next(), parts.next()) {
        ("mod.rs", None, _) => None,
        (name, None, _) => name.strip_suffix(".rs"),
        (name, Some("mod.rs"), None) => Some(name),
        _ => None,
    }
}

/// That every rule has its page and every page its rule.
fn pages(rules: &[Rule], files: &[PathBuf]) -> Vec<Problem> {
    let page_of = |rule: &Rule| PathBuf::from(format!("docs/rules/{}.md", rule.id));
    let mut problems = Vec::new();
    for rule in rules {
        let owner = rule.file.iter().nth(1).and_then(|part| part.to_str()).unwrap_or_default();
        if rule.id.split('/').next() != Some(owner) {
            problems.push(Problem::new(
                &rule.file,
                rule.line,
                format!("the id `{}` does not begin with `{owner}/`", rule.id),
            ));
        }
        if !files.contains(&page_of(rule)) {
            problems.push(Problem::new(
                &rule.file,
                rule.line,
                format!("the rule has no page {}", page_of(rule).display()),
            ));
        }
    }
    for pair in rules.windows(2).filter(|pair| pair[0].id == pair[1].id) {
        problems.push(Problem::new(
            &pair[1].file,
            pair[1].line,
            format!("the rule `{}` is declared twice", pair[1].id),
        ));
    }
    let is_page = |file: &&PathBuf| {
        file.starts_with("docs/rules")
            && file.components().count() == 4
            && file.extension().is_some_and(|extension| extension == "md")
    };
    for page in files.iter().filter(is_page).filter(|page| page.file_name().is_some_and(|name| name != "README.md")) {
        if !rules.iter().any(|rule| page_of(rule) == **page) {
            problems.push(Problem::new(page, 1, "no rule of this name is declared"));
        }
    }
    problems
}

fn licences_of(packages: &[metadata::Package]) -> Vec<Problem> {
    let file = Path::new("Cargo.lock");
    let refused = packages.iter().filter_map(|package| {
        let licence = licences::of(&package.name, package.licence.as_deref()).unwrap_or("none");
        let message = format!(
            "`{} v{}` has the licence `{licence}`, which is not on the list in xtask/src/licences.rs",
            package.name, package.version
        );
        (!licences::allowed(licence)).then(|| Problem::new(file, 1, message))
    });
    refused.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn messages(problems: &[Problem]) -> Vec<String> {
        problems.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn texts() {
        let file = Path::new("crates/a/src/b.rs");
        let ignore = concat!("#[", "ignore]");
        for (text, expected) in [
            ("//! Why.\n".to_owned(), None),
            ("#![doc = include_str!(\"../README.md\")]\n".to_owned(), None),
            ("use a;\n".to_owned(), Some("crates/a/src/b.rs:1: the file does not begin")),
            ("//! Why.\nlet a; \n".to_owned(), Some("b.rs:2: blanks at the end")),
            (format!("//! Why.\n    {ignore}\n"), Some("b.rs:2: a test is ignored")),
            ("//! Why.\n    #[ignore = \"needs AWS\"]\n".to_owned(), None),
            ("//! ```ignore\n".to_owned(), Some("b.rs:1: an example that is not compiled")),
            ("//! Why.\n    /// ```rust,ignore\n".to_owned(), Some("b.rs:2: an example that is not compiled")),
            ("//! ```text\n".to_owned(), None),
            (format!("//! Why.\n{}", "\n".repeat(599)), None),
            (format!("//! Why.\n{}", "\n".repeat(600)), Some("the file has 601 lines")),
        ] {
            let found = messages(&text_of(file, &text));
            match expected {
                None => assert_eq!(found, Vec::<String>::new()),
                Some(words) => assert!(found.len() == 1 && found[0].contains(words), "{text:?}: {found:?}"),
            }
        }
    }

    #[test]
    fn names() {
        for (file, expected) in [
            ("crates/a/src/utils.rs", true),
            ("crates/a/src/helpers/x.rs", true),
            ("docs/common/x.md", false),
            ("crates/a/src/commons.rs", false),
        ] {
            assert_eq!(name(Path::new(file)).is_some(), expected, "{file}");
        }
    }

    #[test]
    fn lists_name_every_file_in_order() {
        let list = Path::new("crates/a/src/rules/mod.rs");
        let files: Vec<PathBuf> = ["mod.rs", "one.rs", "two/mod.rs", "two/part.rs"]
            .map(|name| Path::new("crates/a/src/rules").join(name))
            .into();
        let text = "mod one;\nmod two;\nstatic CHECKS: &[Check<S>] = &[\n    Check { rule: &one::A },\n    Check { rule: &two::B },\n];\n";
        assert_eq!(lists(list, text, &files), []);
        assert_eq!(lists(Path::new("crates/a/src/other/mod.rs"), "", &files), []);
        let unordered = text.replace("one::A", "x::A").replace("mod two;\n", "");
        let found = messages(&lists(list, &unordered, &files));
        assert!(
            found.len() == 2 && found[0].contains("`mod two;`") && found[1].contains("`x` stands before `two`"),
            "{found:?}"
        );
    }

    #[test]
    fn rules_and_pages_belong_together() {
        let rule = |id: &str, owner: &str| Rule {
            id: id.to_owned(),
            severity: "Error".to_owned(),
            summary: "x".to_owned(),
            file: format!("crates/{owner}/src/rules/x.rs").into(),
            line: 7,
        };
        let files: Vec<PathBuf> =
            ["docs/rules/README.md", "docs/rules/a/one.md", "docs/rules/a/gone.md", "docs/rules/a/README.md"]
                .map(PathBuf::from)
                .into();
        let found =
            messages(&pages(&[rule("a/one", "a"), rule("a/one", "a"), rule("a/two", "a"), rule("b/x", "a")], &files));
        for words in [
            "x.rs:7: the rule has no page docs/rules/a/two.md",
            "does not begin with `a/`",
            "`a/one` is declared twice",
            "gone.md:1: no rule",
        ] {
            assert!(found.iter().any(|message| message.contains(words)), "{words}: {found:?}");
        }
        assert_eq!(pages(&[rule("a/one", "a")], &files[..2]), []);
    }
}
