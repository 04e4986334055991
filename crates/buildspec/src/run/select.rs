//! Which files belong to an artifact: patterns against paths, without touching a disk.

use std::path::{Component, Path};

use globset::{Glob, GlobBuilder, GlobSet, GlobSetBuilder};

/// Patterns of `files` or `exclude-paths`.
#[derive(Clone, Debug)]
pub(super) struct Patterns {
    set: GlobSet,
    /// Patterns that can match nothing, each with the reason.
    pub(super) skipped: Vec<String>,
}

impl Patterns {
    /// `*` stays within one component, `**` crosses them, and both match names that begin with a dot.
    pub(super) fn new<'a>(patterns: impl IntoIterator<Item = &'a str>) -> Self {
        let mut builder = GlobSetBuilder::new();
        let mut skipped = Vec::new();
        for pattern in patterns {
            let glob = inside(pattern).and_then(|clean| compile(&clean));
            match glob {
                Ok(glob) => {
                    builder.add(glob);
                }
                Err(why) => skipped.push(format!("Skipping invalid file path {pattern}: {why}")),
            }
        }
        let set = builder.build().unwrap_or_else(|error| {
            skipped.push(format!("Skipping all file paths: {error}"));
            GlobSet::empty()
        });
        Self { set, skipped }
    }

    pub(super) fn matches(&self, relative: &Path) -> bool {
        self.set.is_match(relative)
    }
}

/// A pattern as a path inside the base directory, without `.` components.
pub(super) fn inside(pattern: &str) -> Result<String, String> {
    if pattern.is_empty() {
        return Err("it is empty".to_owned());
    }
    if pattern.ends_with('/') {
        return Err(format!("a directory is no file, write {pattern}**/*"));
    }
    let mut parts = Vec::new();
    for component in Path::new(pattern).components() {
        match component {
            Component::Normal(part) => parts.push(part.to_string_lossy().into_owned()),
            Component::CurDir => {}
            Component::ParentDir => return Err("it leaves the source directory".to_owned()),
            Component::RootDir | Component::Prefix(_) => return Err("it is absolute".to_owned()),
        }
    }
    if parts.is_empty() {
        return Err("it names the directory itself".to_owned());
    }
    Ok(parts.join("/"))
}

/// Whether a path is meant as a pattern.
pub(super) fn is_pattern(path: &str) -> bool {
    path.contains(['*', '?', '[', '{'])
}

fn compile(pattern: &str) -> Result<Glob, String> {
    GlobBuilder::new(pattern).literal_separator(true).build().map_err(|error| error.kind().to_string())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Components against components, by trying everything.
    fn oracle(pattern: &[&str], path: &[&str]) -> bool {
        match pattern.split_first() {
            None => path.is_empty(),
            Some((&"**", [])) => !path.is_empty(),
            Some((&"**", rest)) => (0..=path.len()).any(|skip| oracle(rest, &path[skip..])),
            Some((first, rest)) => match path.split_first() {
                Some((name, names)) => one(first.as_bytes(), name.as_bytes()) && oracle(rest, names),
                None => false,
            },
        }
    }

    fn one(pattern: &[u8], name: &[u8]) -> bool {
        match pattern.split_first() {
            None => name.is_empty(),
            Some((b'*', rest)) => (0..=name.len()).any(|skip| one(rest, &name[skip..])),
            Some((b'?', rest)) => name.split_first().is_some_and(|(_, name)| one(rest, name)),
            Some((byte, rest)) => name.split_first().is_some_and(|(first, name)| first == byte && one(rest, name)),
        }
    }

    proptest! {
        #[test]
        fn agrees_with_trying_everything(
            pattern in prop::collection::vec(prop_oneof![Just("**".to_owned()), "[ab.*?]{1,3}".prop_filter("a path of its own", |part| {
                part != "." && part != ".." && !part.contains("**")
            })], 1..5),
            path in prop::collection::vec("[ab.]{1,3}".prop_filter("a name", |part| part != "." && part != ".."), 1..5),
        ) {
            let (text, name) = (pattern.join("/"), path.join("/"));
            let pattern: Vec<&str> = pattern.iter().map(String::as_str).collect();
            let path: Vec<&str> = path.iter().map(String::as_str).collect();
            let patterns = Patterns::new([text.as_str()]);
            prop_assert!(patterns.skipped.is_empty());
            prop_assert_eq!(patterns.matches(Path::new(&name)), oracle(&pattern, &path), "{} on {}", text, name);
        }

        #[test]
        fn no_pattern_leaves(pattern in "[./*a]{0,8}") {
            if let Ok(clean) = inside(&pattern) {
                prop_assert!(clean.split('/').all(|part| !part.is_empty() && part != "." && part != ".."));
            }
        }
    }

    #[test]
    fn table() {
        for (pattern, path, expected) in [
            ("**/*", "a", true),
            ("**/*", ".env", true),
            ("**/*", "a/.b/c", true),
            ("*", "a/b", false),
            ("dist/**/*", "dist/a/b", true),
            ("dist/**/*", "dist", false),
            ("./imagedefinitions.json", "imagedefinitions.json", true),
            ("a/./b", "a/b", true),
            ("**/.*", "a/.hidden", true),
            ("**/.*/**/*", ".git/objects/x", true),
        ] {
            let found = Patterns::new([pattern]).matches(Path::new(path));
            assert_eq!(found, expected, "{pattern} on {path}");
        }
        for pattern in ["", "/etc/passwd", "../x", "a/../../x", "dir/", "."] {
            assert_eq!(Patterns::new([pattern]).skipped.len(), 1, "{pattern}");
        }
    }
}
