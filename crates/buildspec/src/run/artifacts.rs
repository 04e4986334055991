//! `UPLOAD_ARTIFACTS`: takes the files of the artifacts out of the source directory.

use std::collections::BTreeSet;
use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use super::gather::{Found, UploadError, Wanted, client, gather};
use super::select::inside;
use super::{ArtifactOutput, Packaging};
use crate::model::{ArtifactSet, Text, yes_no};

/// One artifact to collect.
#[derive(Debug)]
pub(super) struct Order<'a> {
    /// `None` for the primary one.
    pub(super) identifier: Option<&'a Text>,
    pub(super) set: &'a ArtifactSet,
    /// Its name, expanded by the shell.
    pub(super) name: Option<String>,
}

/// Collects all artifacts. `notes` gets what a reader of the log should know.
pub(super) fn collect(
    orders: &[Order<'_>],
    packaging: Packaging,
    source: &Path,
    target: &Path,
    notes: &mut Vec<String>,
) -> Result<Vec<ArtifactOutput>, UploadError> {
    let source = source.canonicalize().map_err(|error| UploadError::Io(source.to_owned(), error))?;
    fs::create_dir_all(target).map_err(|error| UploadError::Io(target.to_owned(), error))?;
    let target = target.canonicalize().map_err(|error| UploadError::Io(target.to_owned(), error))?;
    let _lock = lock(&target)?;
    for old in ["primary", "secondary", "archives"].map(|name| target.join(name)) {
        remove(&old).map_err(|error| UploadError::Io(old, error))?;
    }
    let mut outputs = Vec::new();
    for order in orders {
        let directory = match order.identifier {
            None => target.join("primary"),
            Some(identifier) => target.join("secondary").join(identifier_of(identifier)?),
        };
        let files = one(order.set, &source, &target, &directory, notes)?;
        let archive = match packaging {
            Packaging::None => None,
            Packaging::Zip => Some(archive(order, &directory, &files, &target)?),
        };
        outputs.push(ArtifactOutput {
            identifier: order.identifier.map(|text| text.value.clone()),
            name: order.name.clone(),
            directory,
            archive,
            files,
        });
    }
    Ok(outputs)
}

/// The lock of a directory. It ends by name: closing the file is not enough while a process that another thread has just
/// forked has it as well.
struct Lock(File);

impl Drop for Lock {
    fn drop(&mut self) {
        // If it fails, the lock ends with the last copy of the file.
        let _ = self.0.unlock();
    }
}

/// Holds the directory for this build: two builds would mix their artifacts.
fn lock(target: &Path) -> Result<Lock, UploadError> {
    let path = target.join(".lock");
    let file = File::create(&path).map_err(|error| UploadError::Io(path.clone(), error))?;
    match file.try_lock() {
        Ok(()) => Ok(Lock(file)),
        Err(TryLockError::Error(error)) => Err(UploadError::Io(path, error)),
        Err(TryLockError::WouldBlock) => {
            let message = "another build is writing its artifacts here: give each build a directory of its own";
            Err(UploadError::Io(target.to_owned(), io::Error::other(message)))
        }
    }
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
    let flat = is_yes(set.discard_paths.as_ref());
    let links = is_yes(set.enable_symlinks.as_ref());
    let wanted = Wanted { files: &set.files, exclude: &set.exclude_paths, base_directory: set.base_directory.as_ref() };
    let mut files = BTreeSet::new();
    for found in gather(wanted, source, target, notes)? {
        let place = match found.relative.file_name() {
            Some(name) if flat => PathBuf::from(name),
            _ => found.relative.clone(),
        };
        if !copy(&found, &directory.join(&place), links)? {
            continue;
        }
        if !files.insert(place.clone()) {
            notes.push(format!("More than one file is {} in the artifact; the last one is kept", place.display()));
        }
    }
    if files.is_empty() {
        return Err(client("no matching artifact paths found"));
    }
    notes.push(format!("Found {} file(s)", files.len()));
    Ok(files.into_iter().collect())
}

/// Copies the file; `false` for a link to a directory that is not kept as a link.
fn copy(found: &Found, to: &Path, keep_links: bool) -> Result<bool, UploadError> {
    let failed = |error| UploadError::Io(found.path.clone(), error);
    let kept = |path: &Path| fs::read_link(path).ok().filter(|end| end.is_relative());
    let relative_link = if found.link && keep_links { kept(&found.path) } else { None };
    if relative_link.is_none() && found.path.is_dir() {
        return Ok(false);
    }
    if let Some(parent) = to.parent() {
        fs::create_dir_all(parent).map_err(failed)?;
    }
    remove(to).map_err(failed)?;
    match relative_link {
        Some(end) => std::os::unix::fs::symlink(end, to).map_err(failed)?,
        None => {
            fs::copy(&found.path, to).map_err(failed)?;
        }
    }
    Ok(true)
}

/// Packs what was copied. The archive of the same files is the same, byte for byte: it holds no times.
fn archive(order: &Order<'_>, directory: &Path, files: &[PathBuf], target: &Path) -> Result<PathBuf, UploadError> {
    let fallback = order.identifier.map_or("primary", |text| text.value.as_str());
    let name = order.name.as_deref().unwrap_or(fallback);
    let name = inside(name).map_err(|why| client(format!("invalid artifact name {}: {why}", name.escape_debug())))?;
    let path = target.join("archives").join(if name.ends_with(".zip") { name } else { format!("{name}.zip") });
    let written = path.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| pack(&path, directory, files));
    written.map_err(|error| UploadError::Io(path.clone(), error))?;
    Ok(path)
}

fn pack(path: &Path, directory: &Path, files: &[PathBuf]) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let mut archive = ZipWriter::new(File::create_new(path)?);
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated).large_file(true);
    for relative in files {
        let (name, file) = (relative.to_string_lossy(), directory.join(relative));
        let metadata = file.symlink_metadata()?;
        if metadata.is_symlink() {
            archive.add_symlink(name, fs::read_link(&file)?.to_string_lossy(), options)?;
            continue;
        }
        archive.start_file(name, options.unix_permissions(metadata.permissions().mode()))?;
        io::copy(&mut File::open(&file)?, &mut archive)?;
    }
    archive.finish()?.sync_all()
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

pub(super) fn is_yes(text: Option<&Text>) -> bool {
    text.and_then(|text| yes_no(&text.value)).unwrap_or_default()
}
