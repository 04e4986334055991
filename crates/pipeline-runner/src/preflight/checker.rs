//! What files are checked with, and how many of them at once.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use buildspec::rules::Context;
use spec_report::{Levels, Report};

use super::{Checked, Delivery, Kind, kind_of, read_pipeline};
use crate::{Error, Result};

/// Larger files are none of ours: ECS and CodePipeline take far less.
const LARGEST: u64 = 4 * 1024 * 1024;

/// Directories that are not looked into: they hold what others wrote.
const SKIPPED: &[&str] = &["node_modules", "target", "vendor"];

/// Checks files, with what the caller knows beyond them.
///
/// ```
/// use pipeline_runner::preflight::{Checker, Kind};
///
/// let text = b"version: 0.2\nphases:\n  install:\n    runtime-versions:\n      rust: 1.93\n    commands: [cargo build]\n";
/// let unknown = Checker::default().bytes(Kind::Buildspec, "buildspec.yml", text);
/// let known = Checker::default().with_image("aws/codebuild/standard:7.0").bytes(Kind::Buildspec, "buildspec.yml", text);
/// assert!(known.iter().count() > unknown.iter().count(), "the image does not have this runtime");
/// ```
#[derive(Clone, Debug, Default)]
pub struct Checker {
    levels: Levels,
    context: Context,
}

impl Checker {
    /// With levels of rules.
    #[must_use]
    pub fn with_levels(mut self, levels: Levels) -> Self {
        self.levels = levels;
        self
    }

    /// With the image that builds run in, such as `aws/codebuild/standard:7.0`.
    #[must_use]
    pub fn with_image(mut self, image: impl Into<String>) -> Self {
        self.context = self.context.with_image(image);
        self
    }

    /// Whether something is known about the image; one that is not known changes nothing.
    #[must_use]
    pub fn is_image_known(&self) -> bool {
        self.context.is_image_known()
    }

    /// Checks a file whose kind is known. `name` is for messages; the bytes may be anything.
    #[must_use]
    pub fn bytes(&self, kind: Kind, name: &str, bytes: &[u8]) -> Report {
        let levels = &self.levels;
        match kind {
            Kind::AppSpec => appspec::check(&appspec::Subject::new(appspec::read_bytes(name, bytes)), levels),
            Kind::Buildspec => buildspec::rules::check_with(&buildspec::read_bytes(name, bytes), levels, &self.context),
            Kind::Pipeline => pipeline_model::check(&read_pipeline(name, bytes), levels),
            Kind::TaskDefinition => ecs_taskdef::check(&ecs_taskdef::read_bytes(name, bytes), levels),
        }
    }

    /// Checks one file; `None` when it is of no known kind.
    ///
    /// # Errors
    /// [`Error::File`] when it cannot be read.
    pub fn file(&self, path: &Path) -> Result<Option<Checked>> {
        let length = std::fs::metadata(path).map_err(|error| Error::file(path, error))?.len();
        if length > LARGEST {
            return Ok(None);
        }
        let bytes = std::fs::read(path).map_err(|error| Error::file(path, error))?;
        let Some(kind) = kind_of(path, &bytes) else { return Ok(None) };
        let report = self.bytes(kind, &path.display().to_string(), &bytes);
        Ok(Some(Checked { path: path.to_owned(), kind, report }))
    }

    /// Checks one file as what the caller says it is, whatever its name.
    ///
    /// # Errors
    /// [`Error::File`] when it cannot be read.
    pub fn file_of(&self, kind: Kind, path: &Path) -> Result<Checked> {
        let bytes = std::fs::read(path).map_err(|error| Error::file(path, error))?;
        let report = self.bytes(kind, &path.display().to_string(), &bytes);
        Ok(Checked { path: path.to_owned(), kind, report })
    }

    /// Checks every file below `directory` that is of a [`Kind`] this project knows, on all processors; the answer is in
    /// the order of their names. What only several of them together show ([`Delivery`]) is in the report of the file where
    /// it has to be mended. Hidden directories and those that hold other people's files are passed over; links are
    /// not followed.
    ///
    /// # Errors
    /// [`Error::File`] when a directory or file cannot be read.
    pub fn directory(&self, directory: &Path) -> Result<Vec<Checked>> {
        let files = files(directory)?;
        let workers = std::thread::available_parallelism().map_or(1, usize::from).min(files.len().max(1));
        let next = AtomicUsize::new(0);
        let work = || {
            let mut checked = Vec::new();
            while let Some((place, path)) = {
                let place = next.fetch_add(1, Ordering::Relaxed);
                files.get(place).map(|path| (place, path))
            } {
                if let Some(found) = self.file(path)? {
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
        let mut checked: Vec<Checked> = checked.into_iter().map(|(_, found)| found).collect();
        self.together(&mut checked)?;
        Ok(checked)
    }

    /// Adds what only the files together show. Without a pipeline there is nothing that would tie them, and with nothing
    /// else nothing to tie.
    fn together(&self, checked: &mut [Checked]) -> Result<()> {
        let pipelines = checked.iter().filter(|file| file.kind == Kind::Pipeline).count();
        if pipelines == 0 || pipelines == checked.len() {
            return Ok(());
        }
        let mut delivery = Delivery::new();
        for file in checked.iter() {
            let bytes = std::fs::read(&file.path).map_err(|error| Error::file(&file.path, error))?;
            delivery = delivery.with(file.kind, &file.path.display().to_string(), &bytes);
        }
        for finding in delivery.check(&self.levels).into_vec() {
            let name = finding.primary.source.name().to_owned();
            if let Some(file) = checked.iter_mut().find(|file| file.path.display().to_string() == name) {
                file.report.push(finding);
            }
        }
        Ok(())
    }
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
