//! The cache of a build in a local directory, as CodeBuild keeps it in S3.
//!
//! Without a key there is one cache, replaced by each build that succeeds. With a key each cache is written once and
//! never changed; its version is a hash of `paths`, so that caches of other paths are other caches (user guide, "Amazon
//! S3 caching"). Paths outside of the source directory are those of this machine: they stay as they are anyway.

use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::gather::{UploadError, Wanted, gather};
use crate::model::{Cache, Text};

/// Longer names of files are cut and told apart by a hash.
const LONGEST_NAME: usize = 200;

/// What of a cache is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    Restore,
    Save,
}

/// Whether `cache.action` wants it: nothing said is both.
pub(super) fn wants(cache: &Cache, action: Action) -> bool {
    match cache.action.as_ref().map(|text| text.value.trim().to_ascii_lowercase()).as_deref() {
        Some("restore") => action == Action::Restore,
        Some("save") => action == Action::Save,
        _ => true,
    }
}

/// A cache whose texts the shell has expanded.
#[derive(Debug)]
pub(super) struct Store<'a> {
    /// Where caches are kept.
    pub(super) directory: &'a Path,
    pub(super) source: PathBuf,
    pub(super) paths: Vec<Text>,
    pub(super) key: Option<String>,
    pub(super) fallback_keys: Vec<String>,
}

impl Store<'_> {
    /// Where the cache of a key is; without one, the only one.
    fn place(&self) -> PathBuf {
        match &self.key {
            Some(key) => self.version().join(format!("{}.tar", file_name(key))),
            None => self.directory.join("unkeyed.tar"),
        }
    }

    fn version(&self) -> PathBuf {
        let joined: Vec<&str> = self.paths.iter().map(|text| text.value.as_str()).collect();
        self.directory.join(&hash(&joined.join("\n"))[..16])
    }

    /// Puts back what fits best, and tells what that was.
    pub(super) fn restore(&self) -> io::Result<String> {
        let Some(archive) = self.best()? else { return Ok("Cache: nothing is kept under this key".to_owned()) };
        let mut tar = tar::Archive::new(BufReader::new(File::open(&archive)?));
        tar.set_preserve_permissions(true);
        // Whatever an archive says, nothing is written outside of the source directory.
        tar.unpack(&self.source)?;
        let name = archive.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        Ok(format!("Cache: restored {name}"))
    }

    fn best(&self) -> io::Result<Option<PathBuf>> {
        let exact = self.place();
        if exact.is_file() {
            return Ok(Some(exact));
        }
        if self.key.is_none() {
            return Ok(None);
        }
        let kept = kept(&self.version())?;
        for prefix in &self.fallback_keys {
            let prefix = file_name(prefix);
            let fitting = kept.iter().filter(|(name, _, _)| name.starts_with(&prefix));
            // Which one of several CodeBuild takes is not documented; the youngest is the likeliest to be of use.
            if let Some((_, _, path)) = fitting.max_by_key(|(name, at, _)| (*at, name.as_str())) {
                return Ok(Some(path.clone()));
            }
        }
        Ok(None)
    }

    /// Keeps the files, and tells what was kept. `unique` is a word that no other build writes under.
    pub(super) fn save(&self, unique: &str, notes: &mut Vec<String>) -> Result<String, UploadError> {
        let place = self.place();
        if self.key.is_some() && place.exists() {
            return Ok("Cache: this key is kept already, and a key is written once".to_owned());
        }
        let mut log = Vec::new();
        let wanted = Wanted { files: &self.paths, exclude: &[], base_directory: None };
        let files = gather(wanted, &self.source, self.directory, &mut log)?;
        notes.extend(log.into_iter().filter(|line| line.starts_with("Skipping")).map(|line| format!("Cache: {line}")));
        if files.is_empty() {
            return Ok("Cache: no files were found".to_owned());
        }
        let failed = |error| UploadError::Io(place.clone(), error);
        let parent = place.parent().unwrap_or(self.directory);
        fs::create_dir_all(parent).map_err(failed)?;
        let part = parent.join(format!(".{unique}.part"));
        let written = write(&part, &self.source, files.iter().map(|file| file.path.as_path()));
        let kept = written.and_then(|()| match &self.key {
            // Fails if another build was faster.
            Some(_) => match fs::hard_link(&part, &place) {
                Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
                _ => Ok(()),
            },
            None => fs::copy(&part, parent.join(".unkeyed.new"))
                .and_then(|_| fs::rename(parent.join(".unkeyed.new"), &place)),
        });
        let _ = fs::remove_file(&part);
        kept.map_err(failed)?;
        Ok(format!("Cache: kept {} file(s)", files.len()))
    }
}

fn write<'p>(archive: &Path, source: &Path, files: impl Iterator<Item = &'p Path>) -> io::Result<()> {
    let mut tar = tar::Builder::new(BufWriter::new(File::create(archive)?));
    tar.follow_symlinks(false);
    for path in files {
        let Ok(relative) = path.strip_prefix(source) else { continue };
        match tar.append_path_with_name(path, relative) {
            // What has gone since it was listed is no part of the cache.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            other => other?,
        }
    }
    tar.into_inner()?.flush()
}

/// The caches in a directory: name, age, path.
fn kept(directory: &Path) -> io::Result<Vec<(String, SystemTime, PathBuf)>> {
    let entries = match fs::read_dir(directory) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        other => other?,
    };
    let mut found = Vec::new();
    for entry in entries {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if let Some(name) = name.strip_suffix(".tar")
            && let Ok(metadata) = path.metadata()
        {
            found.push((name.to_owned(), metadata.modified()?, path.clone()));
        }
    }
    Ok(found)
}

/// A key as the name of a file: keys with a common beginning have names with a common beginning.
fn file_name(key: &str) -> String {
    let mut name = String::new();
    for byte in key.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' => name.push(char::from(byte)),
            b'.' if !name.is_empty() => name.push('.'),
            _ => name.push_str(&format!("%{byte:02x}")),
        }
    }
    if name.len() > LONGEST_NAME {
        name.truncate(LONGEST_NAME - 33);
        name.push('~');
        name.push_str(&hash(key)[..32]);
    }
    name
}

fn hash(text: &str) -> String {
    let digest = ring::digest::digest(&ring::digest::SHA256, text.as_bytes());
    digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_files() {
        for (key, expected) in [("npm-abc.1", "npm-abc.1"), ("a/b c", "a%2fb%20c"), ("..", "%2e."), ("", "")] {
            assert_eq!(file_name(key), expected);
        }
        let (a, b) = (file_name(&"x".repeat(400)), file_name(&"x".repeat(401)));
        assert!(a != b && a.len() == LONGEST_NAME && a[..100] == b[..100]);
    }
}
