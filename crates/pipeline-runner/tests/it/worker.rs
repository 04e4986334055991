//! The host of job workers against CodePipeline's queue in memory.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use aws_call::{CallError, Clock as _, ManualClock, MapEnv, Secret, SequenceIds};
use pipeline_model::model::ActionTypeId;
use pipeline_runner::artifact::{ArtifactStore as _, S3Store};
use pipeline_runner::client::{
    ActionProperty, Buckets, CustomActions as _, Job, JobArtifact, JobEnd, JobFailure, JobSuccess, Jobs, MemoryJobs,
    NewActionType, PollForJobs,
};
use pipeline_runner::worker::{Worker, WorkerOptions};
use pipeline_runner::{ActionJob, ActionOutcome, ActionProvider, Cancel, JobContext};
use tempfile::TempDir;

fn kind() -> ActionTypeId {
    ActionTypeId::new("Test", "Custom", "Echo", "1")
}

/// Does what the job's configuration says.
#[derive(Debug, Default)]
struct Echo {
    runs: Mutex<Vec<ActionJob>>,
}

#[async_trait]
impl ActionProvider for Echo {
    fn action_types(&self) -> Vec<ActionTypeId> {
        vec![kind()]
    }

    async fn run(&self, job: ActionJob, cx: &JobContext) -> ActionOutcome {
        self.runs.lock().unwrap().push(job.clone());
        match job.config("Do") {
            Some("copy") => {
                let (name, key) = job.input().unwrap();
                let files = match cx.unpack(name, key).await {
                    Ok(files) => files,
                    Err(error) => return error.into(),
                };
                cx.pack(job.output().unwrap(), &files).await.unwrap();
                ActionOutcome::succeeded().with_variable("Copied", name).with_summary("copied").with_external_id("x-1")
            }
            Some("again") => match job.continuation.as_deref() {
                None => ActionOutcome::Continue { token: "a:b".to_owned(), after: Duration::from_secs(90) },
                Some(token) => ActionOutcome::succeeded().with_variable("Token", token),
            },
            Some("long") => {
                cx.clock.sleep(Duration::from_secs(3600)).await;
                ActionOutcome::succeeded().with_summary("after an hour")
            }
            Some("hang") => {
                cx.cancel.cancelled().await;
                ActionOutcome::failed("told to stop")
            }
            Some("deaf") => std::future::pending().await,
            Some("panic") => panic!("a bug in the provider"),
            Some("huge") => ActionOutcome::succeeded().with_variable("V", "x".repeat(122_880)),
            _ => ActionOutcome::misconfigured("nothing to do"),
        }
    }
}

struct Queue {
    directory: TempDir,
    clock: ManualClock,
    jobs: MemoryJobs,
    provider: Arc<Echo>,
    log: Arc<Mutex<Vec<String>>>,
}

impl Queue {
    async fn new() -> Self {
        let jobs = MemoryJobs::new(SequenceIds::new(1));
        jobs.create_custom_action_type(&echo()).await.unwrap();
        let clock = ManualClock::at_epoch_secs(1_700_000_000).auto();
        Self { directory: TempDir::new().unwrap(), clock, jobs, provider: Arc::default(), log: Arc::default() }
    }

    fn objects(&self) -> Arc<Buckets> {
        Arc::new(Buckets::new().with_bucket("artifacts", self.directory.path().join("bucket")))
    }

    fn begin(&self, what: &str) -> String {
        let mut job = Job::new("", "", kind());
        (job.pipeline, job.stage, job.action) = ("shop".to_owned(), "Test".to_owned(), "Echo".to_owned());
        job.configuration = BTreeMap::from([("Do".to_owned(), Secret::new(what))]);
        job.inputs = vec![JobArtifact::new("In", "artifacts", "shop/In/1")];
        job.outputs = vec![JobArtifact::new("Out", "artifacts", "shop/Out/1")];
        self.jobs.begin(job).unwrap()
    }

    fn worker_of(&self, jobs: Arc<dyn Jobs>) -> Worker {
        let objects = self.objects();
        let mut options = WorkerOptions::default();
        options.workspace = self.directory.path().join("work");
        let log = Arc::clone(&self.log);
        Worker::new(
            jobs,
            Arc::clone(&self.provider) as _,
            Arc::new(move |_: &Job| Arc::new(S3Store::across_buckets(Arc::clone(&objects) as _)) as _),
            (Arc::new(self.clock.clone()), Arc::new(SequenceIds::new(9)), Arc::new(MapEnv::default())),
        )
        .with_options(options)
        .with_log(Arc::new(move |line: &str| log.lock().unwrap().push(line.to_owned())))
    }

    fn worker(&self) -> Worker {
        self.worker_of(Arc::new(self.jobs.clone()))
    }

    /// Works until every one of these actions has ended, then drains.
    async fn work(&self, worker: &Worker, actions: &[&String]) -> Vec<JobEnd> {
        let drain = Cancel::new();
        let watch = async {
            loop {
                let ends: Option<Vec<_>> = actions.iter().map(|action| self.jobs.end(action)).collect();
                if let Some(ends) = ends {
                    drain.cancel();
                    return ends;
                }
                tokio::task::yield_now().await;
            }
        };
        let never = Cancel::new();
        let (ended, ends) = tokio::join!(worker.run(&drain, &never), watch);
        ended.unwrap();
        let left = std::fs::read_dir(self.directory.path().join("work"));
        assert_eq!(left.map_or(0, Iterator::count), 0, "every job's directory is removed");
        ends
    }
}

fn echo() -> NewActionType {
    let json = pipeline_model::actions::BUILTIN.iter().find(|known| known.id().provider == "S3").unwrap();
    let mut new = NewActionType::of(*json);
    (new.category, new.provider) = ("Test".to_owned(), "Echo".to_owned());
    (new.inputs, new.outputs) = ((0, 1), (0, 1));
    new
}

fn success(end: &JobEnd) -> &JobSuccess {
    match end {
        JobEnd::Succeeded(success) => success,
        other => panic!("{other:?}"),
    }
}

fn failure(end: &JobEnd) -> &JobFailure {
    match end {
        JobEnd::Failed(failure) => failure,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_job_is_taken_run_and_told() {
    let queue = Queue::new().await;
    let files = queue.directory.path().join("files");
    std::fs::create_dir_all(&files).unwrap();
    std::fs::write(files.join("word"), "hello").unwrap();
    let store = S3Store::across_buckets(queue.objects());
    store.pack("artifacts/shop/In/1", &files).await.unwrap();
    let (copy, idle) = (queue.begin("copy"), queue.begin("nothing"));
    let ends = queue.work(&queue.worker(), &[&copy, &idle]).await;
    let told = success(&ends[0]);
    assert_eq!(told.variables, BTreeMap::from([("Copied".to_owned(), "In".to_owned())]));
    assert_eq!((told.summary.as_deref(), told.external_id.as_deref()), (Some("copied"), Some("x-1")));
    assert_eq!(failure(&ends[1]).kind, "ConfigurationError");
    store.unpack("artifacts/shop/Out/1", &queue.directory.path().join("out")).await.unwrap();
    assert_eq!(std::fs::read_to_string(queue.directory.path().join("out/word")).unwrap(), "hello");
    let runs = queue.provider.runs.lock().unwrap();
    assert!(!format!("{runs:?}").contains("nothing"), "values of a job may be secrets");
}

#[tokio::test]
async fn an_artifact_that_is_not_there_fails_the_job() {
    let queue = Queue::new().await;
    let copy = queue.begin("copy");
    let ends = queue.work(&queue.worker(), &[&copy]).await;
    let told = failure(&ends[0]);
    assert!(told.kind == "ConfigurationError" && told.message.contains("NoSuchKey"), "{told:?}");
}

/// The token goes through CodePipeline: another worker could go on with it.
#[tokio::test]
async fn a_continuation_comes_back_as_another_job_and_not_too_early() {
    let queue = Queue::new().await;
    let again = queue.begin("again");
    let began = queue.clock.now();
    let ends = queue.work(&queue.worker(), &[&again]).await;
    assert_eq!(success(&ends[0]).variables["Token"], "a:b");
    // Two at least: the clock runs ahead of the files that are written, and signs of life may come between.
    assert!(queue.jobs.jobs_of(&again) >= 2);
    assert!(queue.clock.now().duration_since(began).unwrap() >= Duration::from_secs(90));
    let runs = queue.provider.runs.lock().unwrap();
    assert_eq!(runs.len(), 2);
    assert_eq!(runs[0].id, runs[1].id, "one execution of the action, however many jobs");
}

#[tokio::test]
async fn a_long_run_gives_signs_of_life_and_goes_on() {
    let mut queue = Queue::new().await;
    queue.clock = ManualClock::at_epoch_secs(1_700_000_000);
    let long = queue.begin("long");
    let (worker, drain, never) = (queue.worker(), Cancel::new(), Cancel::new());
    let minutes = async {
        while queue.jobs.end(&long).is_none() {
            queue.clock.advance(Duration::from_secs(60));
            // Everything that a minute sets off happens before the next one.
            for _ in 0..50 {
                tokio::task::yield_now().await;
            }
        }
        drain.cancel();
    };
    let (ended, ()) = tokio::join!(worker.run(&drain, &never), minutes);
    ended.unwrap();
    assert_eq!(success(&queue.jobs.end(&long).unwrap()).summary.as_deref(), Some("after an hour"));
    assert_eq!(queue.provider.runs.lock().unwrap().len(), 1, "the provider ran once");
    let jobs = queue.jobs.jobs_of(&long);
    assert!(jobs >= 5, "an hour in signs of ten minutes, {jobs} jobs");
}

#[tokio::test]
async fn a_run_of_a_worker_that_is_gone_is_no_success() {
    let queue = Queue::new().await;
    let lost = queue.begin("long");
    let request = PollForJobs::new(kind(), 1);
    let job = queue.jobs.poll_for_jobs(&request).await.unwrap().remove(0);
    queue.jobs.acknowledge_job(&job.id, &job.nonce).await.unwrap();
    queue.jobs.put_job_success(&JobSuccess::to_be_continued(&job.id, "longshore:run:gone")).await.unwrap();
    let ends = queue.work(&queue.worker(), &[&lost]).await;
    assert!(failure(&ends[0]).message.contains("is gone"), "{ends:?}");
    assert!(queue.provider.runs.lock().unwrap().is_empty());
}

#[tokio::test]
async fn bugs_and_results_that_are_refused_are_failures() {
    let queue = Queue::new().await;
    let (panics, huge) = (queue.begin("panic"), queue.begin("huge"));
    let ends = queue.work(&queue.worker(), &[&panics, &huge]).await;
    assert!(failure(&ends[0]).message.contains("which is a bug in it"), "{ends:?}");
    assert!(failure(&ends[1]).message.contains("OutputVariablesSizeExceededException"), "{ends:?}");
}

#[tokio::test]
async fn draining_lets_running_jobs_end_and_takes_no_more() {
    let queue = Queue::new().await;
    let actions: Vec<_> = (0..6).map(|_| queue.begin("long")).collect();
    let (drain, never) = (Cancel::new(), Cancel::new());
    let worker = queue.worker();
    let watch = async {
        while queue.provider.runs.lock().unwrap().len() < 4 {
            tokio::task::yield_now().await;
        }
        drain.cancel();
    };
    let (ended, ()) = tokio::join!(worker.run(&drain, &never), watch);
    ended.unwrap();
    let ended = actions.iter().filter(|action| queue.jobs.end(action).is_some()).count();
    assert_eq!((ended, queue.provider.runs.lock().unwrap().len()), (4, 4), "four at a time, and no more after that");
    queue.jobs.dispatch_again();
    let left = queue.jobs.poll_for_jobs(&PollForJobs::new(kind(), 10)).await.unwrap();
    assert_eq!(left.len(), 2, "whoever comes next has the others");
}

#[tokio::test]
async fn stopping_gives_jobs_up_and_says_so() {
    let mut queue = Queue::new().await;
    queue.clock = ManualClock::at_epoch_secs(1_700_000_000);
    let (hangs, deaf) = (queue.begin("hang"), queue.begin("deaf"));
    let (drain, stop) = (Cancel::new(), Cancel::new());
    let worker = queue.worker();
    let watch = async {
        while queue.provider.runs.lock().unwrap().len() < 2 {
            tokio::task::yield_now().await;
        }
        drain.cancel();
        stop.cancel();
        while queue.jobs.end(&hangs).is_none() || queue.clock.sleepers() == 0 {
            tokio::task::yield_now().await;
        }
        assert_eq!(queue.jobs.end(&deaf), None, "it still has time");
        queue.clock.advance(Duration::from_secs(30));
    };
    let (ended, ()) = tokio::join!(worker.run(&drain, &stop), watch);
    ended.unwrap();
    assert_eq!(failure(&queue.jobs.end(&hangs).unwrap()).message, "told to stop");
    assert!(failure(&queue.jobs.end(&deaf).unwrap()).message.contains("did not end in time"));
}

/// Every other call fails in passing.
#[derive(Debug)]
struct Shaky(MemoryJobs, std::sync::atomic::AtomicU32);

impl Shaky {
    fn shake(&self, operation: &'static str) -> Result<(), CallError> {
        let calls = self.1.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        if calls.is_multiple_of(2) {
            Err(CallError::service(operation, "ThrottlingException", "Rate exceeded"))
        } else {
            Ok(())
        }
    }
}

#[async_trait]
impl Jobs for Shaky {
    async fn poll_for_jobs(&self, request: &PollForJobs) -> Result<Vec<Job>, CallError> {
        self.shake("PollForJobs")?;
        self.0.poll_for_jobs(request).await
    }

    async fn acknowledge_job(&self, id: &str, nonce: &str) -> Result<String, CallError> {
        self.0.acknowledge_job(id, nonce).await
    }

    async fn put_job_success(&self, result: &JobSuccess) -> Result<(), CallError> {
        // The answer is lost, not the call.
        self.0.put_job_success(result).await?;
        self.shake("PutJobSuccessResult")
    }

    async fn put_job_failure(&self, result: &JobFailure) -> Result<(), CallError> {
        self.shake("PutJobFailureResult")?;
        self.0.put_job_failure(result).await
    }
}

#[tokio::test]
async fn calls_that_fail_in_passing_are_repeated() {
    let queue = Queue::new().await;
    let (again, idle) = (queue.begin("again"), queue.begin("nothing"));
    let worker = queue.worker_of(Arc::new(Shaky(queue.jobs.clone(), Default::default())));
    let ends = queue.work(&worker, &[&again, &idle]).await;
    assert_eq!(success(&ends[0]).variables["Token"], "a:b");
    assert_eq!(failure(&ends[1]).kind, "ConfigurationError");
}

#[tokio::test]
async fn an_action_type_that_does_not_exist_ends_the_worker() {
    let queue = Queue::new().await;
    let worker = queue.worker_of(Arc::new(MemoryJobs::new(SequenceIds::new(1))));
    let error = worker.run(&Cancel::new(), &Cancel::new()).await.unwrap_err();
    assert_eq!(error.code(), Some("ActionTypeNotFoundException"));
}

#[tokio::test]
async fn the_queue_conforms_and_refuses_in_the_words_of_the_service() {
    let queue = Queue::new().await;
    queue.begin("nothing");
    let wrong = pipeline_runner::conformance::jobs(&queue.jobs, &kind()).await;
    assert_eq!(wrong, Vec::<String>::new());
    let mut new = echo();
    let property = |name: &str, required: bool, secret: bool| {
        let mut property: ActionProperty = new.properties[0].clone();
        (property.name, property.required, property.secret, property.queryable) =
            (name.to_owned(), required, secret, true);
        property
    };
    let two = vec![property("A", true, false), property("B", true, false)];
    let optional = vec![property("A", false, false)];
    for (properties, says) in [
        (two, "Multiple queryable configuration properties found with names 'A, B'."),
        (optional, "Invalid queryable property 'A'."),
    ] {
        new.properties = properties;
        let error = queue.jobs.create_custom_action_type(&new).await.unwrap_err();
        assert!(error.to_string().contains(says), "{error}");
    }
    (new.properties, new.inputs) = (Vec::new(), (2, 1));
    let error = queue.jobs.create_custom_action_type(&new).await.unwrap_err();
    assert!(error.to_string().contains("Maximum Number of Artifacts (1)"), "{error}");
}
