//! Deploys to this host: bundles, plans, installations that can be undone, hooks (feature `local`, Linux).
//!
//! [`Host::install`] goes through the lifecycle events of a deployment as the CodeDeploy agent does, with one difference
//! that all others follow from: whatever fails or stops it, the host has the old application or the new one, whole.
//!
//! - Everything is planned before anything is touched, against the state after the cleanup of the old application.
//! - New content is written aside, with owner, mode and ACLs, and flushed; then it is moved into place by renames that a
//!   journal names. Old content stays until every event has succeeded.
//! - A failure undoes the renames. After a crash the next start does: it finishes what was committed and undoes what was
//!   not. [`Host::recover`] does just that.
//! - No symbolic link is followed but those of root or of this user on the way to a destination.
//!
//! The agent's own files (`install.json`, `cleanup`, the names of the last revisions) are read and written, so that both can
//! deploy to one host in turn.
//!
//! ```
//! use std::sync::Arc;
//!
//! use appspec::host::{Bundle, Cancel, Host, Options, Outcome};
//! use aws_call::{ManualClock, SequenceIds};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let directory = tempfile::tempdir()?;
//! # let (root, bundle) = (directory.path().join("root"), directory.path().join("bundle"));
//! # std::fs::create_dir_all(&root)?;
//! # std::fs::create_dir_all(bundle.join("web"))?;
//! std::fs::write(bundle.join("web/index.html"), "hello\n")?;
//! std::fs::write(
//!     bundle.join("appspec.yml"),
//!     "version: 0.0\nos: linux\nfiles:\n  - source: web\n    destination: /srv/shop\n",
//! )?;
//!
//! // A program takes `SystemClock` and `SystemIds` here.
//! let clock = Arc::new(ManualClock::at_epoch_secs(1_700_000_000));
//! let host = Host::new(&root, clock, Arc::new(SequenceIds::new(1)));
//! let bundle = Bundle::detect(&bundle)?;
//! let deployment = host.install(&bundle, &Options::default(), &Cancel::new(), &mut |event| log(&event.to_string()))?;
//!
//! assert_eq!(deployment.outcome, Outcome::Succeeded);
//! assert_eq!(std::fs::read_to_string(root.join("srv/shop/index.html"))?, "hello\n");
//! # fn log(_: &str) {}
//! # Ok(())
//! # }
//! ```

mod accounts;
mod acl;
mod apply;
mod archive;
mod bundle;
mod change;
#[cfg(test)]
mod crash_tests;
mod deployment;
mod error;
mod event;
mod hooks;
mod journal;
mod layout;
mod options;
mod order;
mod process;
mod retention;
mod revision;
mod run;
mod scan;
mod script_log;
mod scripts;
mod stage;
mod tree;
mod undo;

pub use accounts::SystemAccounts;
pub use aws_call::Cancel;
pub use bundle::{Bundle, BundleKind, Limits};
pub use deployment::Host;
pub use error::Error;
pub use event::{Deployment, Event, EventKind, Failure, Outcome};
pub use hooks::{Command, Control, Exit, Runner, ScriptCode, Stream};
pub use options::Options;
pub use process::Processes;
