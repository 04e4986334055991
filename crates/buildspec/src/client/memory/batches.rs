//! Batches in memory: each build starts when those before it are over, as a graph says.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use aws_call::CallError;

use super::super::{BuildBatch, BuildBatches, BuildGroup, StartBuildBatchRequest};
use super::{MemoryCodeBuild, TOKEN_LIFETIME, validate};
use crate::build::BuildStatus;

/// Most builds of a batch; the documentation page "Quotas for AWS CodeBuild".
const MOST_BUILDS: usize = 100;
/// How long the service reads the buildspec.
const DOWNLOAD: Duration = Duration::from_secs(2);

/// What the batches of a project do: their builds, in any order.
#[derive(Clone, Debug, Default)]
pub struct BatchPlan {
    tasks: Vec<Task>,
    fast_fail: bool,
}

#[derive(Clone, Debug)]
struct Task {
    group: BuildGroup,
    takes: Duration,
    succeeds: bool,
}

impl BatchPlan {
    /// Adds a build that succeeds.
    #[must_use]
    pub fn with_build(mut self, group: BuildGroup, takes: Duration) -> Self {
        self.tasks.push(Task { group, takes, succeeds: true });
        self
    }

    /// Adds a build that fails.
    #[must_use]
    pub fn with_failing_build(mut self, group: BuildGroup, takes: Duration) -> Self {
        self.tasks.push(Task { group, takes, succeeds: false });
        self
    }

    /// Lets the first failure stop all that runs.
    #[must_use]
    pub const fn with_fast_fail(mut self) -> Self {
        self.fast_fail = true;
        self
    }

    /// What is wrong with the graph.
    fn fault(&self) -> Option<String> {
        if self.tasks.is_empty() {
            return Some("the buildspec has no `batch`".to_owned());
        }
        if self.tasks.len() > MOST_BUILDS {
            return Some(format!("a batch has at most {MOST_BUILDS} builds"));
        }
        let ends = self.ends(SystemTime::UNIX_EPOCH);
        let open = self.tasks.iter().find(|task| !ends.contains_key(task.group.identifier.as_str()))?;
        Some(format!("the build `{}` waits for one that never ends", open.group.identifier))
    }

    /// When each build begins, and when and how it ends, if nobody stops it. Builds that wait for each other are left out.
    fn ends(&self, begin: SystemTime) -> BTreeMap<&str, (SystemTime, SystemTime, BuildStatus)> {
        let mut ends: BTreeMap<&str, (SystemTime, SystemTime, BuildStatus)> = BTreeMap::new();
        for _ in 0..self.tasks.len() {
            for task in &self.tasks {
                let before: Option<Vec<_>> = task.group.depends_on.iter().map(|id| ends.get(id.as_str())).collect();
                let Some(before) = before else { continue };
                let start = before.iter().map(|(_, end, _)| *end).max().unwrap_or(begin);
                let blocked = before.iter().zip(&task.group.depends_on).any(|((.., status), id)| {
                    let ignored =
                        self.tasks.iter().any(|task| task.group.identifier == *id && task.group.ignore_failure);
                    *status != BuildStatus::Succeeded && !ignored
                });
                let (end, status) = match (blocked, task.succeeds) {
                    (true, _) => (start, BuildStatus::Stopped),
                    (false, true) => (start + task.takes, BuildStatus::Succeeded),
                    (false, false) => (start + task.takes, BuildStatus::Failed),
                };
                ends.insert(&task.group.identifier, (start, end, status));
            }
        }
        ends
    }
}

/// One batch.
#[derive(Debug)]
pub(super) struct Batch {
    batch: BuildBatch,
    plan: BatchPlan,
    started: SystemTime,
    stopped: Option<SystemTime>,
}

impl Batch {
    /// The batch as it is at `now`.
    fn at(&self, now: SystemTime) -> BuildBatch {
        let mut batch = self.batch.clone();
        let begin = self.started + DOWNLOAD;
        if self.plan.fault().is_some() {
            return if now < begin {
                phase(batch, "DOWNLOAD_BATCHSPEC")
            } else {
                over(batch, begin, BuildStatus::Failed)
            };
        }
        let ends = self.plan.ends(begin);
        let failure = |task: &&Task| !task.group.ignore_failure;
        let failures = self.plan.tasks.iter().filter(failure).filter_map(|task| {
            let (_, end, status) = ends.get(task.group.identifier.as_str())?;
            (*status == BuildStatus::Failed).then_some(*end)
        });
        let failed = failures.min();
        // Nothing starts or ends after this moment.
        let cut = [self.stopped, failed.filter(|_| self.plan.fast_fail)].into_iter().flatten().min();
        let mut last = begin;
        for task in &self.plan.tasks {
            let mut group = task.group.clone();
            if let Some((start, end, status)) = ends.get(task.group.identifier.as_str()) {
                let arn = format!("{}:{}", batch.arn, group.identifier);
                let cut_off = cut.filter(|cut| *cut < *end);
                let over = cut_off.unwrap_or(*end);
                last = last.max(over);
                if *start <= now && cut.is_none_or(|cut| *start <= cut) {
                    group.build_arn = Some(arn);
                    group.build_status = Some(match cut_off {
                        _ if now < over => BuildStatus::InProgress,
                        Some(_) => BuildStatus::Stopped,
                        None => status.clone(),
                    });
                }
            }
            batch.build_groups.push(group);
        }
        let last = cut.map_or(last, |cut| last.min(cut.max(self.started)));
        if now < begin && cut.is_none_or(|cut| now < cut) {
            batch.build_groups.clear();
            return phase(batch, "DOWNLOAD_BATCHSPEC");
        }
        if now < last {
            return phase(batch, "IN_PROGRESS");
        }
        let status = match (self.stopped, failed) {
            (Some(stopped), _) if stopped <= last => BuildStatus::Stopped,
            (_, Some(_)) => BuildStatus::Failed,
            _ => BuildStatus::Succeeded,
        };
        over(batch, last, status)
    }
}

fn phase(mut batch: BuildBatch, word: &str) -> BuildBatch {
    batch.current_phase = Some(word.to_owned());
    batch
}

fn over(mut batch: BuildBatch, at: SystemTime, status: BuildStatus) -> BuildBatch {
    batch.complete = true;
    batch.end_time = Some(at);
    batch.current_phase = Some(status.as_str().to_owned());
    batch.build_batch_status = status;
    batch
}

#[async_trait]
impl BuildBatches for MemoryCodeBuild {
    async fn start_build_batch(&self, request: &StartBuildBatchRequest) -> Result<BuildBatch, CallError> {
        const OPERATION: &str = "StartBuildBatch";
        if let Some(name) = request.unsupported() {
            let message = format!("a batch has no `{name}`; set it in the project or in the buildspec");
            return Err(CallError::service(OPERATION, "InvalidInputException", message));
        }
        validate(OPERATION, &request.build)?;
        let now = self.clock.now();
        let mut state = self.lock();
        state.batch_tokens.retain(|_, (made, ..)| now.duration_since(*made).unwrap_or_default() < TOKEN_LIFETIME);
        if let Some(token) = &request.build.idempotency_token
            && let Some((_, earlier, id)) = state.batch_tokens.get(token)
        {
            return match state.batches.get(id) {
                Some(batch) if earlier == request => Ok(batch.at(now)),
                _ => Err(CallError::service(
                    OPERATION,
                    "InvalidInputException",
                    "The idempotency token was already used with other parameters",
                )),
            };
        }
        let Some(known) = state.projects.get(&request.build.project_name) else {
            return Err(self.no_project(OPERATION, &request.build.project_name));
        };
        let id = format!("{}:{}", request.build.project_name, self.ids.uuid());
        let arn = self.arn(&format!("build-batch/{id}"));
        let mut batch = BuildBatch::new(id.clone(), arn, request.build.project_name.clone());
        batch.start_time = Some(now);
        batch.resolved_source_version.clone_from(&request.build.source_version);
        let batch = Batch { batch, plan: known.batch.clone(), started: now, stopped: None };
        let answer = batch.at(now);
        state.batches.insert(id.clone(), batch);
        if let Some(token) = &request.build.idempotency_token {
            state.batch_tokens.insert(token.clone(), (now, request.clone(), id));
        }
        Ok(answer)
    }

    async fn batch_get_build_batches(&self, ids: &[String]) -> Result<Vec<BuildBatch>, CallError> {
        let now = self.clock.now();
        let state = self.lock();
        Ok(ids.iter().filter_map(|id| state.batches.get(id)).map(|batch| batch.at(now)).collect())
    }

    async fn stop_build_batch(&self, id: &str) -> Result<BuildBatch, CallError> {
        let now = self.clock.now();
        let mut state = self.lock();
        let Some(batch) = state.batches.get_mut(id) else {
            let message = format!("Build batch cannot be found: {}", self.arn(&format!("build-batch/{id}")));
            return Err(CallError::service("StopBuildBatch", "ResourceNotFoundException", message));
        };
        if batch.stopped.is_none() && !batch.at(now).complete {
            batch.stopped = Some(now);
        }
        Ok(batch.at(now))
    }
}
