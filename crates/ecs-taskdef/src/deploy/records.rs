//! Finds the service deployment that belongs to a deployment, and looks at it.
//!
//! ECS does not say which belongs to which. Ours is the one that was not there before the update and whose service
//! revision has our task definition: again by ids, never by times.

use std::collections::BTreeSet;
use std::sync::Arc;

use aws_call::{CallError, Fault};

use crate::client::{ServiceDeployment, ServiceDeployments, ServiceId};

/// How many ARNs the descriptions take.
const PER_CALL: usize = 20;

pub(super) struct Records {
    role: Option<Arc<dyn ServiceDeployments>>,
    /// The ARNs from before the update.
    known: BTreeSet<String>,
    ours: Option<String>,
}

impl Records {
    /// Remembers what is there before the update.
    pub(super) async fn before(role: Option<&Arc<dyn ServiceDeployments>>, id: &ServiceId) -> Result<Self, CallError> {
        let mut records = Self { role: role.cloned(), known: BTreeSet::new(), ours: None };
        if let Some(role) = role {
            let listed = role.list_service_deployments(id).await?;
            records.known = listed.into_iter().map(|record| record.arn).collect();
        }
        Ok(records)
    }

    /// Nothing to look at.
    pub(super) fn none() -> Self {
        Self { role: None, known: BTreeSet::new(), ours: None }
    }

    /// A service deployment that is known already.
    pub(super) fn of(role: Option<&Arc<dyn ServiceDeployments>>, arn: Option<String>) -> Self {
        Self { role: role.cloned(), known: BTreeSet::new(), ours: arn }
    }

    /// What is followed was there before: any that is under way may be ours.
    pub(super) fn join(&mut self) {
        self.known.clear();
    }

    /// The ARN of ours, once it is known.
    pub(super) fn arn(&self) -> Option<&str> {
        self.ours.as_deref()
    }

    /// Ours as it is now; nothing if it is not to be seen yet.
    pub(super) async fn look(&mut self, id: &ServiceId, target: &str) -> Result<Option<ServiceDeployment>, CallError> {
        let Some(role) = self.role.clone() else { return Ok(None) };
        if self.ours.is_none() {
            match self.find(&*role, id, target).await {
                Ok(()) => {}
                // Whoever may not ask is no worse off than without the role.
                Err(error) if matches!(error.fault(), Fault::AccessDenied | Fault::Unsupported) => {
                    self.role = None;
                    return Err(error);
                }
                Err(error) => return Err(error),
            }
        }
        let Some(arn) = &self.ours else { return Ok(None) };
        let mut found = role.describe_service_deployments(std::slice::from_ref(arn)).await?;
        Ok(found.pop())
    }

    async fn find(&mut self, role: &dyn ServiceDeployments, id: &ServiceId, target: &str) -> Result<(), CallError> {
        let listed = role.list_service_deployments(id).await?;
        let new = listed.iter().filter(|record| !self.known.contains(&record.arn));
        let candidates: Vec<&ServiceDeployment> = new.take(PER_CALL).collect();
        let mut arns: Vec<String> = candidates.iter().filter_map(|c| c.target_service_revision.clone()).collect();
        arns.sort();
        arns.dedup();
        if arns.is_empty() {
            return Ok(());
        }
        let revisions = role.describe_service_revisions(&arns).await?;
        let fits = |record: &&&ServiceDeployment| {
            let revision = revisions.iter().find(|one| record.target_service_revision.as_ref() == Some(&one.arn));
            revision.is_some_and(|revision| revision.task_definition == target)
        };
        // Of several, one that is under way; otherwise the oldest, as newer ones are somebody else's.
        let fitting: Vec<&&ServiceDeployment> = candidates.iter().filter(fits).collect();
        let active = fitting.iter().find(|record| record.status.is_active() && self.known.is_empty());
        self.ours = active.or(fitting.last()).map(|record| record.arn.clone());
        Ok(())
    }
}
