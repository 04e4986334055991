//! Paths as text: what a plan compares must not depend on the machine that plans.
//!
//! A normalised path has no leading slash, no `.`, no `..` and no empty component; the root is the
//! empty string.

/// No system takes longer paths; nothing that is longer is planned or listed.
pub(crate) const LONGEST_PATH: usize = 4096;

/// The path with slashes, whatever the operating system that it is for writes.
pub(crate) fn separators(path: &str, windows: bool) -> String {
    if windows { path.replace('\\', "/") } else { path.to_owned() }
}

/// Whether a path, with slashes, begins at a root.
pub(crate) fn is_absolute(path: &str, windows: bool) -> bool {
    path.starts_with('/') || (windows && path.as_bytes().get(1) == Some(&b':'))
}

/// The path without detours; `None` if it leads above its root.
pub(crate) fn normalise(path: &str) -> Option<String> {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// Whether a path leads above its root at any point.
pub(crate) fn leaves_root(path: &str) -> bool {
    normalise(path).is_none()
}

/// Whether a normalised path lies below another one.
pub(crate) fn is_below(path: &str, base: &str) -> bool {
    if base.is_empty() {
        return !path.is_empty();
    }
    path.strip_prefix(base).is_some_and(|rest| rest.starts_with('/'))
}

/// Two normalised paths behind each other.
pub(crate) fn join(base: &str, path: &str) -> String {
    match (base.is_empty(), path.is_empty()) {
        (true, _) => path.to_owned(),
        (_, true) => base.to_owned(),
        _ => format!("{base}/{path}"),
    }
}

/// The last component.
pub(crate) fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// The path above, the root's child being above nothing but the root.
pub(crate) fn parent(path: &str) -> Option<&str> {
    if path.is_empty() {
        return None;
    }
    Some(path.rsplit_once('/').map_or("", |(parent, _)| parent))
}

/// Whether a name fits a pattern in which `*` stands for any characters. Takes linear time for one
/// star and at most pattern times name for more: the agent's own matcher is exponential.
pub(crate) fn fits(name: &str, pattern: &str) -> bool {
    let (name, pattern) = (name.as_bytes(), pattern.as_bytes());
    let (mut at, mut p) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while at < name.len() {
        if p < pattern.len() && pattern[p] == b'*' {
            star = Some((p, at));
            p += 1;
        } else if p < pattern.len() && pattern[p] == name[at] {
            p += 1;
            at += 1;
        } else if let Some((star_p, star_at)) = star {
            p = star_p + 1;
            at = star_at + 1;
            star = Some((star_p, star_at + 1));
        } else {
            return false;
        }
    }
    pattern[p..].iter().all(|&byte| byte == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn detours_go_and_escapes_are_seen() {
        let table = [
            ("/", Some("")),
            ("", Some("")),
            ("a//b/./c/", Some("a/b/c")),
            ("/a/../b", Some("b")),
            ("../a", None),
            ("a/../../b", None),
            ("/..", None),
        ];
        for (path, expected) in table {
            assert_eq!(normalise(path).as_deref(), expected, "{path}");
        }
    }

    #[test]
    fn below_is_strict_and_by_component() {
        assert!(is_below("a/b", "a"));
        assert!(!is_below("ab", "a"));
        assert!(!is_below("a", "a"));
        assert!(is_below("a", ""));
    }

    #[test]
    fn stars() {
        for (name, pattern, expected) in [
            ("a.txt", "*.txt", true),
            ("a.txt", "*", true),
            ("a.txt", "a.txt", true),
            ("a.txt", "*.sh", false),
            ("abcabc", "a*c", true),
            ("abcab", "a*c", false),
            ("", "*", true),
            ("a", "", false),
            ("aaaaaaaaaaaaaaaaaaaaab", "*a*a*a*a*a*a*a*c", false),
        ] {
            assert_eq!(fits(name, pattern), expected, "{name} {pattern}");
        }
    }
}
