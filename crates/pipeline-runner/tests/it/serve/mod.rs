//! The endpoint over HTTP: the API, the page, and who may use them. That other people's programs understand the answers is
//! tested in `sdk-tests`, and that people can use the page, in `tests/chromium`.

mod api;
mod declarations;
mod page;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use aws_call::serve::Server;
use aws_call::{ManualClock, SequenceIds};
use pipeline_model::model::{Action, ActionTypeId, Pipeline, Stage};
use pipeline_runner::core::{StageStatus, State};
use pipeline_runner::host::Host;
use pipeline_runner::serve::Endpoint;
use pipeline_runner::{ActionJob, ActionOutcome, ActionProvider, Elsewhere, JobContext};
use serde_json::{Value as Json, json};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::shell::{act, world};

/// When every test begins.
const BEGIN: u64 = 1_700_000_000;

/// A source whose declaration holds a secret, and a rule that does not hold.
#[derive(Debug)]
struct GitHub;

#[async_trait]
impl ActionProvider for GitHub {
    fn action_types(&self) -> Vec<ActionTypeId> {
        vec![
            ActionTypeId::new("Source", "ThirdParty", "GitHub", "1"),
            ActionTypeId::new("Rule", "AWS", "VariableCheck", "1"),
        ]
    }

    async fn run(&self, job: ActionJob, cx: &JobContext) -> ActionOutcome {
        if job.action_type.provider == "VariableCheck" {
            return ActionOutcome::failed("the variable has another value");
        }
        cx.log("fetching \u{1b}[32mmain\u{1b}[0m");
        cx.log("<script>alert(1)</script>");
        cx.log(&format!("logged in with {}", job.config("OAuthToken").unwrap_or_default()));
        match job.config("OAuthToken") {
            Some("obviously-false") => ActionOutcome::succeeded()
                .with_revision("c0ffee")
                .with_variable("CommitId", "c0ffee")
                .with_summary("with obviously-false"),
            other => {
                ActionOutcome::failed(format!("cannot log in with {} characters", other.unwrap_or_default().len()))
            }
        }
    }
}

/// An endpoint and what it is the endpoint of.
struct Served {
    host: Host,
    endpoint: Endpoint,
    server: Server,
    clock: ManualClock,
    _space: TempDir,
}

fn approval(name: &str) -> Action {
    Action::new(name, ActionTypeId::new("Approval", "AWS", "Manual", "1"))
}

/// Source, an approval, and an action that does as it is told.
fn shop(last: &str) -> Pipeline {
    let mut pipeline = Pipeline::new("shop", "arn:aws:iam::123456789012:role/shop");
    pipeline.artifact_store = Some(pipeline_model::model::ArtifactStore::s3("shop-artifacts"));
    pipeline.stages = vec![
        Stage::new("Source").with_action(
            Action::new("Checkout", ActionTypeId::new("Source", "ThirdParty", "GitHub", "1"))
                .with_config("Owner", "o")
                .with_config("Repo", "r")
                .with_config("Branch", "main")
                .with_config("OAuthToken", "obviously-false")
                .with_output("Src")
                .with_namespace("Git"),
        ),
        Stage::new("Gate").with_action(approval("Release").with_config("CustomData", "Release #{Git.CommitId}?")),
        Stage::new("Ship").with_action(act("Deploy", "Deploy", last)),
    ];
    pipeline.stages[0].actions[0].hide_secrets();
    pipeline
}

async fn served(pipelines: impl IntoIterator<Item = Pipeline>) -> Served {
    let space = tempfile::tempdir().unwrap();
    let clock = ManualClock::at_epoch_secs(BEGIN);
    let mut world = world(space.path(), Arc::default());
    world.clock = Arc::new(clock.clone());
    world.approver = Arc::new(Elsewhere);
    world.providers = world.providers.with(GitHub);
    let host = Host::new(world);
    for pipeline in pipelines {
        host.put(pipeline).await.unwrap();
    }
    let endpoint = Endpoint::new(host.clone(), Arc::new(clock.clone()), Arc::new(SequenceIds::new(7)));
    let server = endpoint.serve(0).await.unwrap();
    Served { host, endpoint, server, clock, _space: space }
}

/// Status, head and body of an answer.
struct Answer(u16, String, String);

impl Served {
    /// One request; `HOST` in a header's value stands for the server's address.
    async fn http(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let host = self.server.address().to_string();
        let mut request = format!("{method} {path} HTTP/1.1\r\nconnection: close\r\n");
        let length = body.len().to_string();
        let own = [("host", "HOST"), ("content-length", length.as_str())];
        let own = own.iter().filter(|(name, _)| !headers.iter().any(|(given, _)| given == name));
        for (name, value) in own.chain(headers) {
            request.push_str(&format!("{name}: {}\r\n", value.replace("HOST", &host)));
        }
        let mut stream = TcpStream::connect(self.server.address()).await.unwrap();
        stream.write_all(format!("{request}\r\n{body}").as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        Answer(head[9..12].parse().unwrap(), head.to_owned(), body.to_owned())
    }

    /// One operation: its answer, or code and message of its refusal.
    async fn api(&self, operation: &str, input: Json) -> Result<Json, (String, String)> {
        let target = format!("CodePipeline_20150709.{operation}");
        let Answer(status, _, body) = self.http("POST", "/", &[("x-amz-target", &target)], &input.to_string()).await;
        let answer: Json = serde_json::from_str(&body).unwrap();
        let text = |key: &str| answer[key].as_str().unwrap_or_default().to_owned();
        if status == 200 { Ok(answer) } else { Err((text("__type"), text("message"))) }
    }

    async fn ask(&self, operation: &str, input: Json) -> Json {
        self.api(operation, input).await.unwrap_or_else(|refusal| panic!("{operation}: {refusal:?}"))
    }

    async fn start(&self) -> String {
        let started = self.ask("StartPipelineExecution", json!({ "name": "shop" })).await;
        started["pipelineExecutionId"].as_str().unwrap().to_owned()
    }

    /// Waits until a pipeline is so.
    async fn until(&self, so: impl Fn(&State) -> bool + Clone + Send + 'static) {
        let mut notices = self.host.subscribe();
        while !self.host.read("shop", so.clone()).await.unwrap() {
            notices.recv().await.unwrap();
        }
    }

    /// Waits until the last execution is in a stage, with this status there.
    async fn until_in(&self, stage: &'static str, status: StageStatus) {
        self.until(move |state| {
            let run = state.executions.last().and_then(|execution| execution.stages.last());
            run.is_some_and(|run| run.name == stage && run.status == status)
        })
        .await;
    }

    /// Waits for the approval, and gives its token.
    async fn token(&self) -> String {
        self.until_in("Gate", StageStatus::InProgress).await;
        let state = self.ask("GetPipelineState", json!({ "name": "shop" })).await;
        state["stageStates"][1]["actionStates"][0]["latestExecution"]["token"].as_str().unwrap().to_owned()
    }

    async fn approve(&self, token: &str, status: &str) -> Result<Json, (String, String)> {
        let input = json!({
            "pipelineName": "shop", "stageName": "Gate", "actionName": "Release", "token": token,
            "result": { "status": status, "summary": "looks good" },
        });
        self.api("PutApprovalResult", input).await
    }

    fn later(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }
}
