//! Copies of a source for builds, which change it, and what has changed in a source since a build.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// Copies a source directory to `to`, which must not exist; what lies in one of `skip` is left out. Links stay links, and
/// sockets and the like are left out.
///
/// # Errors
/// When something cannot be read or written.
pub fn copy(from: &Path, to: &Path, skip: &[&Path]) -> io::Result<()> {
    let from = from.canonicalize()?;
    if let Some(parent) = to.parent() {
        fs::create_dir_all(parent)?;
    }
    fs::create_dir(to)?;
    let mut skip = real(skip);
    skip.push(to.canonicalize()?);
    walk(&from, &skip, &mut |path, metadata| {
        let Ok(relative) = path.strip_prefix(&from) else { return Ok(()) };
        let target = to.join(relative);
        if metadata.is_dir() {
            fs::create_dir(&target)?;
        } else if metadata.is_symlink() {
            std::os::unix::fs::symlink(fs::read_link(path)?, &target)?;
        } else if metadata.is_file() {
            fs::copy(path, &target)?;
        }
        Ok(())
    })
}

/// What a source looked like: enough to tell whether it is worth another build.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Snapshot(BTreeMap<PathBuf, (u64, Option<SystemTime>)>);

impl Snapshot {
    /// Looks at a source; what lies in one of `skip`, or in `.git`, is not looked at.
    ///
    /// # Errors
    /// When a directory cannot be read.
    pub fn take(source: &Path, skip: &[&Path]) -> io::Result<Self> {
        let source = source.canonicalize()?;
        let mut skip = real(skip);
        skip.push(source.join(".git"));
        let mut files = BTreeMap::new();
        walk(&source, &skip, &mut |path, metadata| {
            if !metadata.is_dir() {
                files.insert(path.to_owned(), (metadata.len(), metadata.modified().ok()));
            }
            Ok(())
        })?;
        Ok(Self(files))
    }

    /// The files that are new, gone or different since `earlier`, sorted.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Vec<PathBuf> {
        let gone = earlier.0.keys().filter(|path| !self.0.contains_key(*path));
        let different = self.0.iter().filter(|(path, state)| earlier.0.get(*path) != Some(state));
        let mut paths: Vec<PathBuf> = gone.chain(different.map(|(path, _)| path)).cloned().collect();
        paths.sort();
        paths
    }
}

fn real(paths: &[&Path]) -> Vec<PathBuf> {
    paths.iter().filter_map(|path| path.canonicalize().ok()).collect()
}

/// Visits everything below a directory, directories before what is in them. What goes away meanwhile is not there.
fn walk(
    start: &Path,
    skip: &[PathBuf],
    visit: &mut dyn FnMut(&Path, &fs::Metadata) -> io::Result<()>,
) -> io::Result<()> {
    let mut open = vec![start.to_owned()];
    while let Some(directory) = open.pop() {
        let entries = match fs::read_dir(&directory) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            other => other?,
        };
        for entry in entries {
            let path = entry?.path();
            if skip.contains(&path) {
                continue;
            }
            let Ok(metadata) = path.symlink_metadata() else { continue };
            match visit(&path, &metadata) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                other => other?,
            }
            if metadata.is_dir() {
                open.push(path);
            }
        }
    }
    Ok(())
}
