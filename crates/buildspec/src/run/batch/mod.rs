//! Batch builds on this machine: the builds of a `batch`, in parallel, each in a copy of the source of its own.
//!
//! [`plan()`] tells which builds there are; [`Runner::run_batch`] runs them. A build begins when those that it depends on
//! have succeeded, or failed with `ignore-failure`; one that depends on a failure never begins (observed statuses of such
//! builds are not documented; here they have none and the batch fails).

mod plan;
mod result;
mod schedule;

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, RecvTimeoutError, SyncSender};
use std::thread;
use std::time::Duration;

use spec_report::Levels;

pub use plan::{Plan, Task, plan};
pub use result::{BatchGroup, BatchResult};
use schedule::Schedule;

use super::{BatchPlace, BuildResult, Cancel, Error, Event, Request, Runner, source};
use crate::build::BuildStatus;
use crate::model::Buildspec;

/// How often a wait looks at the flag.
const TICK: Duration = Duration::from_millis(20);
/// Events in flight; a full channel holds the builds back, so memory is bounded.
const IN_FLIGHT: usize = 64;

/// A batch to run here.
#[non_exhaustive]
#[derive(Clone, Debug)]
pub struct BatchRequest<'a> {
    /// What all builds have in common. Artifacts and copies of reports go to a subdirectory for each build.
    pub build: Request<'a>,
    /// Where the copies of the source are made. They are removed afterwards.
    pub work_dir: PathBuf,
    /// How many builds run at once.
    pub limit: NonZeroUsize,
}

impl<'a> BatchRequest<'a> {
    /// A batch of which so many builds run at once.
    #[must_use]
    pub fn new(build: Request<'a>, work_dir: impl Into<PathBuf>, limit: NonZeroUsize) -> Self {
        Self { build, work_dir: work_dir.into(), limit }
    }
}

/// Something that happened in a build of a batch.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq)]
pub struct BatchEvent {
    /// The build.
    pub identifier: String,
    /// What happened.
    pub event: Event,
}

enum Message {
    Event(usize, Event),
    Finished(usize, Box<Result<BuildResult, Error>>),
}

impl Runner {
    /// Runs the batch of a buildspec. Blocks until it is over.
    ///
    /// Giving up through `cancel`, and a failure with `fast-fail`, stop the builds that run and leave the others out.
    ///
    /// # Errors
    /// When the batch cannot be planned, a buildspec that it names cannot be read, or its directories cannot be made. What
    /// fails later is in the result.
    pub fn run_batch(
        &self,
        batch: &BatchRequest<'_>,
        cancel: &Cancel,
        events: &mut dyn FnMut(BatchEvent),
    ) -> Result<BatchResult, Error> {
        let plan = plan(batch.build.buildspec)?;
        let specs = buildspecs(&plan, &batch.build)?;
        let (uuid, started) = (self.ids().uuid(), self.clock().now());
        let id = format!("{}:{uuid}", batch.build.project);
        let region = batch.build.region.as_deref().unwrap_or("us-east-1");
        let arn = format!("arn:aws:codebuild:{region}:{}:build-batch/{id}", batch.build.account);
        let work = Work::create(batch.work_dir.join(format!("batch-{uuid}")))?;
        let mut groups: Vec<BatchGroup> = plan
            .tasks
            .iter()
            .map(|task| BatchGroup {
                identifier: task.identifier.clone(),
                depends_on: task.depend_on.clone(),
                ignore_failure: task.ignore_failure,
                build: None,
                refused: None,
            })
            .collect();
        let mut schedule = Schedule::new(&plan);
        // Set by a failure with `fast-fail` as well, which is nobody else's business.
        let stop = Cancel::new();
        thread::scope(|scope| {
            let (sender, receiver) = mpsc::sync_channel(IN_FLIGHT);
            while !schedule.is_over() {
                for index in schedule.begin(batch.limit.get()) {
                    let job = Job { runner: self, batch, task: &plan.tasks[index], arn: &arn, work: &work.0 };
                    let spec = plan.tasks[index].buildspec.as_ref().and_then(|path| specs.get(path));
                    let (sender, stop) = (sender.clone(), stop.clone());
                    scope.spawn(move || {
                        let result = job.run(index, spec, &stop, &sender);
                        // The batch listens until all have finished.
                        let _ = sender.send(Message::Finished(index, Box::new(result)));
                    });
                }
                match receiver.recv_timeout(TICK) {
                    Ok(Message::Event(index, event)) => {
                        events(BatchEvent { identifier: plan.tasks[index].identifier.clone(), event });
                    }
                    Ok(Message::Finished(index, result)) => {
                        let succeeded = match *result {
                            Ok(build) => {
                                let succeeded = build.status == BuildStatus::Succeeded;
                                groups[index].build = Some(build);
                                succeeded
                            }
                            Err(error) => {
                                groups[index].refused = Some(error.to_string());
                                false
                            }
                        };
                        if schedule.finished(index, succeeded) {
                            stop.cancel();
                        }
                    }
                    Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {}
                }
                if cancel.is_cancelled() && !stop.is_cancelled() {
                    stop.cancel();
                    schedule.stop();
                }
            }
        });
        let status = match (cancel.is_cancelled(), schedule.succeeds()) {
            (_, true) => BuildStatus::Succeeded,
            (true, false) => BuildStatus::Stopped,
            (false, false) => BuildStatus::Failed,
        };
        Ok(BatchResult {
            id,
            arn,
            project_name: batch.build.project.clone(),
            start_time: started,
            end_time: self.clock().now(),
            status,
            groups,
            dry_run: self.is_dry(),
        })
    }
}

/// The buildspecs that the plan names, read and checked before anything begins.
fn buildspecs(plan: &Plan, request: &Request<'_>) -> Result<BTreeMap<String, Buildspec>, Error> {
    let mut specs = BTreeMap::new();
    for task in &plan.tasks {
        let Some(name) = &task.buildspec else {
            if request.buildspec.phases.is_none() {
                let what =
                    format!("`{}` names no buildspec, and the one of the batch has no `phases`", task.identifier);
                return Err(Error::Batch { what });
            }
            continue;
        };
        if specs.contains_key(name) {
            continue;
        }
        let refused = |why: String| Error::Batch {
            what: format!("the buildspec `{}` of `{}` {why}", name.escape_debug(), task.identifier),
        };
        let inside = super::select::inside(name).map_err(|why| refused(format!("cannot be read: {why}")))?;
        let bytes = std::fs::read(request.source_dir.join(inside))
            .map_err(|error| refused(format!("cannot be read: {error}")))?;
        let parsed = crate::read_bytes(name, &bytes);
        let report = crate::check(&parsed, &Levels::default());
        let spec = parsed.value.filter(|_| !report.has_errors());
        specs.insert(name.clone(), spec.ok_or_else(|| refused("has errors: check it first".to_owned()))?);
    }
    Ok(specs)
}

/// One build of the batch.
#[derive(Clone, Copy)]
struct Job<'a> {
    runner: &'a Runner,
    batch: &'a BatchRequest<'a>,
    task: &'a Task,
    arn: &'a str,
    work: &'a Path,
}

impl Job<'_> {
    fn run(
        &self,
        index: usize,
        spec: Option<&Buildspec>,
        stop: &Cancel,
        sender: &SyncSender<Message>,
    ) -> Result<BuildResult, Error> {
        let build = &self.batch.build;
        let name = &self.task.identifier;
        let own = self.work.join(name);
        source::copy(&build.source_dir, &own, &[&self.batch.work_dir, &build.artifacts_dir])
            .map_err(|source| Error::WorkingDirectory { path: own.clone(), source })?;
        let mut request = build.clone();
        if let Some(spec) = spec {
            request.buildspec = spec;
        }
        request.source_dir = own;
        request.artifacts_dir = build.artifacts_dir.join(name);
        request.reports_dir = build.reports_dir.as_ref().map(|directory| directory.join(name));
        // They are of this build, so they win over the project's; those of whoever starts the batch win over both.
        request.project_env.extend(self.task.variables.iter().cloned());
        request.image = self.task.image.clone().or(request.image);
        request.build_id = None;
        request.batch = Some(BatchPlace { arn: self.arn.to_owned(), identifier: name.clone(), shard: self.task.shard });
        self.runner.run(&request, stop, &mut |event| {
            // The batch listens until all have finished.
            let _ = sender.send(Message::Event(index, event));
        })
    }
}

/// The directory of the copies; removed when dropped.
struct Work(PathBuf);

impl Work {
    fn create(path: PathBuf) -> Result<Self, Error> {
        let made = path.parent().map_or(Ok(()), std::fs::create_dir_all).and_then(|()| std::fs::create_dir(&path));
        match made {
            Ok(()) => Ok(Self(path)),
            Err(source) => Err(Error::WorkingDirectory { path, source }),
        }
    }
}

impl Drop for Work {
    fn drop(&mut self) {
        // A copy that cannot be removed harms nobody but the disk.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
