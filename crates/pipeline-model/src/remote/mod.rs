//! What a person or a CI job does with a pipeline that lives in AWS: plan, apply, start, watch, approve, retry, roll back,
//! stop, open and close transitions, find the logs, and find out why nothing started.
//!
//! Pure parts decide ([`plan()`], [`diagnose`], [`log_hint`], and what [`Remote::watch`] does with each look); [`Remote`] is
//! the thin shell over the client traits. Nothing here claims a success that the service has not confirmed.
//!
//! ```
//! use std::sync::Arc;
//! use aws_call::{ManualClock, SequenceIds};
//! use pipeline_model::remote::Remote;
//! # #[cfg(feature = "memory")]
//! # async fn example(declaration: pipeline_model::Pipeline) -> Result<(), pipeline_model::remote::Error> {
//! use pipeline_model::client::StartExecution;
//! use pipeline_model::client::memory::MemoryCodePipeline;
//! use pipeline_model::remote::WatchOptions;
//!
//! let clock = ManualClock::at_epoch_secs(1_700_000_000).auto();
//! let service = MemoryCodePipeline::new(clock.clone(), SequenceIds::new(1));
//! let remote = Remote::new(Arc::new(service), Arc::new(clock), Arc::new(SequenceIds::new(2)));
//! let plan = remote.plan(&declaration).await?;
//! remote.apply(plan).await?;
//! let execution = remote.start(&StartExecution::new(&declaration.name)).await?;
//! let watched = remote.watch(&declaration.name, &execution, &WatchOptions::default(), &mut |_| {}).await?;
//! println!("{}", watched.outcome);
//! # Ok(())
//! # }
//! ```

mod approve;
mod diff;
mod doctor;
mod error;
mod follow;
mod logs;
mod plan;
mod register;
mod secrets;
mod steer;
mod watch;

use std::sync::Arc;

use aws_call::{Clock, IdSource};

use crate::client::{Executions, History, Pipelines, Transitions, Webhooks};

pub use approve::{WaitingApproval, waiting_approvals};
pub use diff::{Change, ChangeKind, diff};
pub use doctor::{Connections, Diagnosis, Facts, Finding, Weight, diagnose};
pub use error::{Error, Version};
pub use follow::{Event, Outcome, Wait};
pub use logs::{LogHint, log_hint};
pub use plan::{Applied, Plan, plan};
pub use secrets::LostSecret;
#[cfg(feature = "memory")]
pub(crate) use secrets::same_settings;
pub use watch::{OnApproval, WatchOptions, Watched};

/// All roles of CodePipeline: what [`Remote::new`] takes.
pub trait Service: Pipelines + Executions + History + Transitions + Webhooks {}

impl<T: Pipelines + Executions + History + Transitions + Webhooks + ?Sized> Service for T {}

/// Pipelines in one account and region.
#[derive(Clone)]
pub struct Remote {
    service: Arc<dyn Service>,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdSource>,
}

impl std::fmt::Debug for Remote {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Remote").field("clock", &self.clock).finish_non_exhaustive()
    }
}

impl Remote {
    /// Pipelines behind a client. Waiting takes its time from `clock` and its jitter from `ids`.
    pub fn new(service: Arc<dyn Service>, clock: Arc<dyn Clock>, ids: Arc<dyn IdSource>) -> Self {
        Self { service, clock, ids }
    }

    /// The client.
    #[must_use]
    pub fn service(&self) -> &Arc<dyn Service> {
        &self.service
    }
}
