//! Checks every file of a delivery before anything runs: each by the crate that knows its kind.

mod kind;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use pipeline_model::{ReadOptions, Reading};
use spec_report::{Levels, Report};

pub use self::kind::{Kind, kind_of};
use crate::{Error, Result};

/// Larger files are none of ours: ECS and CodePipeline take far less.
const LARGEST: u64 = 4 * 1024 * 1024;

/// Directories that are not looked into: they hold what others wrote.
const SKIPPED: &[&str] = &["node_modules", "target", "vendor"];

/// A file and what is wrong with it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Checked {
    /// The file, as it was named.
    pub path: PathBuf,
    /// What it is.
    pub kind: Kind,
    /// What is wrong with it.
    pub report: Report,
}

/// Checks a file whose kind is known. `name` is for messages; the bytes may be anything.
///
/// ```
/// use pipeline_runner::preflight::{Kind, check};
/// use spec_report::Levels;
///
/// let report = check(Kind::Buildspec, "buildspec.yml", b"version: 0.2\n", &Levels::default());
/// assert!(report.has_errors(), "a buildspec needs phases");
/// ```
#[must_use]
pub fn check(kind: Kind, name: &str, bytes: &[u8], levels: &Levels) -> Report {
    match kind {
        Kind::AppSpec => appspec::check(&appspec::Subject::new(appspec::read_bytes(name, bytes)), levels),
        Kind::Buildspec => buildspec::check(&buildspec::read_bytes(name, bytes), levels),
        Kind::Pipeline => pipeline_model::check(&read_pipeline(name, bytes), levels),
        Kind::TaskDefinition => ecs_taskdef::check(&ecs_taskdef::read_bytes(name, bytes), levels),
    }
}

/// Reads a pipeline's declaration or template.
#[must_use]
pub fn read_pipeline(name: &str, bytes: &[u8]) -> Reading {
    pipeline_model::read_bytes(name, bytes, &ReadOptions::default())
}

/// Checks every file below `directory` that is of a [`Kind`] this project knows, on all processors; the answer is in the
/// order of their names. Hidden directories and those that hold other people's files are passed over; links are not followed.
///
/// # Errors
/// [`Error::File`] when a directory or file cannot be read.
pub fn check_directory(directory: &Path, levels: &Levels) -> Result<Vec<Checked>> {
    let files = files(directory)?;
    let workers = std::thread::available_parallelism().map_or(1, usize::from).min(files.len().max(1));
    let next = AtomicUsize::new(0);
    let work = || {
        let mut checked = Vec::new();
        while let Some((place, path)) = {
            let place = next.fetch_add(1, Ordering::Relaxed);
            files.get(place).map(|path| (place, path))
        } {
            if let Some(found) = check_file(path, levels)? {
                checked.push((place, found));
            }
        }
        Ok::<_, Error>(checked)
    };
    let mut checked = Vec::new();
    std::thread::scope(|scope| {
        let running: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
        running.into_iter().try_for_each(|worker| {
            let found = worker.join().map_err(|_| Error::Task("a check panicked, which is a bug".to_owned()))?;
            checked.extend(found?);
            Ok::<_, Error>(())
        })
    })?;
    checked.sort_by_key(|(place, _)| *place);
    Ok(checked.into_iter().map(|(_, found)| found).collect())
}

/// Checks one file; `None` when it is of no known kind.
///
/// # Errors
/// [`Error::File`] when it cannot be read.
pub fn check_file(path: &Path, levels: &Levels) -> Result<Option<Checked>> {
    let length = std::fs::metadata(path).map_err(|error| Error::file(path, error))?.len();
    if length > LARGEST {
        return Ok(None);
    }
    let bytes = std::fs::read(path).map_err(|error| Error::file(path, error))?;
    let Some(kind) = kind_of(path, &bytes) else { return Ok(None) };
    let report = check(kind, &path.display().to_string(), &bytes, levels);
    Ok(Some(Checked { path: path.to_owned(), kind, report }))
}

fn files(directory: &Path) -> Result<Vec<PathBuf>> {
    let (mut found, mut open) = (Vec::new(), vec![directory.to_owned()]);
    while let Some(path) = open.pop() {
        for entry in std::fs::read_dir(&path).map_err(|error| Error::file(&path, error))? {
            let entry = entry.map_err(|error| Error::file(&path, error))?;
            let kind = entry.file_type().map_err(|error| Error::file(entry.path(), error))?;
            let name = entry.file_name();
            let skipped = name.as_encoded_bytes().starts_with(b".") || SKIPPED.iter().any(|skipped| name == **skipped);
            if kind.is_dir() && !skipped {
                open.push(entry.path());
            } else if kind.is_file() {
                found.push(entry.path());
            }
        }
    }
    found.sort();
    Ok(found)
}
