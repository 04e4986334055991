//! An update in two steps: a change set is prepared, and executed once somebody has looked at it.

use aws_call::Pacer;

use super::{
    Change, ChangeSet, ChangeSetInput, ChangeSets, Deployed, ResourceChange, StackDeployer, StackError, StackEvent,
    StackInput, is_missing,
};

/// A change set that can be executed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Prepared {
    /// Its ARN.
    pub id: String,
    /// What it would do; nothing when the stack is what it should be.
    pub changes: Vec<ResourceChange>,
}

impl StackDeployer {
    /// Prepares a change set of this name, in place of one that is there already.
    ///
    /// # Errors
    /// [`StackError::ChangeSet`] when it cannot be computed, [`StackError::Busy`], [`StackError::TimedOut`], and failures
    /// of calls.
    pub async fn prepare(
        &self,
        change_sets: &dyn ChangeSets,
        input: &StackInput,
        name: &str,
    ) -> Result<Prepared, StackError> {
        let mut wanted = ChangeSetInput::new(self.once(input), name);
        match self.stacks.describe(&input.name).await {
            Ok(stack) if stack.is_busy() => {
                return Err(StackError::Busy { stack: stack.name, status: stack.status });
            }
            Ok(stack) => {
                wanted.creates = stack.status == "REVIEW_IN_PROGRESS";
                match change_sets.delete_change_set(&stack.id, name).await {
                    Err(error) if error.code() != Some(NOT_FOUND) => return Err(error.into()),
                    _ => {}
                }
            }
            Err(error) if is_missing(&error) => wanted.creates = true,
            Err(error) => return Err(error.into()),
        }
        let id = change_sets.create_change_set(&wanted).await?;
        let set = self.computed(change_sets, &input.name, &id).await?;
        // Somebody may have deleted it meanwhile: only this status can be executed.
        if set.status != COMPUTED && !set.is_empty() {
            return Err(failed(&input.name, name, set));
        }
        Ok(Prepared { id, changes: set.changes })
    }

    /// Does what a change set says and follows that to its end. One that would do nothing has been executed already.
    ///
    /// # Errors
    /// [`StackError::ChangeSet`] for a change set that could not be computed, those of [`update`](Self::update), and
    /// failures of calls; `ChangeSetNotFound` among them.
    pub async fn execute(
        &self,
        change_sets: &dyn ChangeSets,
        stack: &str,
        name: &str,
        watch: &(dyn Fn(&StackEvent) + Send + Sync),
    ) -> Result<Deployed, StackError> {
        let set = self.computed(change_sets, stack, name).await?;
        let before = self.stacks.describe(&set.stack_id).await?;
        if set.is_empty() {
            return Ok(Deployed { change: Change::Nothing, stack: Some(before) });
        }
        if set.status != COMPUTED {
            return Err(failed(stack, name, set));
        }
        if before.is_busy() {
            return Err(StackError::Busy { stack: before.name, status: before.status });
        }
        let follow = self.behind(&before).await?;
        // By their ids: what is executed is what was looked at.
        change_sets.execute_change_set(&before.id, &set.id, &self.ids.uuid()).await?;
        self.follow(&before.name, follow, watch).await?;
        let change = if before.status == "REVIEW_IN_PROGRESS" { Change::Created } else { Change::Updated };
        Ok(Deployed { change, stack: Some(self.stacks.describe(&before.id).await?) })
    }

    /// A change set, once the service has computed it.
    async fn computed(&self, change_sets: &dyn ChangeSets, stack: &str, name: &str) -> Result<ChangeSet, StackError> {
        let mut pacer = Pacer::new(&*self.clock, &*self.ids, &self.polling);
        loop {
            let wait = match change_sets.describe_change_set(stack, name).await {
                Ok(set) if set.status.ends_with("_PENDING") || set.status.ends_with("_IN_PROGRESS") => None,
                Ok(set) => return Ok(set),
                Err(error) if error.is_retryable() => error.retry_after(),
                Err(error) => return Err(error.into()),
            };
            let paused = pacer.pause_after(wait).await;
            paused.map_err(|timed_out| StackError::TimedOut { stack: stack.to_owned(), timed_out })?;
        }
    }
}

/// The service's code for a change set that does not exist.
const NOT_FOUND: &str = "ChangeSetNotFound";

/// The status of a change set that can be executed.
const COMPUTED: &str = "CREATE_COMPLETE";

fn failed(stack: &str, name: &str, set: ChangeSet) -> StackError {
    let reason = set.reason.or_else(|| Some(format!("it is in {}", set.status)));
    StackError::ChangeSet { stack: stack.to_owned(), name: name.to_owned(), reason }
}
