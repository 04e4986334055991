//! What a deployment tells while it runs.

use aws_call::{CallError, Hint};

use crate::client::{Hook, Registered, Rollout, ServiceDeployment, ServiceEvent, ServiceId};

/// Something has happened.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event<'a> {
    /// A revision has been registered.
    Registered(&'a Registered),
    /// A revision that means the same is there already and is used.
    Reused(&'a str),
    /// The service has taken the task definition; this is the deployment's id.
    Began(&'a str),
    /// The numbers or the state of the deployment have changed.
    Rollout(&'a Rollout),
    /// The service deployment has come to another status, lifecycle stage or share of the traffic.
    Stage(&'a ServiceDeployment),
    /// This hook waits for an answer.
    Paused(&'a Hook),
    /// The service has recorded an event.
    Service(&'a ServiceEvent),
    /// The service goes back to this task definition.
    RollingBack(&'a str),
    /// A call failed with an error that passes by itself, and is tried again. Told once for each kind.
    Retrying {
        /// The error.
        error: &'a CallError,
        /// What it means.
        hint: Option<&'static Hint>,
    },
    /// An event of one of several services that are deployed at once.
    About(&'a ServiceId, &'a Self),
    /// The service could not be looked at this time.
    PollFailed(&'a CallError),
}

/// Takes what a deployment tells.
pub trait Progress: Send + Sync {
    /// Something has happened. Must return quickly: the deployment waits for it.
    fn event(&self, event: &Event<'_>);
}

/// Nobody listens.
impl Progress for () {
    fn event(&self, _: &Event<'_>) {}
}

impl<F> Progress for F
where
    F: Fn(&Event<'_>) + Send + Sync,
{
    fn event(&self, event: &Event<'_>) {
        self(event);
    }
}
