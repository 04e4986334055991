//! How the containers of the in-memory cluster fare: asked, not scripted, so that a test or a runner can tie it to
//! whatever decides it, such as the images that an in-memory registry holds.

use std::fmt;
use std::sync::Arc;

/// A container that is about to be started.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct ContainerStart<'a> {
    /// The service that the task belongs to; empty for a task that was run by itself.
    pub service: &'a str,
    /// `family:revision`.
    pub task_definition: &'a str,
    /// The container's name.
    pub container: &'a str,
    /// Its image.
    pub image: &'a str,
    /// How many tasks the deployment had started before this one.
    pub earlier: u32,
}

/// What becomes of a container.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fate {
    /// It runs until it is stopped.
    Runs,
    /// It starts and exits.
    Exits {
        /// With this code.
        code: i32,
        /// What ECS says about it besides; often empty.
        reason: String,
    },
    /// Its image cannot be pulled.
    CannotPull {
        /// What the registry says.
        reason: String,
    },
    /// It runs, but its health check never passes.
    NeverHealthy,
}

/// Decides how containers fare.
///
/// Called while the cluster's state is locked: it must not call the cluster.
pub trait Fates: Send + Sync {
    /// The fate of one container.
    fn fate(&self, start: &ContainerStart<'_>) -> Fate;

    /// What one container writes once it runs: nothing, unless told otherwise.
    fn output(&self, start: &ContainerStart<'_>) -> Vec<String> {
        let _ = start;
        Vec::new()
    }

    /// Whether the function of a lifecycle hook succeeds: it does, unless told otherwise.
    fn hook(&self, stage: &str, function: &str) -> bool {
        let _ = (stage, function);
        true
    }
}

impl<F> Fates for F
where
    F: Fn(&ContainerStart<'_>) -> Fate + Send + Sync,
{
    fn fate(&self, start: &ContainerStart<'_>) -> Fate {
        self(start)
    }
}

/// Hides what decides behind a name, for `Debug`.
pub(super) struct Decider(pub(super) Arc<dyn Fates>);

impl fmt::Debug for Decider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Fates")
    }
}
