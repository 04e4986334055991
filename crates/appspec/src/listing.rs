//! A list of paths and what they are: the files of a bundle, or what is on a host.

use std::collections::BTreeMap;

use crate::path::{LONGEST_PATH, normalise, parent};

/// What a path is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum EntryKind {
    /// A file.
    File,
    /// A directory.
    Directory,
    /// A symbolic link; it is installed as it is and never followed.
    Symlink,
}

/// Paths and what they are, sorted. Directories above an entry are there without being named.
///
/// A listing also remembers in which order its entries came, because agent v1 copies in the order in which the file
/// system gives names; two listings are equal without regard to that.
#[derive(Clone, Debug, Default)]
pub struct Listing {
    entries: BTreeMap<String, Entry>,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    kind: EntryKind,
    came: usize,
}

impl PartialEq for Listing {
    fn eq(&self, other: &Self) -> bool {
        let kinds = |listing: &Self| -> Vec<(String, EntryKind)> {
            listing.entries.iter().map(|(path, entry)| (path.clone(), entry.kind)).collect()
        };
        kinds(self) == kinds(other)
    }
}

impl Eq for Listing {}

impl Listing {
    /// An empty listing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A listing of files; a path that ends in a slash is a directory.
    pub fn from_paths<'a>(paths: impl IntoIterator<Item = &'a str>) -> Self {
        let mut listing = Self::new();
        for path in paths {
            let kind = if path.ends_with('/') { EntryKind::Directory } else { EntryKind::File };
            listing.insert(path, kind);
        }
        listing
    }

    /// Adds an entry and the directories above it. A path that leads out of the root, or is longer
    /// than paths can be, is left out: no bundle can hold such a file.
    pub fn insert(&mut self, path: &str, kind: EntryKind) {
        if path.len() > LONGEST_PATH {
            return;
        }
        let Some(path) = normalise(path).filter(|path| !path.is_empty()) else { return };
        let mut above = parent(&path);
        let mut missing = vec![(path.clone(), kind)];
        while let Some(directory) = above.filter(|directory| !directory.is_empty()) {
            missing.push((directory.to_owned(), EntryKind::Directory));
            above = parent(directory);
        }
        for (path, kind) in missing.into_iter().rev() {
            let came = self.entries.len();
            self.entries.entry(path).and_modify(|entry| entry.kind = kind).or_insert(Entry { kind, came });
        }
    }

    /// Everything directly in a directory, in the order in which it came; paths from the root.
    pub(crate) fn directly_in(&self, directory: &str) -> Vec<(&str, EntryKind)> {
        let depth = directory.split('/').filter(|part| !part.is_empty()).count();
        let prefix = if depth == 0 { String::new() } else { format!("{directory}/") };
        let below = self.entries.range(prefix.clone()..).take_while(|(path, _)| path.starts_with(&prefix));
        let mut found: Vec<_> = below.filter(|(path, _)| !path[prefix.len()..].contains('/')).collect();
        found.sort_by_key(|(_, entry)| entry.came);
        found.into_iter().map(|(path, entry)| (path.as_str(), entry.kind)).collect()
    }

    /// What a path is; the root is a directory.
    #[must_use]
    pub fn get(&self, path: &str) -> Option<EntryKind> {
        let path = normalise(path)?;
        if path.is_empty() { Some(EntryKind::Directory) } else { self.entries.get(&path).map(|entry| entry.kind) }
    }

    /// Everything below a directory, sorted, with paths from the root.
    pub fn below<'a>(&'a self, directory: &str) -> impl Iterator<Item = (&'a str, EntryKind)> {
        // Everything below `a/b` begins with `a/b/`, and stands together in the order of the text.
        let prefix = normalise(directory).map(|base| if base.is_empty() { base } else { base + "/" });
        let start = prefix.clone().unwrap_or_default();
        self.entries
            .range(start..)
            .take_while(move |(path, _)| prefix.as_ref().is_some_and(|prefix| path.starts_with(prefix)))
            .map(|(path, entry)| (path.as_str(), entry.kind))
    }

    /// How many entries there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is no entry.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directories_above_are_there() {
        let listing = Listing::from_paths(["a/b/c.txt", "/d/", "../out"]);
        assert_eq!(listing.get("a/b"), Some(EntryKind::Directory));
        assert_eq!(listing.get("/a/b/c.txt"), Some(EntryKind::File));
        assert_eq!(listing.get("d"), Some(EntryKind::Directory));
        assert_eq!(listing.get("/"), Some(EntryKind::Directory));
        assert_eq!(listing.get("../out"), None);
        assert_eq!(listing.below("a").map(|(path, _)| path).collect::<Vec<_>>(), ["a/b", "a/b/c.txt"]);
        assert_eq!(listing.len(), 4);
    }
}
