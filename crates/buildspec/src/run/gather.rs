//! Which files of the source directory a list of patterns means.
//!
//! Nothing outside of the source directory is ever taken: not by `..`, not by an absolute path, and not through a
//! symbolic link. Directories that are links are not entered.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::select::{Patterns, inside, is_pattern};
use crate::build::PhaseContext;
use crate::model::Text;

/// Why files cannot be handed over.
#[derive(Debug)]
pub(super) enum UploadError {
    /// In the words of CodeBuild.
    Client(PhaseContext),
    /// Something is wrong with this machine.
    Io(PathBuf, io::Error),
}

/// What to look for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wanted<'a> {
    pub(super) files: &'a [Text],
    pub(super) exclude: &'a [Text],
    pub(super) base_directory: Option<&'a Text>,
}

/// A file that was found.
#[derive(Debug)]
pub(super) struct Found {
    /// Its path below the base directory.
    pub(super) relative: PathBuf,
    pub(super) path: PathBuf,
    pub(super) link: bool,
}

/// Finds the files, sorted within each base directory. What lies in `skip` is no part of the source. `notes` gets the
/// lines of CodeBuild's log.
pub(super) fn gather(
    wanted: Wanted<'_>,
    source: &Path,
    skip: &Path,
    notes: &mut Vec<String>,
) -> Result<Vec<Found>, UploadError> {
    let included = Patterns::new(wanted.files.iter().map(|text| text.value.as_str()));
    let excluded = Patterns::new(wanted.exclude.iter().map(|text| text.value.as_str()));
    let base = wanted.base_directory.map_or(".", |text| text.value.as_str());
    notes.push(format!("Expanding base directory path: {base}"));
    let bases = base_directories(base, source)?;
    notes.push("Assembling file list".to_owned());
    notes.push(format!("Expanding file paths for base directory {base}"));
    notes.extend(wanted.files.iter().map(|text| format!("Expanding {}", text.value)));
    notes.extend(included.skipped.iter().chain(&excluded.skipped).cloned());
    notes.extend(
        wanted
            .files
            .iter()
            .filter(|text| is_missing(&text.value, &bases))
            .map(|text| format!("Skipping invalid file path {}", text.value)),
    );
    let mut files = Vec::new();
    for base in bases {
        let mut walk = Walk { source, skip, found: Vec::new(), notes: &mut *notes };
        walk.directory(&base)?;
        for (path, link) in walk.found {
            let Ok(relative) = path.strip_prefix(&base) else { continue };
            if included.matches(relative) && !excluded.matches(relative) {
                files.push(Found { relative: relative.to_owned(), path, link });
            }
        }
    }
    Ok(files)
}

/// Whether a path without patterns names nothing.
fn is_missing(path: &str, bases: &[PathBuf]) -> bool {
    let Ok(clean) = inside(path) else { return false };
    !is_pattern(path) && !bases.iter().any(|base| base.join(&clean).symlink_metadata().is_ok())
}

/// The directories that `base-directory` means.
fn base_directories(base: &str, source: &Path) -> Result<Vec<PathBuf>, UploadError> {
    let none = || client(format!("no matching base directory path found for {base}"));
    let trimmed = base.trim_end_matches('/');
    if trimmed == "." {
        return Ok(vec![source.to_owned()]);
    }
    let clean = inside(trimmed).map_err(|_| none())?;
    let mut found = vec![source.to_owned()];
    for part in clean.split('/') {
        let mut next = Vec::new();
        for directory in &found {
            if is_pattern(part) {
                let pattern = Patterns::new([part]);
                let names = names(directory)?;
                next.extend(
                    names.iter().filter(|name| pattern.matches(Path::new(name))).map(|name| directory.join(name)),
                );
            } else {
                next.push(directory.join(part));
            }
        }
        // A link that stays inside is as good as a directory; one that leads out is none.
        found = next
            .into_iter()
            .filter_map(|path| path.canonicalize().ok())
            .filter(|path| path.is_dir() && path.starts_with(source))
            .collect();
    }
    if found.is_empty() { Err(none()) } else { Ok(found) }
}

struct Walk<'a> {
    source: &'a Path,
    /// The directory of the artifacts themselves, should it lie in the source.
    skip: &'a Path,
    /// Paths, and whether they are links.
    found: Vec<(PathBuf, bool)>,
    notes: &'a mut Vec<String>,
}

impl Walk<'_> {
    fn directory(&mut self, start: &Path) -> Result<(), UploadError> {
        let mut open = vec![start.to_owned()];
        while let Some(directory) = open.pop() {
            for name in names(&directory)? {
                let path = directory.join(name);
                if path == self.skip {
                    continue;
                }
                // What has gone since it was listed is no file of the artifact.
                let Ok(metadata) = path.symlink_metadata() else { continue };
                if metadata.is_dir() {
                    open.push(path);
                } else if metadata.is_file() {
                    self.found.push((path, false));
                } else if metadata.is_symlink() {
                    self.link(path);
                }
            }
        }
        self.found.sort();
        Ok(())
    }

    fn link(&mut self, path: PathBuf) {
        match path.canonicalize() {
            Ok(end) if end.starts_with(self.source) => self.found.push((path, true)),
            Ok(_) => self.notes.push(format!("Skipping {}: it leads out of the source directory", path.display())),
            Err(error) => self.notes.push(format!("Skipping {}: {error}", path.display())),
        }
    }
}

fn names(directory: &Path) -> Result<Vec<OsString>, UploadError> {
    let read = || -> io::Result<Vec<_>> { fs::read_dir(directory)?.map(|entry| Ok(entry?.file_name())).collect() };
    let mut names = read().map_err(|error| UploadError::Io(directory.to_owned(), error))?;
    names.sort();
    Ok(names)
}

pub(super) fn client(message: impl Into<String>) -> UploadError {
    UploadError::Client(PhaseContext::new("CLIENT_ERROR", message))
}
