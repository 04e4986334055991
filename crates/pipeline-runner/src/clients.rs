//! Actions that name a role or a region of their own: the services are had for each of them anew.

use std::fmt::Debug;
use std::sync::Arc;

use async_trait::async_trait;
use aws_call::CallError;
use pipeline_model::model::ActionTypeId;

use crate::backends::Backends;
use crate::job::{ActionJob, ActionOutcome, ActionProvider, JobContext};
use crate::providers::{Make, call_failed};

/// Gives the services that an action may use.
#[async_trait]
pub trait Clients: Debug + Send + Sync {
    /// The services under a role and in a region; without either, those of the pipeline.
    ///
    /// # Errors
    /// When the role is not an ARN or cannot be assumed, or the region is none.
    async fn backends(&self, scope: &Scope) -> Result<Backends, CallError>;
}

const _: fn(&dyn Clients) = |_| ();

#[async_trait]
impl<T: Clients + ?Sized> Clients for Arc<T> {
    async fn backends(&self, scope: &Scope) -> Result<Backends, CallError> {
        (**self).backends(scope).await
    }
}

/// Under which role, and where.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Scope {
    /// The action's role.
    pub role_arn: Option<String>,
    /// The action's region.
    pub region: Option<String>,
}

impl Scope {
    /// A scope from its two parts.
    #[must_use]
    pub const fn new(role_arn: Option<String>, region: Option<String>) -> Self {
        Self { role_arn, region }
    }

    /// Whether it is the pipeline's own.
    #[must_use]
    pub fn is_own(&self) -> bool {
        self.role_arn.is_none() && self.region.is_none()
    }
}

/// A builtin provider whose actions get the services of their own role and region.
#[derive(Debug)]
pub(crate) struct Scoped {
    own: Arc<dyn ActionProvider>,
    make: Make,
    clients: Option<Arc<dyn Clients>>,
}

impl Scoped {
    /// Without `clients` everything happens with the services there are, and the action's log says so.
    pub(crate) fn new(make: Make, backends: &Backends, clients: Option<Arc<dyn Clients>>) -> Self {
        Self { own: make(backends), make, clients }
    }
}

#[async_trait]
impl ActionProvider for Scoped {
    fn action_types(&self) -> Vec<ActionTypeId> {
        self.own.action_types()
    }

    async fn run(&self, job: ActionJob, cx: &JobContext) -> ActionOutcome {
        let scope = Scope::new(job.role_arn.clone(), job.region.clone());
        if scope.is_own() {
            return self.own.run(job, cx).await;
        }
        let Some(clients) = &self.clients else {
            for (what, value) in [("role", &scope.role_arn), ("region", &scope.region)] {
                if let Some(value) = value {
                    cx.log(&format!("the action's {what} {value} has no meaning on this machine"));
                }
            }
            return self.own.run(job, cx).await;
        };
        match clients.backends(&scope).await {
            Ok(backends) => (self.make)(&backends).run(job, cx).await,
            Err(error) => {
                call_failed(scope.role_arn.as_deref().or(scope.region.as_deref()).unwrap_or_default(), &error)
            }
        }
    }
}
