//! Which revisions are kept.

/// A revision's directory and when it was last modified, as seconds and nanoseconds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Revision {
    pub(super) path: String,
    pub(super) modified: (i64, i64),
}

/// The revisions to remove so that `keep` remain: the oldest first, never one of `needed`. The agent keeps five and never
/// removes the last successful one.
pub(super) fn expired(mut revisions: Vec<Revision>, keep: usize, needed: &[String]) -> Vec<String> {
    let excess = revisions.len().saturating_sub(keep.max(1));
    revisions.retain(|revision| !needed.contains(&revision.path));
    revisions.sort_by(|one, other| (one.modified, &one.path).cmp(&(other.modified, &other.path)));
    revisions.into_iter().take(excess).map(|revision| revision.path).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_go_and_the_good_stay() {
        let revisions = || {
            let names = ["c", "a", "b", "d"].into_iter().enumerate();
            names.map(|(at, name)| Revision { path: name.to_owned(), modified: (at as i64, 0) }).collect::<Vec<_>>()
        };
        let needed = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        for (keep, good, expected) in [
            (4, &["d"][..], &[][..]),
            (2, &["d"], &["c", "a"]),
            (1, &["c"], &["a", "b", "d"]),
            (0, &["d"], &["c", "a", "b"]),
            (1, &["c", "d"], &["a", "b"]),
        ] {
            assert_eq!(expired(revisions(), keep, &needed(good)), expected, "{keep} {good:?}");
        }
    }
}
