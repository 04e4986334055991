//! Why a deployment failed: the first script that did, instead of `HEALTH_CONSTRAINTS`.

use std::fmt;
use std::time::SystemTime;

use aws_call::CallError;

use crate::client::{Deployment, DeploymentId, Deployments, Diagnostics, Target, Targets};

/// Most targets that the service answers at a time.
const PAGE: usize = 100;

/// The lifecycle event that failed first, on whichever target.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FirstFailure {
    /// The target's id.
    pub target: String,
    /// The lifecycle event.
    pub event: String,
    /// When it ended.
    pub at: Option<SystemTime>,
    /// What the agent or the service wrote about it: code, script, sentence, last lines of output.
    pub diagnostics: Option<Diagnostics>,
}

/// What became of a deployment, and why.
///
/// Displays as the cause in one line, and the last lines that the script printed below it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Explanation {
    /// The deployment. Of a rollback it is the one that was rolled back.
    pub deployment: Deployment,
    /// The rollback that was asked about, if it was one.
    pub asked: Option<DeploymentId>,
    /// Where it began to go wrong; `None` if no lifecycle event failed.
    pub first_failure: Option<FirstFailure>,
    /// How many targets have a lifecycle event that failed.
    pub failed_targets: usize,
    /// How many targets there are.
    pub targets: usize,
}

/// Walks the targets of a deployment to the lifecycle event that failed first.
///
/// Asked about a rollback, it explains the deployment that was rolled back: a rollback that went well
/// explains nothing.
///
/// ```
/// use appspec::client::{DeploymentId, Deployments, Targets};
///
/// async fn print_cause(codedeploy: &(impl Deployments + Targets)) -> Result<(), aws_call::CallError> {
///     let explanation = appspec::explain(codedeploy, &DeploymentId::new("d-EXAMPLE01")).await?;
///     println!("{explanation}");
///     Ok(())
/// }
/// ```
///
/// # Errors
/// The first call that fails.
pub async fn explain<C>(client: &C, id: &DeploymentId) -> Result<Explanation, CallError>
where
    C: Deployments + Targets + ?Sized,
{
    let mut deployment = client.get_deployment(id).await?;
    let cause = deployment.rollback_info.as_ref().and_then(|info| info.rollback_triggering_deployment_id.clone());
    let mut asked = None;
    if let Some(cause) = cause {
        asked = Some(id.clone());
        deployment = client.get_deployment(&cause).await?;
    }
    let ids = client.list_deployment_targets(&deployment.deployment_id).await?;
    let mut first: Option<FirstFailure> = None;
    let mut failed_targets = 0;
    for page in ids.chunks(PAGE) {
        for target in client.batch_get_deployment_targets(&deployment.deployment_id, page).await? {
            let Some(failure) = failure_of(&target) else { continue };
            failed_targets += 1;
            if first.as_ref().is_none_or(|known| precedes(&failure, known)) {
                first = Some(failure);
            }
        }
    }
    Ok(Explanation { deployment, asked, first_failure: first, failed_targets, targets: ids.len() })
}

fn failure_of(target: &Target) -> Option<FirstFailure> {
    let event = target.first_failure()?;
    Some(FirstFailure {
        target: target.id.clone(),
        event: event.name.clone(),
        at: event.end_time,
        diagnostics: event.diagnostics.clone(),
    })
}

/// Earlier is first; at one time a script that says something comes before an agent that is silent.
fn precedes(failure: &FirstFailure, known: &FirstFailure) -> bool {
    let rank = |failure: &FirstFailure| {
        let script = failure.diagnostics.as_ref().is_some_and(|diagnostics| diagnostics.script_name.is_some());
        (failure.at.is_none(), failure.at, !script)
    };
    rank(failure) < rank(known)
}

impl Explanation {
    /// The cause in one line.
    #[must_use]
    pub fn cause(&self) -> Option<String> {
        let Some(failure) = &self.first_failure else {
            let error = self.deployment.error_information.as_ref()?;
            return Some(format!("{}: {}", error.code, error.message));
        };
        let mut line = format!("{} on {}", failure.event, failure.target);
        if let Some(diagnostics) = &failure.diagnostics {
            let message = diagnostics.message.as_deref().unwrap_or_else(|| diagnostics.error_code.as_str());
            line = format!("{line}: {}: {message}", diagnostics.error_code);
            if let Some(script) = diagnostics.script_name.as_deref().filter(|script| !message.contains(script)) {
                line = format!("{line} ({script})");
            }
        }
        if self.failed_targets > 1 {
            line = format!("{line}; {} of {} targets failed", self.failed_targets, self.targets);
        }
        Some(line)
    }
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "deployment {} {}", self.deployment.deployment_id, self.deployment.status)?;
        if let Some(asked) = &self.asked {
            write!(f, ", rolled back by {asked}")?;
        }
        if let Some(cause) = self.cause() {
            write!(f, ": {cause}")?;
        }
        let diagnostics = self.first_failure.as_ref().and_then(|failure| failure.diagnostics.as_ref());
        for line in diagnostics.and_then(|diagnostics| diagnostics.log_tail.as_deref()).unwrap_or_default().lines() {
            write!(f, "\n  | {line}")?;
        }
        Ok(())
    }
}
