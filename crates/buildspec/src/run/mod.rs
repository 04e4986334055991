//! Runs a buildspec on this machine (feature `local`).
//!
//! [`Runner`] has CodeBuild's semantics: which phase follows which, what a command leaves to the next one, which variable
//! wins; what becomes of reports, artifacts and caches. An [`Executor`] runs the commands: [`HostShell`] in the shell of this
//! machine, [`Container`] in a container, [`DryRun`] not at all. [`batch`] runs several builds side by side. Only processes
//! and threads, no async runtime.
//!
//! ```
//! use std::sync::Arc;
//!
//! use aws_call::{ManualClock, SequenceIds};
//! use buildspec::run::{Cancel, HostShell, Request, Runner};
//! use spec_report::Source;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let directory = tempfile::tempdir()?;
//! # let directory = directory.path();
//! let text = "version: 0.2\nphases:\n  build:\n    commands:\n      - GREETING=hello\n      - echo $GREETING > greeting\nartifacts:\n  files: greeting\n";
//! let parsed = buildspec::read(Source::new("buildspec.yml", text));
//! let spec = parsed.value.filter(|_| !parsed.report.has_errors()).ok_or("the buildspec has errors")?;
//!
//! // A program takes `SystemClock` and `SystemIds` here.
//! let clock = Arc::new(ManualClock::at_epoch_secs(1_700_000_000));
//! let runner = Runner::new(Arc::new(HostShell::new(directory.join("tmp"))), clock, Arc::new(SequenceIds::new(1)));
//! # std::fs::create_dir(directory.join("source"))?;
//! let request = Request::new(&spec, directory.join("source"), directory.join("artifacts"), "shop");
//! let result = runner.run(&request, &Cancel::new(), &mut |event| log(&event.to_string()))?;
//!
//! assert!(result.is_success());
//! let artifact = &result.artifacts[0];
//! assert_eq!(std::fs::read_to_string(artifact.directory.join("greeting"))?, "hello\n");
//! # fn log(_: &str) {}
//! # Ok(())
//! # }
//! ```

mod artifacts;
pub mod batch;
mod cache;
mod container;
mod dry_run;
mod error;
mod event;
mod executor;
mod gather;
mod host_shell;
mod lines;
mod mask;
mod process;
pub mod reports;
mod request;
mod result;
mod runner;
mod script;
#[cfg(feature = "sdk")]
mod secret_aws;
mod secret_files;
mod secrets;
mod select;
mod session_files;
pub mod source;
mod strays;
mod supported;
mod users;
mod variables;

pub use aws_call::Cancel;
pub use container::{Container, Engine};
pub use dry_run::DryRun;
pub use error::Error;
pub use event::{Event, EventKind};
pub use executor::{Control, Executor, Exit, Invocation, Session, Setup, Shell, Stream};
pub use host_shell::HostShell;
pub use reports::Report;
pub use request::{BatchPlace, Packaging, Request, SecondarySource};
pub use result::{ArtifactOutput, BuildResult};
pub use runner::Runner;
#[cfg(feature = "sdk")]
pub use secret_aws::SdkSecrets;
pub use secret_files::{DirectorySecrets, EnvFileSecrets};
pub use secrets::{MapSecrets, NoSecrets, SecretError, SecretSource};
pub use strays::adopt_orphans;
