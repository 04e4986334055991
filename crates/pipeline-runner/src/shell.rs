//! One pipeline from its start to its end: a thin use of a [`Host`].

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use aws_call::{Clock, Env, IdSource};
use pipeline_model::model::Pipeline;

use crate::approval::Approver;
use crate::artifact::ArtifactStore;
use crate::cancel::Cancel;
use crate::core::{Execution, Start, State};
use crate::host::{Host, unsupported};
use crate::observer::Observer;
use crate::providers::Providers;
use crate::{Error, Result};

/// What a runner works with.
#[derive(Clone)]
pub struct World {
    /// Who runs which action type.
    pub providers: Providers,
    /// Where artifacts lie.
    pub artifacts: Arc<dyn ArtifactStore>,
    /// Who answers approvals.
    pub approver: Arc<dyn Approver>,
    /// Who watches.
    pub observer: Arc<dyn Observer>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub ids: Arc<dyn IdSource>,
    /// Environment.
    pub env: Arc<dyn Env>,
    /// Directory below which each action gets one of its own; removed with the action.
    pub workspace: PathBuf,
}

impl fmt::Debug for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("World").field("workspace", &self.workspace).finish_non_exhaustive()
    }
}

/// Runs a pipeline on this machine.
#[derive(Debug)]
pub struct Runner {
    state: State,
    world: World,
}

impl Runner {
    /// A runner for one pipeline.
    ///
    /// # Errors
    /// [`Error::Refused`] for a name that the service would not take; [`Error::Unsupported`] names every part of the declaration that would not run here as it does on the service,
    /// so that nothing is silently left out.
    pub fn new(pipeline: Pipeline, world: World) -> Result<Self> {
        crate::names::check(&pipeline)?;
        let missing = unsupported(&pipeline, &world.providers);
        if !missing.is_empty() {
            return Err(Error::Unsupported { pipeline: pipeline.name, what: missing.join("; ") });
        }
        Ok(Self { state: State::new(pipeline), world })
    }

    /// The pipeline and its executions.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// Runs one execution to its end. When `cancel` is set the execution is stopped, its actions given up and waited
    /// for, and the result says `Stopped`.
    ///
    /// A failure whose stage says `ROLLBACK` starts an execution of its own, which is run to its end as well; it is the
    /// last one of [`Self::state`]. What comes back is the execution that failed.
    ///
    /// # Errors
    /// [`Error::Refused`] when the start itself is refused. A pipeline that fails is no error: read the status.
    pub async fn run(&mut self, start: Start, cancel: &Cancel) -> Result<Execution> {
        let (host, name) = (Host::new(self.world.clone()), self.state.pipeline.name.clone());
        host.adopt(self.state.clone()).await?;
        let ended = match host.start(&name, start).await {
            Ok(id) => host.follow(&name, &id, cancel).await,
            Err(error) => Err(error),
        };
        self.state = host.state(&name).await?;
        host.shut_down().await;
        ended
    }
}
