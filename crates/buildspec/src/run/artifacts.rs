//! `UPLOAD_ARTIFACTS`: takes the files of the artifacts out of the source directory.
//!
//! Nothing outside of the source directory is ever taken: not by `..`, not by an absolute path, and not through a
//! symbolic link. Directories that are links are not entered.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::ArtifactOutput;
use super::select::{Patterns, inside, is_pattern};
use crate::build::PhaseContext;
use crate::model::{ArtifactSet, Artifacts, Text, yes_no};

/// Why the upload failed.
#[derive(Debug)]
pub(super) enum UploadError {
    /// In the words of CodeBuild.
    Client(PhaseContext),
    /// Something is wrong with this machine.
    Io(PathBuf, io::Error),
}

/// Collects all artifacts. `notes` gets what a reader of the log should know.
pub(super) fn collect(
    artifacts: &Artifacts,
    source: &Path,
    target: &Path,
    notes: &mut Vec<String>,
) -> Result<Vec<ArtifactOutput>, UploadError> {
    let source = source.canonicalize().map_err(|error| UploadError::Io(source.to_owned(), error))?;
    fs::create_dir_all(target).map_err(|error| UploadError::Io(target.to_owned(), error))?;
    let target = target.canonicalize().map_err(|error| UploadError::Io(target.to_owned(), error))?;
    let mut sets: Vec<(Option<&Text>, &ArtifactSet)> = Vec::new();
    if !artifacts.primary.files.is_empty() {
        sets.push((None, &artifacts.primary));
    }
    sets.extend(artifacts.secondary_artifacts.iter().map(|one| (Some(&one.identifier), &one.artifacts)));
    for old in [target.join("primary"), target.join("secondary")] {
        remove(&old).map_err(|error| UploadError::Io(old, error))?;
    }
    let mut outputs = Vec::new();
    for (identifier, set) in sets {
        let directory = match identifier {
            None => target.join("primary"),
            Some(identifier) => target.join("secondary").join(identifier_of(identifier)?),
        };
        let files = one(set, &source, &target, &directory, notes)?;
        outputs.push(ArtifactOutput { identifier: identifier.map(|text| text.value.clone()), directory, files });
    }
    Ok(outputs)
}

/// An identifier becomes part of a path, so it must not be one.
fn identifier_of(identifier: &Text) -> Result<&str, UploadError> {
    let word = identifier.value.as_str();
    let plain = !word.is_empty() && word.bytes().all(|byte| byte == b'_' || byte.is_ascii_alphanumeric());
    if plain { Ok(word) } else { Err(client(format!("invalid artifact identifier {}", word.escape_debug()))) }
}

fn one(
    set: &ArtifactSet,
    source: &Path,
    target: &Path,
    directory: &Path,
    notes: &mut Vec<String>,
) -> Result<Vec<PathBuf>, UploadError> {
    let included = Patterns::new(set.files.iter().map(|text| text.value.as_str()));
    let excluded = Patterns::new(set.exclude_paths.iter().map(|text| text.value.as_str()));
    notes.extend(included.skipped.iter().chain(&excluded.skipped).cloned());
    let flat = is_yes(set.discard_paths.as_ref());
    let links = is_yes(set.enable_symlinks.as_ref());
    let base = set.base_directory.as_ref().map_or(".", |text| text.value.as_str());
    let mut files = BTreeSet::new();
    for base in base_directories(base, source)? {
        let mut walk = Walk { source, skip: target, found: Vec::new(), notes: &mut *notes };
        walk.directory(&base)?;
        for found in walk.found {
            let Ok(relative) = found.path.strip_prefix(&base) else { continue };
            if !included.matches(relative) || excluded.matches(relative) {
                continue;
            }
            let place = match relative.file_name() {
                Some(name) if flat => PathBuf::from(name),
                _ => relative.to_owned(),
            };
            if !found.copy(&directory.join(&place), links)? {
                continue;
            }
            if !files.insert(place.clone()) {
                notes.push(format!("More than one file is {} in the artifact; the last one is kept", place.display()));
            }
        }
    }
    if files.is_empty() {
        return Err(client("no matching artifact paths found"));
    }
    notes.push(format!("Found {} file(s)", files.len()));
    Ok(files.into_iter().collect())
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
    found: Vec<Found>,
    notes: &'a mut Vec<String>,
}

struct Found {
    path: PathBuf,
    link: bool,
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
                    self.found.push(Found { path, link: false });
                } else if metadata.is_symlink() {
                    self.link(path);
                }
            }
        }
        self.found.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(())
    }

    fn link(&mut self, path: PathBuf) {
        match path.canonicalize() {
            Ok(end) if end.starts_with(self.source) => self.found.push(Found { path, link: true }),
            Ok(_) => self.notes.push(format!("Skipping {}: it leads out of the source directory", path.display())),
            Err(error) => self.notes.push(format!("Skipping {}: {error}", path.display())),
        }
    }
}

impl Found {
    /// Copies the file; `false` for a link to a directory that is not kept as a link.
    fn copy(&self, to: &Path, keep_links: bool) -> Result<bool, UploadError> {
        let failed = |error| UploadError::Io(self.path.clone(), error);
        let relative_link =
            if self.link && keep_links { fs::read_link(&self.path).ok().filter(|end| end.is_relative()) } else { None };
        if relative_link.is_none() && self.path.is_dir() {
            return Ok(false);
        }
        if let Some(parent) = to.parent() {
            fs::create_dir_all(parent).map_err(failed)?;
        }
        remove(to).map_err(failed)?;
        match relative_link {
            Some(end) => std::os::unix::fs::symlink(end, to).map_err(failed)?,
            None => {
                fs::copy(&self.path, to).map_err(failed)?;
            }
        }
        Ok(true)
    }
}

fn names(directory: &Path) -> Result<Vec<OsString>, UploadError> {
    let read = || -> io::Result<Vec<_>> { fs::read_dir(directory)?.map(|entry| Ok(entry?.file_name())).collect() };
    let mut names = read().map_err(|error| UploadError::Io(directory.to_owned(), error))?;
    names.sort();
    Ok(names)
}

fn remove(path: &Path) -> io::Result<()> {
    let removed = match path.symlink_metadata() {
        Ok(metadata) if metadata.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(error) => Err(error),
    };
    match removed {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn is_yes(text: Option<&Text>) -> bool {
    text.and_then(|text| yes_no(&text.value)).unwrap_or_default()
}

fn client(message: impl Into<String>) -> UploadError {
    UploadError::Client(PhaseContext::new("CLIENT_ERROR", message))
}
