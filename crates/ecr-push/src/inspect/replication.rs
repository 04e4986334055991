//! Waits until the copies of an image have arrived in other registries.

use std::collections::BTreeSet;

use aws_call::{Clock, IdSource, Pacer, Polling};

use crate::{
    client::{Destination, Inspections, Replica, Replication},
    digest::Digest,
    error::{CallFailed, Error},
    reference::RepositoryName,
};

const NOTHING: &str = "the image stays as it is";

/// What came of the wait.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ReplicationOutcome {
    /// Every destination has the image.
    Complete(Vec<Replica>),
    /// A destination does not get it.
    Failed(Vec<Replica>),
    /// The time was over before all were there. A destination that is not among them has not begun.
    TimedOut(Vec<Replica>),
}

/// Where the images of a repository are copied by these rules.
#[must_use]
pub fn destinations(replication: &Replication, repository: &RepositoryName) -> BTreeSet<Destination> {
    let rules = replication.rules.iter().filter(|rule| rule.includes(repository));
    rules.flat_map(|rule| rule.destinations.iter().cloned()).collect()
}

/// Waits until `expected` and whatever else ECR names have the image. Expecting nothing is done at once unless ECR names
/// something.
///
/// # Errors
/// [`Error::Call`] if ECR refuses. Throttles and outages are waited out.
///
/// ```
/// # use ecr_push::{Digest, RepositoryName, client::{Inspections, RegistrySettings}};
/// # use ecr_push::inspect::{ReplicationOutcome, destinations, wait_for_replication};
/// # use aws_call::{Clock, IdSource, Polling};
/// async fn copied<T: Inspections + RegistrySettings>(
///     ecr: &T, clock: &dyn Clock, ids: &dyn IdSource, repository: &RepositoryName, image: Digest,
/// ) -> Result<bool, Box<dyn std::error::Error>> {
///     let expected = destinations(&ecr.replication().await?, repository);
///     let polling = Polling::default();
///     let outcome = wait_for_replication(ecr, clock, ids, repository, image, &expected, &polling).await?;
///     Ok(matches!(outcome, ReplicationOutcome::Complete(_)))
/// }
/// ```
pub async fn wait_for_replication(
    inspections: &dyn Inspections,
    clock: &dyn Clock,
    ids: &dyn IdSource,
    repository: &RepositoryName,
    image: Digest,
    expected: &BTreeSet<Destination>,
    polling: &Polling,
) -> Result<ReplicationOutcome, Error> {
    let mut pacer = Pacer::new(clock, ids, polling);
    let mut last = Vec::new();
    loop {
        let mut wait = None;
        match inspections.replicas(repository, image).await {
            Ok(replicas) => {
                if replicas.iter().any(|replica| replica.status == "FAILED") {
                    return Ok(ReplicationOutcome::Failed(replicas));
                }
                let done = replicas.iter().filter(|replica| replica.status == "COMPLETE");
                let done: BTreeSet<&Destination> = done.map(|replica| &replica.destination).collect();
                if done.len() == replicas.len() && expected.iter().all(|destination| done.contains(destination)) {
                    return Ok(ReplicationOutcome::Complete(replicas));
                }
                last = replicas;
            }
            Err(error) if error.is_retryable() => wait = error.retry_after(),
            Err(error) => {
                let what = format!("asking how far {image} is replicated");
                return Err(CallFailed::new(what, 1, NOTHING, error).into());
            }
        }
        if pacer.pause_after(wait).await.is_err() {
            return Ok(ReplicationOutcome::TimedOut(last));
        }
    }
}
