#![doc = include_str!("../README.md")]

pub mod client;
pub mod edit;
pub mod model;
pub mod phases;
pub mod rules;

#[cfg(feature = "conformance")]
pub mod conformance;
#[cfg(feature = "local")]
pub mod run;

mod build;
mod compose;
mod follow;
mod read;

pub use build::{BuildPhase, BuildStatus, ExportedVariable, PhaseContext};
pub use client::{BuildLogs, Builds};
pub use compose::Compose;
pub use follow::{FollowError, FollowEvent, Followed, follow, follow_batch, follow_polling, follow_until};
pub use model::Buildspec;
pub use phases::PhaseType;
pub use read::{read, read_bytes, read_with};
pub use rules::{Context, check, check_with, rules};
