//! CodeBuild in memory (feature `memory`): a service, not a recording.
//!
//! Builds move through CodeBuild's phases as the clock goes on, along the plan of their project. What is asked at a
//! moment is computed from that moment alone, so nothing has to run in the background.

mod batches;
mod credentials;
mod plan;
mod projects;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use aws_call::{CallError, Clock, IdSource};

use super::{
    BatchGetBuilds, Build, BuildLogs, Builds, LogLine, LogPage, LogsLocation, Project, SourceCredentialsInfo,
    StartBuildBatchRequest, StartBuildRequest,
};
pub use batches::BatchPlan;
pub use plan::BuildPlan;
use plan::Run;

/// Most ids of one `BatchGetBuilds`.
const MOST_IDS: usize = 100;
/// How long a token is remembered.
const TOKEN_LIFETIME: Duration = Duration::from_secs(5 * 60);
/// Lines of one page of a log.
const PAGE: usize = 100;

/// CodeBuild in memory. Clones share the state.
#[derive(Clone, Debug)]
pub struct MemoryCodeBuild {
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdSource>,
    account: String,
    region: String,
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    projects: BTreeMap<String, Known>,
    builds: BTreeMap<String, Run>,
    tokens: BTreeMap<String, (SystemTime, StartBuildRequest, String)>,
    batches: BTreeMap<String, batches::Batch>,
    batch_tokens: BTreeMap<String, (SystemTime, StartBuildBatchRequest, String)>,
    credentials: Vec<SourceCredentialsInfo>,
}

/// A project, and what its builds do.
#[derive(Debug, Default)]
struct Known {
    project: Project,
    plan: BuildPlan,
    batch: BatchPlan,
    builds: i64,
}

impl MemoryCodeBuild {
    /// A service without projects, in account 123456789012 and region us-east-1.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>, ids: Arc<dyn IdSource>) -> Self {
        Self { clock, ids, account: "123456789012".to_owned(), region: "us-east-1".to_owned(), state: Arc::default() }
    }

    /// Sets account and region, which ARNs and error texts name.
    #[must_use]
    pub fn with_location(mut self, account: impl Into<String>, region: impl Into<String>) -> Self {
        self.account = account.into();
        self.region = region.into();
        self
    }

    /// Creates a project, or gives an existing one another plan. Builds that have started keep theirs.
    pub fn put_project(&self, name: impl Into<String>, plan: BuildPlan) {
        self.change(name.into(), |known| known.plan = plan);
    }

    /// As [`put_project`](Self::put_project), for what its batches do.
    pub fn put_batch(&self, name: impl Into<String>, plan: BatchPlan) {
        self.change(name.into(), |known| known.batch = plan);
    }

    fn change(&self, name: String, change: impl FnOnce(&mut Known)) {
        let arn = self.arn(&format!("project/{name}"));
        let mut state = self.lock();
        let known = state.projects.entry(name.clone()).or_default();
        (known.project.name, known.project.arn) = (name, Some(arn));
        change(known);
    }

    fn arn(&self, resource: &str) -> String {
        format!("arn:aws:codebuild:{}:{}:{resource}", self.region, self.account)
    }

    fn no_project(&self, operation: &'static str, name: &str) -> CallError {
        let message = format!("Project cannot be found: {}", self.arn(&format!("project/{name}")));
        CallError::service(operation, "ResourceNotFoundException", message)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // No code that can panic runs under the lock, so a poisoned state is still whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What the service refuses in requests of `StartBuild` and `StartBuildBatch`.
fn validate(operation: &'static str, request: &StartBuildRequest) -> Result<(), CallError> {
    let invalid = |message: &str| Err(CallError::service(operation, "InvalidInputException", message));
    if request.project_name.is_empty() {
        return invalid("Project name is required");
    }
    projects::minutes(operation, request.timeout_in_minutes_override, request.queued_timeout_in_minutes_override)?;
    projects::variables(operation, &request.environment_variables_override)
}

#[async_trait]
impl Builds for MemoryCodeBuild {
    async fn start_build(&self, request: &StartBuildRequest) -> Result<Build, CallError> {
        validate("StartBuild", request)?;
        let now = self.clock.now();
        let uuid = self.ids.uuid();
        let mut state = self.lock();
        state.tokens.retain(|_, (made, ..)| now.duration_since(*made).unwrap_or_default() < TOKEN_LIFETIME);
        if let Some(token) = &request.idempotency_token
            && let Some((_, earlier, id)) = state.tokens.get(token)
        {
            return match state.builds.get(id) {
                Some(run) if earlier == request => Ok(run.at(now)),
                _ => Err(CallError::service(
                    "StartBuild",
                    "InvalidInputException",
                    "The idempotency token was already used with other parameters",
                )),
            };
        }
        let Some(known) = state.projects.get_mut(&request.project_name) else {
            return Err(self.no_project("StartBuild", &request.project_name));
        };
        known.builds += 1;
        let id = format!("{}:{uuid}", request.project_name);
        let mut build = Build::new(id.clone(), self.arn(&format!("build/{id}")), request.project_name.clone());
        build.build_number = Some(known.builds);
        build.start_time = Some(now);
        build.source_version.clone_from(&request.source_version);
        build.logs = Some(LogsLocation::new(format!("/aws/codebuild/{}", request.project_name), uuid));
        let minutes = request.timeout_in_minutes_override.or(known.project.timeout_in_minutes).unwrap_or(60);
        let timeout = Duration::from_secs(60 * u64::try_from(minutes).unwrap_or_default());
        let run = Run::new(build, known.plan.clone(), now, timeout);
        let answer = run.at(now);
        state.builds.insert(id.clone(), run);
        if let Some(token) = &request.idempotency_token {
            state.tokens.insert(token.clone(), (now, request.clone(), id));
        }
        Ok(answer)
    }

    async fn batch_get_builds(&self, ids: &[String]) -> Result<BatchGetBuilds, CallError> {
        let invalid = |message| Err(CallError::service("BatchGetBuilds", "InvalidInputException", message));
        if ids.is_empty() {
            return invalid(
                "1 validation error detected: Value '[]' at 'ids' failed to satisfy constraint: Member must have length greater than or equal to 1",
            );
        }
        if ids.len() > MOST_IDS {
            return invalid(
                "1 validation error detected: Value at 'ids' failed to satisfy constraint: Member must have length less than or equal to 100",
            );
        }
        let now = self.clock.now();
        let state = self.lock();
        let mut answer = BatchGetBuilds::default();
        for id in ids {
            // An ARN is as good as an id.
            let short = id.rsplit_once(":build/").map_or(id.as_str(), |(_, short)| short);
            match state.builds.get(short) {
                Some(run) => answer.builds.push(run.at(now)),
                None => answer.builds_not_found.push(id.clone()),
            }
        }
        Ok(answer)
    }

    async fn stop_build(&self, id: &str) -> Result<Build, CallError> {
        let now = self.clock.now();
        let mut state = self.lock();
        match state.builds.get_mut(id) {
            Some(run) => {
                run.stop(now);
                Ok(run.at(now))
            }
            None => {
                let message = format!("Build cannot be found: {}", self.arn(&format!("build/{id}")));
                Err(CallError::service("StopBuild", "ResourceNotFoundException", message))
            }
        }
    }
}

#[async_trait]
impl BuildLogs for MemoryCodeBuild {
    async fn log_page(&self, logs: &LogsLocation, token: Option<&str>) -> Result<LogPage, CallError> {
        let now = self.clock.now();
        let state = self.lock();
        let run = state.builds.values().find(|run| run.at(now).logs.as_ref() == Some(logs));
        let Some(run) = run else {
            let message = "The specified log stream does not exist.";
            return Err(CallError::service("GetLogEvents", "ResourceNotFoundException", message));
        };
        let start = match token {
            None => 0,
            Some(token) => match token.strip_prefix("f/").and_then(|number| number.parse().ok()) {
                Some(start) => start,
                None => {
                    let message = "The specified nextToken is invalid.";
                    return Err(CallError::service("GetLogEvents", "InvalidParameterException", message));
                }
            },
        };
        let lines: Vec<LogLine> = run.log(now).into_iter().skip(start).take(PAGE).collect();
        let next = start + lines.len();
        Ok(LogPage::new(lines, Some(format!("f/{next}"))))
    }
}
