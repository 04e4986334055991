#![doc = include_str!("../README.md")]

pub mod body;
pub mod canonical;
pub mod client;
#[cfg(feature = "conformance")]
pub mod conformance;
pub mod deploy;
pub mod diff;
pub mod edit;
mod error;
pub mod fargate;
pub mod model;
pub mod placeholder;
pub mod read;
pub mod rules;
#[cfg(feature = "schema")]
pub mod schema;
pub mod units;
pub mod verify;

pub use body::{Body, BodyError};
pub use canonical::canonicalize;
pub use deploy::{DeployRequest, Deployer, Deployment, Outcome};
pub use diff::{Change, Diff, diff};
pub use edit::{EditError, ImageDefinition, ImageDefinitions, ImageDetail};
pub use error::Error;
pub use model::{Compatibility, Condition, Container, NetworkMode, TaskDefinition};
pub use read::{ReadOptions, Spelling, read, read_as, read_bytes};
pub use rules::check;
