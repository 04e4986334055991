//! Lists a directory of this machine in one order, whatever order its file system has.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::error::{BuildError, Error, IoError};

/// Something below the directory.
#[derive(Debug)]
pub(super) struct Entry {
    /// Where it lies.
    pub(super) path: PathBuf,
    /// Its path below the directory, with slashes.
    pub(super) relative: String,
    pub(super) kind: Found,
}

/// What it is. Only what is really taken must be of a kind that an image can hold.
#[derive(Debug)]
pub(super) enum Found {
    Directory,
    File,
    Symlink(String),
    /// What no layer can hold, and why.
    Unfit(&'static str),
}

impl Entry {
    /// The error for taking an entry that does not fit.
    pub(super) fn unfit(&self, why: &'static str) -> Error {
        BuildError::new(self.path.display().to_string(), why, "remove it, rename it or leave it out").into()
    }
}

/// Everything below `root`, sorted by path, so parents come first. Links are not followed; directories for which
/// `prune` says yes are left out with all they contain.
pub(super) fn walk(root: &Path, prune: &dyn Fn(&str) -> bool) -> Result<Vec<Entry>, Error> {
    let mut entries = Vec::new();
    let mut open = vec![(root.to_owned(), String::new())];
    while let Some((directory, prefix)) = open.pop() {
        let io = |error| IoError::new("read", &directory, error);
        for child in fs::read_dir(&directory).map_err(io)? {
            let child = child.map_err(io)?;
            let path = child.path();
            let Some(name) = child.file_name().to_str().map(str::to_owned) else {
                let relative = format!("{prefix}{}", child.file_name().to_string_lossy());
                let kind = Found::Unfit("its name is not UTF-8, so it would have another name on another machine");
                entries.push(Entry { path, relative, kind });
                continue;
            };
            let relative = format!("{prefix}{name}");
            let kind = child.file_type().map_err(|error| IoError::new("read", &path, error))?;
            let kind = if kind.is_symlink() {
                let target = fs::read_link(&path).map_err(|error| IoError::new("read", &path, error))?;
                target
                    .to_str()
                    .map_or(Found::Unfit("its target is not UTF-8"), |target| Found::Symlink(target.to_owned()))
            } else if kind.is_dir() {
                if prune(&relative) {
                    continue;
                }
                open.push((path.clone(), format!("{relative}/")));
                Found::Directory
            } else if kind.is_file() {
                Found::File
            } else {
                Found::Unfit("it is a socket, pipe or device")
            };
            entries.push(Entry { path, relative, kind });
        }
    }
    entries.sort_by(|a, b| a.relative.cmp(&b.relative));
    Ok(entries)
}
