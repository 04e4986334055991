//! CodePipeline's queue of jobs in memory (feature `memory`), with the refusals that were observed on the service.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use aws_call::{CallError, IdSource};
use pipeline_model::model::ActionTypeId;

use super::jobs::{CustomActions, Job, JobFailure, JobSuccess, Jobs, NewActionType, PollForJobs};

/// The most bytes of all output variables of an action (quotas page).
const MOST_VARIABLES: usize = 122_880;

/// A queue of jobs. Clones share it.
#[derive(Clone, Debug)]
pub struct MemoryJobs {
    ids: Arc<dyn IdSource>,
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    types: BTreeMap<String, NewActionType>,
    jobs: BTreeMap<String, Kept>,
    order: Vec<String>,
}

/// A job as the service keeps it.
#[derive(Clone, Debug)]
struct Kept {
    job: Job,
    status: Status,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Status {
    Queued,
    Dispatched,
    InProgress,
    Succeeded(JobSuccess),
    Failed(JobFailure),
}

/// How an action ended.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum JobEnd {
    /// Well.
    Succeeded(JobSuccess),
    /// Badly.
    Failed(JobFailure),
}

impl MemoryJobs {
    /// An empty queue without action types.
    pub fn new(ids: impl IdSource + 'static) -> Self {
        Self { ids: Arc::new(ids), state: Arc::default() }
    }

    /// An action of a custom type begins; its first job waits. Id and nonce are the queue's own; gives the id of the
    /// action's execution.
    ///
    /// # Errors
    /// `ActionTypeNotFoundException`.
    pub fn begin(&self, job: Job) -> Result<String, CallError> {
        let execution = self.ids.uuid();
        self.lock().known("StartAction", &job.action_type)?;
        self.queue(Job { action_execution: execution.clone(), continuation: None, ..job });
        Ok(execution)
    }

    /// How an action ended; none as long as it goes on.
    #[must_use]
    pub fn end(&self, action_execution: &str) -> Option<JobEnd> {
        let state = self.lock();
        let mut ended = state.jobs.values().filter(|kept| kept.job.action_execution == action_execution);
        ended.find_map(|kept| match &kept.status {
            Status::Succeeded(result) if result.continuation.is_none() => Some(JobEnd::Succeeded(result.clone())),
            Status::Failed(result) => Some(JobEnd::Failed(result.clone())),
            _ => None,
        })
    }

    /// How many jobs an action has had.
    #[must_use]
    pub fn jobs_of(&self, action_execution: &str) -> usize {
        self.lock().jobs.values().filter(|kept| kept.job.action_execution == action_execution).count()
    }

    /// Gives every job that was given out and not acknowledged to the next one who asks, as the service does after a while.
    pub fn dispatch_again(&self) {
        let mut state = self.lock();
        let dispatched = state.jobs.values_mut().filter(|kept| kept.status == Status::Dispatched);
        dispatched.for_each(|kept| kept.status = Status::Queued);
    }

    fn queue(&self, job: Job) {
        let id = self.ids.uuid();
        let job = Job { id: id.clone(), nonce: String::new(), ..job };
        let mut state = self.lock();
        state.jobs.insert(id.clone(), Kept { job, status: Status::Queued });
        state.order.push(id);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        // Nothing that can panic runs under the lock.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends a job, or says why not.
    fn finish(&self, operation: &'static str, id: &str, end: Status) -> Result<Option<Job>, CallError> {
        let mut state = self.lock();
        let kept = state.job(operation, id)?;
        let invalid = |message: String| CallError::service(operation, "InvalidJobStateException", message);
        match &kept.status {
            Status::InProgress => {
                kept.status = end;
                Ok(Some(kept.job.clone()))
            }
            // The answer to a call that is repeated.
            same if *same == end => Ok(None),
            Status::Succeeded(_) if matches!(end, Status::Succeeded(_)) => Err(already_set(operation, id)),
            Status::Failed(_) if matches!(end, Status::Failed(_)) => Err(already_set(operation, id)),
            Status::Succeeded(_) | Status::Failed(_) => {
                Err(invalid(format!("Job with id {id} has already terminated")))
            }
            Status::Queued | Status::Dispatched => Err(invalid(format!("Job with id {id} is not in progress"))),
        }
    }
}

fn already_set(operation: &'static str, id: &str) -> CallError {
    let message = format!(
        "The status of job with id {id} is already set to the desired value. It cannot be updated with the same status, but \
         different result or output variables."
    );
    CallError::service(operation, "InvalidJobStateException", message)
}

impl State {
    fn known(&self, operation: &'static str, id: &ActionTypeId) -> Result<(), CallError> {
        if self.types.contains_key(&id.to_string()) {
            return Ok(());
        }
        let message = format!("There is no action type `{id}` in this account");
        Err(CallError::service(operation, "ActionTypeNotFoundException", message))
    }

    fn job(&mut self, operation: &'static str, id: &str) -> Result<&mut Kept, CallError> {
        let missing = || {
            let message = format!("Job with id '{}' does not exist", id.escape_debug());
            CallError::service(operation, "JobNotFoundException", message)
        };
        self.jobs.get_mut(id).ok_or_else(missing)
    }
}

#[async_trait]
impl Jobs for MemoryJobs {
    async fn poll_for_jobs(&self, request: &PollForJobs) -> Result<Vec<Job>, CallError> {
        let mut state = self.lock();
        state.known("PollForJobs", &request.action_type)?;
        let State { jobs, order, .. } = &mut *state;
        let mut found = Vec::new();
        for id in order.iter() {
            let Some(kept) = jobs.get_mut(id).filter(|kept| kept.status == Status::Queued) else { continue };
            let asked = |(key, value): (&String, &String)| {
                kept.job.configuration.get(key).is_some_and(|own| own.expose() == value)
            };
            if found.len() < request.most.max(1)
                && kept.job.action_type == request.action_type
                && request.query.iter().all(asked)
            {
                kept.status = Status::Dispatched;
                kept.job.nonce = self.ids.uuid();
                found.push(kept.job.clone());
            }
        }
        Ok(found)
    }

    async fn acknowledge_job(&self, id: &str, nonce: &str) -> Result<String, CallError> {
        const OPERATION: &str = "AcknowledgeJob";
        let mut state = self.lock();
        let kept = state.job(OPERATION, id)?;
        if kept.job.nonce.is_empty() || kept.job.nonce != nonce {
            return Err(CallError::service(OPERATION, "InvalidNonceException", "The nonce was invalid."));
        }
        if kept.status == Status::Dispatched {
            kept.status = Status::InProgress;
        }
        Ok(match kept.status {
            Status::InProgress => "InProgress",
            Status::Succeeded(_) => "Succeeded",
            Status::Failed(_) => "Failed",
            Status::Queued | Status::Dispatched => "Queued",
        }
        .to_owned())
    }

    async fn put_job_success(&self, result: &JobSuccess) -> Result<(), CallError> {
        const OPERATION: &str = "PutJobSuccessResult";
        if result.continuation.is_some() && !result.variables.is_empty() {
            let message = "A job can not contain both a continuation token and output variables.";
            return Err(CallError::service(OPERATION, "ValidationException", message));
        }
        bounded(OPERATION, "executionDetails.summary", result.summary.as_deref(), 2048)?;
        bounded(OPERATION, "continuationToken", result.continuation.as_deref(), 2048)?;
        let bytes: usize = result.variables.iter().map(|(name, value)| name.len() + value.len()).sum();
        if bytes > MOST_VARIABLES {
            let message = "Exceeded the total size limit for all variables in the pipeline.";
            return Err(CallError::service(OPERATION, "OutputVariablesSizeExceededException", message));
        }
        let ended = self.finish(OPERATION, &result.id, Status::Succeeded(result.clone()))?;
        if let (Some(job), Some(token)) = (ended, &result.continuation) {
            self.queue(Job { continuation: Some(token.clone()), ..job });
        }
        Ok(())
    }

    async fn put_job_failure(&self, result: &JobFailure) -> Result<(), CallError> {
        const OPERATION: &str = "PutJobFailureResult";
        bounded(OPERATION, "failureDetails.message", Some(&result.message), 5000)?;
        self.finish(OPERATION, &result.id, Status::Failed(result.clone())).map(drop)
    }
}

#[async_trait]
impl CustomActions for MemoryJobs {
    async fn create_custom_action_type(&self, new: &NewActionType) -> Result<(), CallError> {
        const OPERATION: &str = "CreateCustomActionType";
        let refused = |message: String| Err(CallError::service(OPERATION, "ValidationException", message));
        for (fewest, most) in [new.inputs, new.outputs] {
            if fewest > most {
                return refused(format!(
                    "Maximum Number of Artifacts ({most}) has to be greater than or equal to minimum ({fewest})."
                ));
            }
            if most > 5 {
                return refused(format!("{most} artifacts: Member must have value less than or equal to 5"));
            }
        }
        if new.properties.len() > 10 {
            return refused("configurationProperties: Member must have length less than or equal to 10".to_owned());
        }
        let queryable: Vec<_> = new.properties.iter().filter(|property| property.queryable).collect();
        if queryable.len() > 1 {
            let names: Vec<_> = queryable.iter().map(|property| property.name.as_str()).collect();
            return refused(format!(
                "Multiple queryable configuration properties found with names '{}'. Up to one queryable property may be specified.",
                names.join(", ")
            ));
        }
        if let Some(wrong) = queryable.iter().find(|property| property.secret || !property.required) {
            return refused(format!(
                "Invalid queryable property '{}'. Queryable configuration properties must be required and non-secret.",
                wrong.name
            ));
        }
        let id = ActionTypeId::new(new.category.as_str(), "Custom", &new.provider, &new.version);
        self.lock().types.insert(id.to_string(), new.clone());
        Ok(())
    }
}

fn bounded(operation: &'static str, what: &str, text: Option<&str>, most: usize) -> Result<(), CallError> {
    match text {
        Some(text) if text.chars().count() > most => {
            let message = format!(
                "1 validation error detected: Value at '{what}' failed to satisfy constraint: Member must have length less \
                 than or equal to {most}"
            );
            Err(CallError::service(operation, "ValidationException", message))
        }
        _ => Ok(()),
    }
}
