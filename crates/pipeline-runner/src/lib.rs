#![doc = include_str!("../README.md")]

mod approval;
pub mod artifact;
#[cfg(feature = "sdk")]
mod aws;
mod backends;
mod cancel;
pub mod client;
mod clients;
mod code_deploy;
#[cfg(feature = "conformance")]
pub mod conformance;
pub mod core;
mod deployment;
mod error;
mod git;
pub mod host;
mod job;
pub mod journal;
mod local_batch;
mod local_build;
#[cfg(feature = "memory")]
pub mod memory;
pub mod mocks;
mod names;
mod observer;
pub mod preflight;
pub mod providers;
mod remote_build;
#[cfg(feature = "serve")]
pub mod serve;
mod settings;
mod shell;
pub mod worker;

pub use approval::{Always, Answer, ApprovalsFile, Approver, Elsewhere, Prompt, Terminal};
#[cfg(feature = "sdk")]
pub use aws::AwsClients;
pub use backends::{Backends, RemoteBuilds, build_environment};
pub use cancel::Cancel;
pub use clients::{Clients, Scope};
pub use code_deploy::CodeDeploy;
pub use error::{Error, Result};
pub use host::Host;
pub use job::{ActionJob, ActionOutcome, ActionProvider, JobContext, LogSink};
pub use observer::{Observer, Silent};
pub use providers::Providers;
pub use settings::{Cluster, LocalSettings, Project, Repository, Service};
pub use shell::{Runner, World};
