//! Checks every file of a delivery before anything runs: each by the crate that knows its kind.

mod checker;
pub mod delivery;
mod kind;

use std::path::{Path, PathBuf};

use pipeline_model::{ReadOptions, Reading};
use spec_report::{Levels, Report};

pub use self::checker::Checker;
pub use self::delivery::Delivery;
pub use self::kind::{Kind, kind_of};
use crate::Result;

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
    Checker::default().with_levels(levels.clone()).bytes(kind, name, bytes)
}

/// Reads a pipeline's declaration or template.
#[must_use]
pub fn read_pipeline(name: &str, bytes: &[u8]) -> Reading {
    pipeline_model::read_bytes(name, bytes, &ReadOptions::default())
}

/// Checks every file below `directory`: [`Checker::directory`] with nothing known but the levels.
///
/// # Errors
/// [`Error::File`](crate::Error::File) when a directory or file cannot be read.
pub fn check_directory(directory: &Path, levels: &Levels) -> Result<Vec<Checked>> {
    Checker::default().with_levels(levels.clone()).directory(directory)
}

/// Checks one file; `None` when it is of no known kind.
///
/// # Errors
/// [`Error::File`](crate::Error::File) when it cannot be read.
pub fn check_file(path: &Path, levels: &Levels) -> Result<Option<Checked>> {
    Checker::default().with_levels(levels.clone()).file(path)
}
