#![doc = include_str!("../README.md")]

pub mod actions;
pub mod build;
pub mod client;
#[cfg(feature = "conformance")]
pub mod conformance;
pub mod draw;
pub mod format;
pub mod graph;
pub mod iam;
pub mod model;
pub mod places;
pub mod references;
pub mod remote;
pub mod rules;
pub mod stacks;
pub mod template;
pub mod triggers;
pub mod webhook;

mod read;
mod worlds;

pub use format::cloudformation::{Unresolved, Values};
pub use model::{Action, ActionTypeId, Pipeline, Stage};
pub use read::{Declaration, ReadOptions, Reading, read, read_bytes, read_with};
pub use rules::{check, check_with, rules};
