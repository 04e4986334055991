//! `.dockerignore`: which files of the context are not there as far as COPY is concerned.
//!
//! The last matching pattern decides; a pattern that matches a directory matches all it contains.

use std::path::Path;

use globset::{GlobBuilder, GlobMatcher};

use super::Problem;

/// The patterns of a `.dockerignore`.
#[derive(Debug, Default)]
pub(super) struct Ignore {
    patterns: Vec<Pattern>,
}

#[derive(Debug)]
struct Pattern {
    glob: GlobMatcher,
    /// `!pattern`: takes back in what an earlier pattern left out.
    keeps: bool,
}

impl Ignore {
    /// Reads the patterns; of a bad one, the line number comes with the problem.
    pub(super) fn parse(text: &str) -> Result<Self, (usize, Problem)> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut patterns = Vec::new();
        for (number, line) in (1..).zip(text.lines()) {
            // Only a `#` in the first column makes a comment.
            let line = if line.starts_with('#') { "" } else { line.trim() };
            let (line, keeps) = line.strip_prefix('!').map_or((line, false), |rest| (rest.trim(), true));
            let pattern = normal(line);
            if pattern.is_empty() {
                continue;
            }
            let glob = glob(&pattern).map_err(|problem| (number, problem))?;
            patterns.push(Pattern { glob, keeps });
        }
        Ok(Self { patterns })
    }

    /// Whether the file or directory at `path`, relative to the context, is left out.
    pub(super) fn excludes(&self, path: &str) -> bool {
        // The context itself is always there: `*` means what it contains.
        if path.is_empty() {
            return false;
        }
        let mut excluded = false;
        for pattern in &self.patterns {
            if excluded == pattern.keeps && pattern.covers(path) {
                excluded = !pattern.keeps;
            }
        }
        excluded
    }

    /// Whether a directory can be left out without looking into it.
    pub(super) fn prunes(&self, path: &str) -> bool {
        self.patterns.iter().all(|pattern| !pattern.keeps) && self.excludes(path)
    }
}

impl Pattern {
    fn covers(&self, path: &str) -> bool {
        let parents = path.match_indices('/').map(|(at, _)| &path[..at]);
        parents.chain([path]).any(|path| self.glob.is_match(Path::new(path)))
    }
}

/// A pattern of `.dockerignore` or COPY as a glob: `*` does not cross slashes, braces mean themselves.
pub(super) fn glob(pattern: &str) -> Result<GlobMatcher, Problem> {
    let escaped = pattern.replace('{', "\\{").replace('}', "\\}");
    let glob = GlobBuilder::new(&escaped).literal_separator(true).backslash_escape(true).build();
    glob.map(|glob| glob.compile_matcher())
        .map_err(|error| Problem::new(format!("`{pattern}` is no pattern: {}", error.kind()), "close its brackets"))
}

/// Without leading and trailing slashes and `.`.
fn normal(pattern: &str) -> String {
    let parts: Vec<&str> = pattern.split('/').filter(|part| !matches!(*part, "" | ".")).collect();
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_match_decides() {
        let text = "# comment\n/target/\n*.log\n!keep.log\n**/node_modules\ndocs\n!docs/README.md\n  \n./a/b\nx{y}\n";
        let ignore = Ignore::parse(text).unwrap();
        for (path, excluded) in [
            ("target", true),
            ("target/debug/app", true),
            ("src/target", false),
            ("a.log", true),
            ("src/a.log", false),
            ("keep.log", false),
            ("node_modules/x", true),
            ("web/node_modules/x/y", true),
            ("docs/a.md", true),
            ("docs/README.md", false),
            ("a/b/c", true),
            ("a/c", false),
            ("x{y}", true),
            ("xy", false),
            ("# comment", false),
        ] {
            assert_eq!(ignore.excludes(path), excluded, "{path}");
        }
        assert!(!ignore.prunes("docs"));
        assert!(Ignore::parse("docs").unwrap().prunes("docs"));
        assert_eq!(Ignore::parse("a\n[").unwrap_err().0, 2);
        assert!(!Ignore::default().excludes("a"));
    }

    #[test]
    fn everything_but() {
        let ignore = Ignore::parse("*\n!web\n!shop\nweb/*.map").unwrap();
        for (path, excluded) in
            [("x", true), ("x/y", true), ("web", false), ("web/a/b", false), ("web/a.map", true), ("shop", false)]
        {
            assert_eq!(ignore.excludes(path), excluded, "{path}");
        }
    }
}
