//! Moves scheduled tasks to a revision: the targets of EventBridge's rules name one, and go on starting it until told
//! otherwise.

use crate::client::{Registered, ScheduledTasks, short_name};
use aws_call::CallError;

/// A target of a rule that was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Scheduled {
    /// The rule.
    pub rule: String,
    /// The target's id within it.
    pub target: String,
    /// What it started before.
    pub from: String,
    /// Whether it was changed: not if it starts the revision already.
    pub changed: bool,
}

/// Lets the targets of a rule that start a revision of the same family start this one. Everything else of a target stays,
/// unknown fields included.
///
/// # Errors
/// The error of the call that failed; targets before it have been changed.
pub async fn update_schedules(
    schedules: &dyn ScheduledTasks,
    rule: &str,
    revision: &Registered,
) -> Result<Vec<Scheduled>, CallError> {
    let mut seen = Vec::new();
    for target in schedules.targets(rule).await? {
        let Some(from) = target.task_definition().map(str::to_owned) else { continue };
        // A target may name a family alone: then it starts the newest revision by itself.
        let Some((family, _)) = short_name(&from).rsplit_once(':') else { continue };
        if family != revision.family {
            continue;
        }
        let changed = from != revision.arn;
        let id = target.id().to_owned();
        if changed {
            schedules.put_target(rule, &target.with_task_definition(&revision.arn)).await?;
        }
        seen.push(Scheduled { rule: rule.to_owned(), target: id, from, changed });
    }
    Ok(seen)
}
