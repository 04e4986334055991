//! What can keep a build from being run here at all.

use std::io;
use std::path::PathBuf;

/// The build could not be started, or its result could not be written.
///
/// A build that started and failed is no error: it is a [`BuildResult`](super::BuildResult).
#[non_exhaustive]
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The source is not there.
    #[error("the source directory `{}` cannot be used: name a directory that exists", path.display())]
    SourceDirectory {
        /// The directory.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A directory for the run's own files could not be made.
    #[error("the working directory `{}` cannot be made: name another place for it", path.display())]
    WorkingDirectory {
        /// The directory.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The shell of the buildspec is not on this machine.
    #[error("the shell `{shell}` is not on this machine: install it, or set `env.shell`")]
    NoShell {
        /// The shell.
        shell: String,
    },
    /// The buildspec asks for something that does not run here.
    #[error("{what} does not run here: {advice}")]
    Unsupported {
        /// What was asked for.
        what: String,
        /// What to do instead.
        advice: &'static str,
    },
    /// The `batch` of the buildspec means no builds that could run.
    #[error("the batch cannot run: {what}")]
    Batch {
        /// What is wrong with it.
        what: String,
    },
    /// A variable of the caller cannot be given to a process.
    #[error("the variable `{}` cannot be set: {problem}", name.escape_debug())]
    Variable {
        /// Its name.
        name: String,
        /// What is wrong with it.
        problem: &'static str,
    },
}
