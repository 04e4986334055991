#![doc = include_str!("../README.md")]

pub mod client;
pub mod compat;
pub mod config;
#[cfg(feature = "conformance")]
pub mod conformance;
pub mod deploy;
pub mod hook;
#[cfg(all(feature = "local", target_os = "linux"))]
pub mod host;
pub mod lifecycle;
pub mod model;
pub mod simulate;
pub mod write;

mod agent;
mod engine;
mod error;
mod explain;
mod limits;
mod listing;
mod path;
pub mod plan;
mod read;
mod ruby;
mod rules;

pub use client::{Deployments, HookStatus, Targets};
pub use deploy::{Deployed, Deployer, Outcome};
pub use error::{Error, LostSight};
pub use explain::{Explanation, FirstFailure, explain};
pub use listing::{EntryKind, Listing};
pub use model::{AppSpec, Kind};
pub use plan::{Instruction, Plan, Problem, ProblemKind, plan};
pub use read::{read, read_as, read_bytes};
pub use rules::{Subject, check, rules};

/// The result of this crate's fallible functions.
pub type Result<T, E = Error> = std::result::Result<T, E>;
