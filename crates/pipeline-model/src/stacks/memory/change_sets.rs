//! Change sets of stacks in memory.

use std::time::SystemTime;

use async_trait::async_trait;
use aws_call::CallError;

use super::super::{ChangeSet, ChangeSetInput, ChangeSets, ResourceChange};
use super::schedule::Kept;
use super::validate::{self, Made};
use super::{MemoryStacks, State, missing};

/// A change set, decided when it is asked for and shown when the clock has come so far.
#[derive(Debug)]
pub(super) struct KeptSet {
    name: String,
    set: ChangeSet,
    made: Made,
    creates: bool,
    ready: SystemTime,
}

impl KeptSet {
    fn at(&self, now: SystemTime) -> ChangeSet {
        if now < self.ready {
            return ChangeSet::new(&self.set.id, &self.set.stack_id, "CREATE_IN_PROGRESS");
        }
        self.set.clone()
    }
}

/// What the service says of a change set that would do nothing.
const EMPTY: &str =
    "The submitted information didn't contain changes. Submit different information to create a change set.";

fn not_found(operation: &'static str, name: &str) -> CallError {
    CallError::service(operation, "ChangeSetNotFound", format!("ChangeSet [{name}] does not exist"))
}

fn changes(before: &Made, after: &Made) -> Vec<ResourceChange> {
    let find = |made: &Made, id: &str| made.resources.iter().find(|(own, ..)| own == id).cloned();
    let mut changes = Vec::new();
    for (id, kind, properties) in &after.resources {
        match find(before, id) {
            None => changes.push(ResourceChange::new("Add", id, kind)),
            Some((_, _, old)) if old != *properties => changes.push(ResourceChange::new("Modify", id, kind)),
            Some(_) => {}
        }
    }
    let gone = before.resources.iter().filter(|(id, ..)| find(after, id).is_none());
    changes.extend(gone.map(|(id, kind, _)| ResourceChange::new("Remove", id, kind)));
    changes
}

impl State {
    /// Where the change set of a stack, by name or id, is.
    fn position(
        &mut self,
        operation: &'static str,
        stack: &str,
        name: &str,
        now: SystemTime,
    ) -> Result<usize, CallError> {
        let id = self.find(stack, now).ok_or_else(|| missing(operation, stack))?.id.clone();
        let mut sets = self.change_sets.iter();
        let found = sets.position(|kept| kept.set.stack_id == id && (kept.name == name || kept.set.id == name));
        found.ok_or_else(|| not_found(operation, name))
    }
}

#[async_trait]
impl ChangeSets for MemoryStacks {
    async fn create_change_set(&self, input: &ChangeSetInput) -> Result<String, CallError> {
        const OPERATION: &str = "CreateChangeSet";
        let stack = &input.stack;
        validate::name(OPERATION, &stack.name)?;
        validate::name(OPERATION, &input.name)?;
        let now = self.clock.now();
        let mut state = self.lock();
        let refused = |message: String| CallError::service(OPERATION, "ValidationError", message);
        let found = state.find(&stack.name, now);
        let before = found.as_ref().map(|kept| kept.made().clone());
        let made = validate::template(OPERATION, stack, Self::values(stack, before.as_ref()))?;
        let status = found.as_ref().map(|kept| kept.status(now).to_owned());
        let id = match (input.creates, status.as_deref(), found) {
            (true, Some("REVIEW_IN_PROGRESS"), Some(kept)) => kept.id.clone(),
            (true, None, _) => {
                let mut kept = Kept::new(self.stack_id(&stack.name), stack.name.clone());
                kept.review(now, &*self.ids);
                let id = kept.id.clone();
                state.stacks.push(kept);
                id
            }
            (true, Some(_), _) => {
                return Err(refused(format!(
                    "Stack [{}] already exists and cannot be created again with the changeSet [{}].",
                    stack.name, input.name
                )));
            }
            (false, Some("CREATE_COMPLETE" | "UPDATE_COMPLETE" | "UPDATE_ROLLBACK_COMPLETE"), Some(kept)) => {
                kept.id.clone()
            }
            (false, Some(status), Some(kept)) => {
                return Err(refused(format!("Stack:{} is in {status} state and can not be updated.", kept.id)));
            }
            (false, ..) => return Err(missing(OPERATION, &stack.name)),
        };
        if state.position(OPERATION, &id, &input.name, now).is_ok() {
            let message = format!("ChangeSet [{}] already exists", input.name);
            return Err(CallError::service(OPERATION, "AlreadyExistsException", message));
        }
        let before = before.unwrap_or_default();
        let mut set = ChangeSet::new(self.arn(&format!("changeSet/{}", input.name)), id, "CREATE_COMPLETE");
        set.changes = changes(&before, &made);
        if !input.creates && before == made {
            (set.status, set.reason) = ("FAILED".to_owned(), Some(EMPTY.to_owned()));
        }
        let id = set.id.clone();
        let ready = now + self.pace;
        state.change_sets.push(KeptSet { name: input.name.clone(), set, made, creates: input.creates, ready });
        Ok(id)
    }

    async fn describe_change_set(&self, stack: &str, name: &str) -> Result<ChangeSet, CallError> {
        let now = self.clock.now();
        let mut state = self.lock();
        let at = state.position("DescribeChangeSet", stack, name, now)?;
        Ok(state.change_sets[at].at(now))
    }

    async fn execute_change_set(&self, stack: &str, name: &str, _token: &str) -> Result<(), CallError> {
        const OPERATION: &str = "ExecuteChangeSet";
        let now = self.clock.now();
        let mut state = self.lock();
        let at = state.position(OPERATION, stack, name, now)?;
        let set = state.change_sets[at].at(now);
        if set.status != "CREATE_COMPLETE" {
            let message =
                format!("ChangeSet [{}] cannot be executed in its current status of [{}]", set.id, set.status);
            return Err(CallError::service(OPERATION, "InvalidChangeSetStatus", message));
        }
        let KeptSet { made, creates, .. } = state.change_sets.remove(at);
        // The others were computed for a stack that is no more.
        state.change_sets.retain(|kept| kept.set.stack_id != set.stack_id);
        let failing = state.failing.clone();
        let kept = state.find(&set.stack_id, now).ok_or_else(|| missing(OPERATION, stack))?;
        if creates {
            kept.create(made, now, self.pace, &failing, &*self.ids);
        } else {
            kept.update(made, now, self.pace, &failing, &*self.ids);
        }
        Ok(())
    }

    async fn delete_change_set(&self, stack: &str, name: &str) -> Result<(), CallError> {
        let now = self.clock.now();
        let mut state = self.lock();
        match state.position("DeleteChangeSet", stack, name, now) {
            Ok(at) => drop(state.change_sets.remove(at)),
            Err(error) if error.code() == Some("ChangeSetNotFound") => {}
            Err(error) => return Err(error),
        }
        Ok(())
    }
}
