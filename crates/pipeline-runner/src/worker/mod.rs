//! A host for job workers: runs any [`ActionProvider`] as a custom action on CodePipeline.
//!
//! It asks for jobs, takes them, runs the provider, and tells the result. A provider's [`ActionOutcome::Continue`] hands the
//! job back to CodePipeline with the provider's token, so that it outlives this process. A run that takes long gives signs
//! of life in the same way: the job is handed back with a token that names the run, and comes again at once.
//!
//! ```
//! use std::sync::Arc;
//!
//! use aws_call::{Clock, Env, IdSource};
//! use pipeline_runner::artifact::S3Store;
//! use pipeline_runner::client::{Jobs, Objects};
//! use pipeline_runner::worker::Worker;
//! use pipeline_runner::{ActionProvider, Cancel};
//!
//! async fn work(
//!     jobs: Arc<dyn Jobs>,
//!     provider: Arc<dyn ActionProvider>,
//!     objects: Arc<dyn Objects>,
//!     world: (Arc<dyn Clock>, Arc<dyn IdSource>, Arc<dyn Env>),
//! ) -> Result<(), aws_call::CallError> {
//!     let worker = Worker::new(jobs, provider, Arc::new(move |_| Arc::new(S3Store::across_buckets(objects.clone()))), world);
//!     // The first flag lets running jobs end, the second gives them up.
//!     worker.run(&Cancel::new(), &Cancel::new()).await
//! }
//! ```

mod job;

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use aws_call::{Backoff, CallError, Clock, Env, IdSource};
use pipeline_model::model::ActionTypeId;
use tokio::sync::mpsc;

use self::job::{Token, Told, action_job, told};
use crate::artifact::ArtifactStore;
use crate::cancel::Cancel;
use crate::client::{Job, JobFailure, JobSuccess, Jobs, PollForJobs};
use crate::job::{ActionOutcome, ActionProvider, JobContext};

/// Gives the store of a job's artifacts, whose keys begin with the bucket.
pub type OpenArtifacts = Arc<dyn Fn(&Job) -> Arc<dyn ArtifactStore> + Send + Sync>;

/// Is told what a worker does.
pub type WorkerLog = Arc<dyn Fn(&str) + Send + Sync>;

/// How long jobs that are given up may take to clean up behind themselves.
const GRACE: Duration = Duration::from_secs(30);
/// How often a result is told before it is given up.
const TRIES: u32 = 8;

/// How a worker works.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct WorkerOptions {
    /// The most jobs at a time. The default is 4.
    pub parallel: usize,
    /// How long to wait before asking again. The default is 5 s.
    pub interval: Duration,
    /// How long a run may say nothing. The default is 10 min; CodePipeline gives a job up after 20 without a result.
    pub heartbeat: Duration,
    /// Only jobs whose queryable property has this value.
    pub query: BTreeMap<String, String>,
    /// Directory below which each job gets one of its own; removed with the job.
    pub workspace: PathBuf,
}

impl Default for WorkerOptions {
    fn default() -> Self {
        Self {
            parallel: 4,
            interval: Duration::from_secs(5),
            heartbeat: Duration::from_secs(10 * 60),
            query: BTreeMap::new(),
            workspace: std::env::temp_dir().join("longshore-worker"),
        }
    }
}

/// Runs a provider for jobs of CodePipeline.
#[derive(Clone)]
pub struct Worker {
    jobs: Arc<dyn Jobs>,
    provider: Arc<dyn ActionProvider>,
    artifacts: OpenArtifacts,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdSource>,
    env: Arc<dyn Env>,
    options: WorkerOptions,
    log: WorkerLog,
}

impl fmt::Debug for Worker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Worker")
            .field("provider", &self.provider)
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}

/// A run of the provider.
struct Running {
    /// The job that its result belongs to; none while CodePipeline has it back after a sign of life.
    job: Option<String>,
    /// When the job was taken.
    since: SystemTime,
    /// How it ended.
    outcome: Option<ActionOutcome>,
    cancel: Cancel,
}

impl Worker {
    /// A worker with the default options, which keeps no log.
    #[must_use]
    pub fn new(
        jobs: Arc<dyn Jobs>,
        provider: Arc<dyn ActionProvider>,
        artifacts: OpenArtifacts,
        (clock, ids, env): (Arc<dyn Clock>, Arc<dyn IdSource>, Arc<dyn Env>),
    ) -> Self {
        let (options, log) = (WorkerOptions::default(), Arc::new(|_: &str| {}));
        Self { jobs, provider, artifacts, clock, ids, env, options, log }
    }

    /// Works in another way.
    #[must_use]
    pub fn with_options(mut self, options: WorkerOptions) -> Self {
        self.options = options;
        self
    }

    /// Tells what it does, and the lines of the provider.
    #[must_use]
    pub fn with_log(mut self, log: WorkerLog) -> Self {
        self.log = log;
        self
    }

    /// Works until `drain` is set and what runs has ended. When `stop` is set as well, running jobs are given up: the
    /// provider is told to, and what it answers within half a minute is told on.
    ///
    /// # Errors
    /// When jobs cannot be asked for and it will not pass: the action type does not exist, or nobody may do this.
    pub async fn run(&self, drain: &Cancel, stop: &Cancel) -> Result<(), CallError> {
        let types: Vec<ActionTypeId> =
            self.provider.action_types().into_iter().filter(|id| id.owner.as_str() == "Custom").collect();
        let (ended, mut ends) = mpsc::unbounded_channel();
        let mut runs: BTreeMap<String, Running> = BTreeMap::new();
        let mut given_up: Option<SystemTime> = None;
        loop {
            while let Ok((run, outcome)) = ends.try_recv() {
                runs.entry(run).and_modify(|running: &mut Running| running.outcome = Some(outcome));
            }
            self.tell(&mut runs).await;
            if drain.is_cancelled() && runs.is_empty() {
                return Ok(());
            }
            let now = self.clock.now();
            if stop.is_cancelled() && given_up.is_none() {
                given_up = Some(now);
                runs.values().for_each(|running| running.cancel.cancel());
            }
            if given_up.is_some_and(|since| now.duration_since(since).unwrap_or_default() >= GRACE) {
                self.abandon(&mut runs).await;
                continue;
            }
            self.give_signs_of_life(&mut runs, now).await;
            for id in &types {
                self.take(id, &mut runs, drain, &ended).await?;
            }
            tokio::select! {
                Some((run, outcome)) = ends.recv() => {
                    runs.entry(run).and_modify(|running| running.outcome = Some(outcome));
                }
                () = self.clock.sleep(self.options.interval) => {}
                () = drain.cancelled(), if !drain.is_cancelled() => {}
                () = stop.cancelled(), if given_up.is_none() => {}
            }
        }
    }

    /// Asks for jobs of a type, as many as there is room for, and starts them.
    async fn take(
        &self,
        id: &ActionTypeId,
        runs: &mut BTreeMap<String, Running>,
        drain: &Cancel,
        ended: &mpsc::UnboundedSender<(String, ActionOutcome)>,
    ) -> Result<(), CallError> {
        let expected = runs.values().filter(|running| running.job.is_none()).count();
        let room = if drain.is_cancelled() { 0 } else { self.options.parallel.saturating_sub(runs.len()) };
        if expected + room == 0 {
            return Ok(());
        }
        let mut request = PollForJobs::new(id.clone(), expected + room);
        request.query.clone_from(&self.options.query);
        let found = match self.jobs.poll_for_jobs(&request).await {
            Ok(found) => found,
            Err(error) if error.is_retryable() => {
                (self.log)(&format!("could not ask for jobs this time: {error}"));
                return Ok(());
            }
            Err(error) => return Err(error),
        };
        let mut room = room;
        for job in found {
            let token = job.continuation.as_deref().map(Token::parse);
            let known = match &token {
                Some(Token::Run(run)) => runs.contains_key(run),
                _ => false,
            };
            // What is not taken stays in the queue and comes to whoever asks next.
            let lost = matches!(token, Some(Token::Run(_))) && !known;
            if !(known || lost || room > 0) {
                continue;
            }
            match self.jobs.acknowledge_job(&job.id, &job.nonce).await {
                Ok(status) if status == "InProgress" => {}
                Ok(status) => {
                    (self.log)(&format!("job {} is {status} already", job.id));
                    continue;
                }
                Err(error) => {
                    (self.log)(&format!("job {} was not to be had: {error}", job.id));
                    continue;
                }
            }
            match token {
                Some(Token::Run(run)) if known => {
                    if let Some(running) = runs.get_mut(&run) {
                        (running.job, running.since) = (Some(job.id), self.clock.now());
                    }
                }
                // A run that ended with its process must not be taken for one that goes on.
                Some(Token::Run(_)) => {
                    let message = "the worker that ran this action is gone: run it again";
                    let failure = JobFailure::new(&job.id, "SystemUnavailable", message);
                    self.report(&Told::Failure(failure)).await;
                }
                other => {
                    room = room.saturating_sub(1);
                    self.start(job, other, runs, ended);
                }
            }
        }
        Ok(())
    }

    fn start(
        &self,
        job: Job,
        token: Option<Token>,
        runs: &mut BTreeMap<String, Running>,
        ended: &mpsc::UnboundedSender<(String, ActionOutcome)>,
    ) {
        let (not_before, continuation) = match token {
            Some(Token::After(at, token)) => (Some(at), Some(token)),
            Some(Token::Foreign(token) | Token::Run(token)) => (None, Some(token)),
            None => (None, None),
        };
        let (run, cancel, now) = (self.ids.uuid(), Cancel::new(), self.clock.now());
        let running = Running { job: Some(job.id.clone()), since: now, outcome: None, cancel: cancel.clone() };
        runs.insert(run.clone(), running);
        (self.log)(&format!("job {}: {} of pipeline {}", job.id, job.action, job.pipeline));
        let (worker, ended, flag) = (self.clone(), ended.clone(), cancel);
        tokio::spawn(async move {
            let wait = not_before.and_then(|at| at.duration_since(now).ok()).unwrap_or_default();
            let given_up = tokio::select! {
                () = worker.clock.sleep(wait), if !wait.is_zero() => false,
                () = flag.cancelled(), if !wait.is_zero() => true,
                else => false,
            };
            let outcome = if given_up {
                ActionOutcome::failed("given up while it waited")
            } else {
                // A task of its own: a provider that panics fails its job and not the worker.
                let inner = worker.clone();
                let work = tokio::spawn(async move { inner.execute(&job, continuation, flag).await });
                work.await.unwrap_or_else(|error| {
                    ActionOutcome::failed(format!("the action's provider broke down, which is a bug in it: {error}"))
                })
            };
            // Nobody listens any more only when the worker itself is gone.
            let _ = ended.send((run, outcome));
        });
    }

    async fn execute(&self, job: &Job, continuation: Option<String>, cancel: Cancel) -> ActionOutcome {
        let parent = &self.options.workspace;
        let workspace = std::fs::create_dir_all(parent)
            .and_then(|()| tempfile::Builder::new().prefix(&format!("{}-", job.action)).tempdir_in(parent));
        // Removed when it is dropped, whatever becomes of the provider.
        let workspace = match workspace {
            Ok(workspace) => workspace,
            Err(error) => return crate::Error::file(parent, error).into(),
        };
        let cx = JobContext::new(
            (self.artifacts)(job),
            workspace.path().to_owned(),
            (Arc::clone(&self.clock), Arc::clone(&self.ids), Arc::clone(&self.env)),
            cancel,
            Arc::clone(&self.log),
        );
        self.provider.run(action_job(job, continuation), &cx).await
    }

    /// Tells the results of the runs that have ended and whose job is here.
    async fn tell(&self, runs: &mut BTreeMap<String, Running>) {
        let ready: Vec<String> = runs
            .iter()
            .filter(|(_, running)| running.outcome.is_some() && running.job.is_some())
            .map(|(run, _)| run.clone())
            .collect();
        for run in ready {
            let Some(Running { job: Some(job), outcome: Some(outcome), .. }) = runs.remove(&run) else { continue };
            self.report(&told(&job, outcome, self.clock.now())).await;
        }
    }

    /// Hands the jobs back that have been silent for long, so that CodePipeline sees that they go on.
    async fn give_signs_of_life(&self, runs: &mut BTreeMap<String, Running>, now: SystemTime) {
        for (run, running) in runs.iter_mut().filter(|(_, running)| running.outcome.is_none()) {
            let silent = now.duration_since(running.since).unwrap_or_default();
            if silent < self.options.heartbeat {
                continue;
            }
            let Some(job) = &running.job else { continue };
            let alive = JobSuccess::to_be_continued(job, Token::Run(run.clone()).text());
            match self.jobs.put_job_success(&alive).await {
                Ok(()) => running.job = None,
                Err(error) => (self.log)(&format!("job {job}: no sign of life this time: {error}")),
            }
        }
    }

    /// Fails what did not end in time.
    async fn abandon(&self, runs: &mut BTreeMap<String, Running>) {
        for running in std::mem::take(runs).into_values() {
            let Some(job) = running.job else { continue };
            let message = "the worker was stopped and the action did not end in time: run it again";
            self.report(&Told::Failure(JobFailure::new(job, "SystemUnavailable", message))).await;
        }
    }

    /// Tells one result, again and again as long as that may help: the same result twice is one.
    async fn report(&self, told: &Told) {
        let pace = Backoff::new(Duration::from_secs(1), Duration::from_secs(30));
        let id = match told {
            Told::Success(result) => &result.id,
            Told::Failure(result) => &result.id,
        };
        for attempt in 1..=TRIES {
            let sent = match told {
                Told::Success(result) => self.jobs.put_job_success(result).await,
                Told::Failure(result) => self.jobs.put_job_failure(result).await,
            };
            match sent {
                Ok(()) => return,
                Err(error) if error.is_retryable() && attempt < TRIES => {
                    (self.log)(&format!("job {id}: the result was not taken, again: {error}"));
                    self.clock.sleep(pace.delay(attempt, &*self.ids)).await;
                }
                // A success that the service refuses, such as too many variables, is a failure of the job.
                Err(error) => {
                    (self.log)(&format!("job {id}: the result was refused: {error}"));
                    if matches!(told, Told::Success(_)) && !error.is_retryable() {
                        let failure = JobFailure::new(id, "JobFailed", format!("the result was refused: {error}"));
                        if let Err(error) = self.jobs.put_job_failure(&failure).await {
                            (self.log)(&format!("job {id}: neither was its failure taken: {error}"));
                        }
                    }
                    return;
                }
            }
        }
    }
}
