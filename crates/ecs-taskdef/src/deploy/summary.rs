//! What a machine reads about a deployment: one object, in the order in which it is documented.

use serde::Serialize;

use super::{Deployment, FailureReport, Outcome};
use crate::client::ServiceId;

/// A deployment in short.
///
/// As JSON: `{"outcome", "reason", "cluster", "service", "taskDefinition", "registered", "deployment", "report"}`.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Summary<'d> {
    /// How it ended.
    pub outcome: Outcome,
    /// Why, in one sentence.
    pub reason: String,
    /// The cluster.
    pub cluster: &'d str,
    /// The service.
    pub service: &'d str,
    /// The ARN of the revision that was deployed.
    pub task_definition: &'d str,
    /// Whether the revision was registered for this deployment.
    pub registered: bool,
    /// The deployment's id in the service, if there was one.
    pub deployment: Option<&'d str>,
    /// Why it did not succeed.
    pub report: Option<&'d FailureReport>,
}

impl Deployment {
    /// Why it ended as it did, in one sentence.
    #[must_use]
    pub fn reason(&self) -> String {
        let name = self.revision.short_name();
        match (&self.report, self.outcome) {
            (Some(report), _) => report.reason.clone(),
            (None, Outcome::NoChange) => format!("the service runs {name} already"),
            (None, _) => format!("the service runs {name} and nothing else"),
        }
    }

    /// The deployment in short, for a machine.
    #[must_use]
    pub fn summary<'d>(&'d self, id: &'d ServiceId) -> Summary<'d> {
        Summary {
            outcome: self.outcome,
            reason: self.reason(),
            cluster: &id.cluster,
            service: &id.service,
            task_definition: &self.revision.arn,
            registered: self.newly_registered,
            deployment: self.id.as_deref(),
            report: self.report.as_ref(),
        }
    }
}
