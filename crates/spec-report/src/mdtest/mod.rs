//! Rule pages as tests: what `docs/rules/<crate>/<rule>.md` shows is what the checks do.
//!
//! A page looks like this (the fences stand at the left margin):
//!
//! ````markdown
//! # buildspec/duplicate-key
//!
//! a key is written twice
//!
//! ## What it does
//! ## Why
//! ## Bad
//! ```yaml
//! version: 0.2
//! version: 0.2 # error: [duplicate-key]
//! ```
//! ## Good
//! ```yaml
//! version: 0.2
//! ```
//! ## Fix
//! ```yaml
//! version: 0.2
//! ```
//! ````
//!
//! What is checked:
//! - every rule has its page and every page its rule; the title is the id, the first line below it
//!   the summary; the four sections `What it does`, `Why`, `Bad` and `Good` are there; the service's
//!   words, if the rule has some, are quoted somewhere;
//! - `Bad`: exactly the marked diagnostics are found, on the marked lines with the marked severity, and
//!   each fence has at least one of the page's own rule;
//! - `Good`: no error, no warning, and nothing of the page's own rule;
//! - `Fix`: its fences are, one by one from the first, the fences of `Bad` after all safe and unsafe
//!   fixes, and no new rule is broken by them. The section is needed when the rule offers such a fix.
//!
//! A marker is a comment `# error: [rule]` (`warning`, `info`; several rules with commas; several markers
//! in a row) at the end of its line. On a line of its own it means the next line. Markers are taken
//! out before the text is checked. Languages without comments are marked in the fence's info string:
//! ```` ```json error=[rule]@3 ````. There, `file=name.yml` sets the name that the check sees, and
//! `also=[rule]` allows diagnostics of another rule without saying where.
//!
//! Part of the feature `conformance`: it may change in any release.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use crate::{Report, Rule};

mod compare;
mod page;

use compare::check_page;

/// What is wrong with one page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageFailure {
    /// The page.
    pub page: PathBuf,
    /// The line of the page, from 1.
    pub line: usize,
    /// What was expected and what was found.
    pub message: String,
}

impl fmt::Display for PageFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.page.display(), self.line, self.message)
    }
}

/// All that is wrong with the pages of a directory; never empty.
#[derive(Clone, PartialEq, Eq)]
pub struct PageFailures(pub Vec<PageFailure>);

impl fmt::Display for PageFailures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for failure in &self.0 {
            writeln!(f, "{failure}")?;
        }
        match self.0.len() {
            1 => f.write_str("1 failure in rule pages"),
            count => write!(f, "{count} failures in rule pages"),
        }
    }
}

/// As `Display`, because this is what `unwrap` and `main` show.
impl fmt::Debug for PageFailures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\n{self}")
    }
}

impl std::error::Error for PageFailures {}

/// Checks that the pages of `dir` and `rules` belong together and that the pages tell the truth.
///
/// `check` gets a file name and a text and reports what the crate would report. Gives back the number
/// of pages. `README.md` is not a rule page.
///
/// # Errors
/// All that is wrong, page by page.
pub fn check_pages(
    dir: &Path,
    rules: &[&'static Rule],
    check: impl Fn(&str, &str) -> Report,
) -> Result<usize, PageFailures> {
    Pages::new(dir, rules).check(check)
}

/// The pages of a directory, with the exceptions that some need.
#[derive(Clone, Debug)]
pub struct Pages {
    dir: PathBuf,
    rules: Vec<&'static Rule>,
    shown_only: Vec<&'static Rule>,
}

impl Pages {
    /// The pages of `dir`, which is `docs/rules/<crate>`.
    #[must_use]
    pub fn new(dir: &Path, rules: &[&'static Rule]) -> Self {
        Self { dir: dir.to_owned(), rules: rules.to_vec(), shown_only: Vec::new() }
    }

    /// Rules whose `Bad` cannot be written down, such as a file of five megabytes or one that is not
    /// UTF-8. Their pages need a `Bad` section, but nothing in it is run; test them elsewhere.
    #[must_use]
    pub fn shown_only(mut self, rules: &[&'static Rule]) -> Self {
        self.shown_only.extend(rules);
        self
    }

    /// Does what [`check_pages`] does.
    ///
    /// # Errors
    /// All that is wrong, page by page.
    pub fn check(&self, check: impl Fn(&str, &str) -> Report) -> Result<usize, PageFailures> {
        let mut failures = Vec::new();
        let mut fail = |page: &Path, message: String| {
            failures.push(PageFailure { page: page.to_owned(), line: 1, message });
        };
        let mut expected: BTreeMap<PathBuf, &'static Rule> = BTreeMap::new();
        for rule in &self.rules {
            let page = self.dir.join(format!("{}.md", rule.name()));
            if let Some(other) = expected.insert(page.clone(), rule) {
                fail(&page, format!("is the page of both `{other}` and `{rule}`"));
            }
        }
        for rule in &self.shown_only {
            if !self.rules.contains(rule) {
                fail(&self.dir, format!("`{rule}` is shown only, but not among the rules"));
            }
        }
        if self.rules.is_empty() {
            fail(&self.dir, "no rules were given, so nothing was checked".to_owned());
        }
        match pages_in(&self.dir) {
            Ok(pages) => {
                for page in pages.iter().filter(|page| !expected.contains_key(*page)) {
                    fail(page, "there is no rule of this name".to_owned());
                }
            }
            Err(error) => fail(&self.dir, format!("the directory cannot be read: {error}")),
        }
        for (path, rule) in &expected {
            match std::fs::read_to_string(path) {
                Ok(text) => {
                    let shown_only = self.shown_only.contains(rule);
                    let found = check_page(&text, rule, shown_only, &check);
                    failures.extend(found.into_iter().map(|(line, message)| PageFailure {
                        page: path.clone(),
                        line,
                        message,
                    }));
                }
                Err(error) => failures.push(PageFailure {
                    page: path.clone(),
                    line: 1,
                    message: format!("the page of `{rule}` cannot be read: {error}"),
                }),
            }
        }
        failures.sort_by(|a, b| (&a.page, a.line).cmp(&(&b.page, b.line)));
        if failures.is_empty() { Ok(expected.len()) } else { Err(PageFailures(failures)) }
    }
}

fn pages_in(dir: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut pages = Vec::new();
    for entry in std::fs::read_dir(dir)? {
        let path = entry?.path();
        let is_page = path.extension().is_some_and(|extension| extension == "md");
        if is_page && path.file_name().is_some_and(|name| name != "README.md") {
            pages.push(path);
        }
    }
    pages.sort();
    Ok(pages)
}
