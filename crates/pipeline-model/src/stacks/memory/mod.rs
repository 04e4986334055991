//! A CloudFormation without a network: it takes and refuses templates as the service does, and lets time pass.
//!
//! Resources are made one after the other, in the order of the template, and each takes as long as
//! [`with_pace`](MemoryStacks::with_pace) says. What resources do is not simulated; [`fail`](MemoryStacks::fail) makes one
//! fail, and the stack goes back as the service's stacks do.

mod change_sets;
mod schedule;
mod validate;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use aws_call::{CallError, Clock, IdSource};

use super::{Parameter, Stack, StackEvent, StackInput, Stacks};
use change_sets::KeptSet;
use schedule::Kept;
use validate::Made;

/// An in-memory CloudFormation; clones share their stacks.
#[derive(Clone)]
pub struct MemoryStacks {
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdSource>,
    account: String,
    region: String,
    pace: Duration,
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    /// The youngest last; a name may have been used before.
    stacks: Vec<Kept>,
    change_sets: Vec<KeptSet>,
    /// Resources that fail, with their reasons.
    failing: BTreeMap<String, String>,
}

impl fmt::Debug for MemoryStacks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.lock().stacks.iter().map(|kept| kept.name.clone()).collect();
        f.debug_struct("MemoryStacks").field("region", &self.region).field("stacks", &names).finish_non_exhaustive()
    }
}

impl MemoryStacks {
    /// An empty service in account 123456789012 and region us-east-1, whose resources take ten seconds each.
    pub fn new(clock: impl Clock + 'static, ids: impl IdSource + 'static) -> Self {
        Self {
            clock: Arc::new(clock),
            ids: Arc::new(ids),
            account: "123456789012".to_owned(),
            region: "us-east-1".to_owned(),
            pace: Duration::from_secs(10),
            state: Arc::default(),
        }
    }

    /// The same service whose resources take so long.
    #[must_use]
    pub const fn with_pace(mut self, pace: Duration) -> Self {
        self.pace = pace;
        self
    }

    /// Lets the resource of this logical id fail whenever it is created, updated or deleted.
    pub fn fail(&self, logical_id: impl Into<String>, reason: impl Into<String>) {
        self.lock().failing.insert(logical_id.into(), reason.into());
    }

    /// Lets the resource succeed again.
    pub fn mend(&self, logical_id: &str) {
        self.lock().failing.remove(logical_id);
    }

    /// A panic elsewhere leaves whole entries behind, so the data stays usable.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn stack_id(&self, name: &str) -> String {
        self.arn(&format!("stack/{name}"))
    }

    /// The ARN of a new resource.
    fn arn(&self, resource: &str) -> String {
        format!("arn:aws:cloudformation:{}:{}:{resource}/{}", self.region, self.account, self.ids.uuid())
    }

    /// The values of parameters, with those that stay.
    fn values(input: &StackInput, before: Option<&Made>) -> BTreeMap<String, String> {
        let values = input.parameters.iter().filter_map(|(name, value)| {
            let value = match value {
                Parameter::Given(secret) => secret.expose().to_owned(),
                Parameter::Previous => before?.parameters.get(name)?.clone(),
            };
            Some((name.clone(), value))
        });
        values.collect()
    }
}

impl Kept {
    /// Whether this is the last request once more.
    fn was_asked(&self, input: &StackInput) -> bool {
        input.client_request_token.is_some() && self.token == input.client_request_token
    }
}

impl State {
    /// The stack of that id, or the one of that name that was not deleted.
    fn find(&mut self, stack: &str, now: SystemTime) -> Option<&mut Kept> {
        self.stacks
            .iter_mut()
            .rev()
            .find(|kept| kept.id == stack || (kept.name == stack && kept.status(now) != "DELETE_COMPLETE"))
    }
}

fn missing(operation: &'static str, stack: &str) -> CallError {
    let message = match operation {
        "DescribeStacks" => format!("Stack with id {stack} does not exist"),
        _ => format!("Stack [{stack}] does not exist"),
    };
    CallError::service(operation, "ValidationError", message)
}

#[async_trait]
impl Stacks for MemoryStacks {
    async fn create(&self, input: &StackInput) -> Result<String, CallError> {
        const OPERATION: &str = "CreateStack";
        validate::name(OPERATION, &input.name)?;
        let made = validate::template(OPERATION, input, Self::values(input, None))?;
        let now = self.clock.now();
        let mut state = self.lock();
        if let Some(kept) = state.find(&input.name, now) {
            if kept.was_asked(input) {
                return Ok(kept.id.clone());
            }
            let message = format!("Stack [{}] already exists", input.name);
            return Err(CallError::service(OPERATION, "AlreadyExistsException", message));
        }
        let id = self.stack_id(&input.name);
        let mut kept = Kept::new(id.clone(), input.name.clone());
        kept.token.clone_from(&input.client_request_token);
        kept.create(made, now, self.pace, &state.failing, &*self.ids);
        state.stacks.push(kept);
        Ok(id)
    }

    async fn update(&self, input: &StackInput) -> Result<String, CallError> {
        const OPERATION: &str = "UpdateStack";
        let now = self.clock.now();
        let mut state = self.lock();
        let failing = state.failing.clone();
        let kept = state.find(&input.name, now).ok_or_else(|| missing(OPERATION, &input.name))?;
        if kept.was_asked(input) {
            return Ok(kept.id.clone());
        }
        let made = validate::template(OPERATION, input, Self::values(input, Some(kept.made())))?;
        let status = kept.status(now).to_owned();
        let refused = |message: String| CallError::service(OPERATION, "ValidationError", message);
        if !matches!(status.as_str(), "CREATE_COMPLETE" | "UPDATE_COMPLETE" | "UPDATE_ROLLBACK_COMPLETE") {
            return Err(refused(format!("Stack:{} is in {status} state and can not be updated.", kept.id)));
        }
        if *kept.made() == made {
            return Err(refused("No updates are to be performed.".to_owned()));
        }
        kept.token.clone_from(&input.client_request_token);
        kept.update(made, now, self.pace, &failing, &*self.ids);
        Ok(kept.id.clone())
    }

    async fn delete(&self, stack: &str) -> Result<(), CallError> {
        let now = self.clock.now();
        let mut state = self.lock();
        let failing = state.failing.clone();
        if let Some(kept) = state.find(stack, now).filter(|kept| kept.status(now) != "DELETE_COMPLETE") {
            kept.delete(now, self.pace, &failing, &*self.ids);
        }
        Ok(())
    }

    async fn describe(&self, stack: &str) -> Result<Stack, CallError> {
        let now = self.clock.now();
        let mut state = self.lock();
        let kept = state.find(stack, now).ok_or_else(|| missing("DescribeStacks", stack))?;
        let mut out = Stack::new(&kept.id, &kept.name, kept.status(now));
        out.reason = kept.reason(now).map(str::to_owned);
        out.outputs = kept.made().outputs.clone();
        Ok(out)
    }

    async fn events(&self, stack: &str, after: Option<&str>) -> Result<Vec<StackEvent>, CallError> {
        let now = self.clock.now();
        let mut state = self.lock();
        let kept = state.find(stack, now).ok_or_else(|| missing("DescribeStackEvents", stack))?;
        let events = kept.events(now);
        let start = after.and_then(|after| events.iter().position(|event| event.id == after)).map_or(0, |at| at + 1);
        Ok(events[start..].to_vec())
    }
}
