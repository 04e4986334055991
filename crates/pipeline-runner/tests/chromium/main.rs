//! The endpoint's page in a headless Chromium: what people see and do, and what pages of other people cannot.
//!
//!     cargo test -p pipeline-runner --features serve --test chromium
#![allow(clippy::unwrap_used, reason = "a test that meets a surprise should stop there")]

mod browser;

use std::io;
use std::sync::Arc;

use async_trait::async_trait;
use aws_call::serve::{HttpService, Request, Response, Server, full};
use aws_call::{MapEnv, SystemClock, SystemIds};
use pipeline_model::model::{Action, ActionTypeId, Pipeline, Stage, VariableDeclaration};
use pipeline_runner::artifact::MemoryStore;
use pipeline_runner::core::{ActionStatus, ExecutionStatus};
use pipeline_runner::serve::Endpoint;
use pipeline_runner::{
    ActionJob, ActionOutcome, ActionProvider, Elsewhere, Host, JobContext, Providers, Silent, World,
};
use serde_json::json;
use tempfile::TempDir;

use browser::{Browser, Page};

/// A source that prints, and deployments that fail unless a variable says otherwise.
#[derive(Debug)]
struct Scripted;

#[async_trait]
impl ActionProvider for Scripted {
    fn action_types(&self) -> Vec<ActionTypeId> {
        vec![
            ActionTypeId::new("Source", "ThirdParty", "GitHub", "1"),
            ActionTypeId::new("Deploy", "Custom", "Scripted", "1"),
        ]
    }

    async fn run(&self, job: ActionJob, cx: &JobContext) -> ActionOutcome {
        cx.log(&format!("{} begins", job.action));
        cx.log("\u{1b}[32mgreen\u{1b}[0m <script>document.title = 'taken over'</script><img src=x onerror=alert(1)>");
        match job.config("Works") {
            None => ActionOutcome::succeeded()
                .with_revision("c0ffee00c0ffee")
                .with_summary("w".repeat(300))
                .with_external_id("a-very-long-id/".repeat(20)),
            Some("yes") => ActionOutcome::succeeded().with_summary("shipped"),
            Some(_) => ActionOutcome::failed("the lorry broke down on <b>Elm Street</b>"),
        }
    }
}

fn pipeline() -> Pipeline {
    let mut pipeline = Pipeline::new("shop", "arn:aws:iam::123456789012:role/shop");
    *pipeline.variables = vec![VariableDeclaration::with_default("Works", "yes")];
    let source = Action::new("Checkout", ActionTypeId::new("Source", "ThirdParty", "GitHub", "1"));
    let gate = Action::new("Release", ActionTypeId::new("Approval", "AWS", "Manual", "1"));
    let deploy = Action::new("Lorry", ActionTypeId::new("Deploy", "Custom", "Scripted", "1"));
    pipeline.stages = vec![
        Stage::new("Source").with_action(source.with_config("OAuthToken", "obviously-false")),
        Stage::new("Gate").with_action(gate.with_config("CustomData", "Ship <i>it</i> with #{variables.Works}?")),
        Stage::new("Ship").with_action(deploy.with_config("Works", "#{variables.Works}")),
    ];
    pipeline.stages[0].actions[0].hide_secrets();
    pipeline
}

struct Served {
    host: Host,
    endpoint: Endpoint,
    server: Server,
    _space: TempDir,
}

async fn served() -> Served {
    let space = tempfile::tempdir().unwrap();
    let world = World {
        providers: Providers::new().with(Scripted),
        artifacts: Arc::new(MemoryStore::new()),
        approver: Arc::new(Elsewhere),
        observer: Arc::new(Silent),
        clock: Arc::new(SystemClock),
        ids: Arc::new(SystemIds),
        env: Arc::new(MapEnv::default()),
        workspace: space.path().join("work"),
    };
    let host = Host::new(world);
    host.put(pipeline()).await.unwrap();
    let endpoint = Endpoint::new(host.clone(), Arc::new(SystemClock), Arc::new(SystemIds));
    let server = endpoint.serve(0).await.unwrap();
    Served { host, endpoint, server, _space: space }
}

impl Served {
    async fn start(&self) -> String {
        self.host.start("shop", pipeline_runner::core::Start::manual("test")).await.unwrap()
    }

    async fn waits(&self) -> bool {
        let status = self.host.read("shop", |state| {
            state.executions.last().and_then(|execution| Some(execution.stages.get(1)?.actions.first()?.status))
        });
        status.await.unwrap() == Some(ActionStatus::InProgress)
    }

    /// What the page sends when somebody approves, as an expression that gives the promise of its answer.
    async fn approval(&self, headers: &str) -> String {
        let token = self.host.read("shop", |state| state.executions.last().unwrap().stages[1].actions[0].id.clone());
        let input = json!({
            "pipelineName": "shop", "stageName": "Gate", "actionName": "Release", "token": token.await.unwrap(),
            "result": { "status": "Approved", "summary": "from elsewhere" },
        });
        let body = json!({ "operation": "PutApprovalResult", "input": input }).to_string();
        format!(
            "fetch('{}/page/act', {{ method: 'POST', headers: {headers}, body: {} }})",
            self.server.url(),
            json!(body)
        )
    }
}

/// Whatever is drawn can be used without seeing it, shows no secret, and broke no rule of its policy.
#[track_caller]
fn is_sound(page: &mut Page<'_>, token: &str) {
    let nameless = "[...document.querySelectorAll('button, input, textarea, summary, [role=img]')].filter((e) => \
         !(e.textContent.trim() || e.getAttribute('aria-label') || (e.labels && e.labels.length))).length";
    assert_eq!(page.eval(nameless), json!(0));
    let html = page.eval("document.documentElement.outerHTML").as_str().unwrap().to_owned();
    assert!(!html.contains("obviously-false") && !html.contains(token));
    assert_eq!(page.eval("window.forbidden"), json!([]));
    assert_eq!(page.eval("document.images.length + document.scripts.length"), json!(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_with_the_token_starts_approves_and_retries() {
    let served = served().await;
    let token = served.endpoint.token().expose().to_owned();
    let mut browser = Browser::start(&[]);
    let mut page = browser.open(&served.endpoint.page_url(&served.server));
    page.shows("It has never run.");
    // The address no longer tells the token to whoever looks over a shoulder.
    assert_eq!(page.eval("location.hash.includes('token')"), json!(false));

    page.click("summary.button");
    page.eval("document.querySelector('form[data-form=start] input').value = 'no'");
    page.click("form[data-form=start] button");
    page.shows("Ship <i>it</i> with no?");
    page.until("document.querySelector('[aria-label=\"Stage Gate\"] .badge').textContent.includes('Needs approval')");
    page.until("document.title.startsWith('(1) shop')");
    is_sound(&mut page, &token);

    page.click("[aria-label='Log of Checkout']");
    page.shows("Checkout begins\ngreen <script>document.title = 'taken over'</script><img src=x onerror=alert(1)>");
    assert_ne!(page.eval("document.title"), json!("taken over"));

    // What somebody is writing survives that the page is drawn again.
    page.eval(
        "document.querySelector('.ask textarea').focus(); document.querySelector('.ask textarea').value = 'tested'",
    );
    served.host.transition("shop", "Source", Some("freeze".to_owned())).await.unwrap();
    served.start().await;
    page.shows("Nothing may enter: freeze");
    page.eval("document.querySelector('.ask button.yes').click()");
    page.shows("the lorry broke down on <b>Elm Street</b>");
    let summary =
        served.host.read("shop", |state| state.executions[0].stages[1].actions[0].summary.clone()).await.unwrap();
    assert!(summary.is_some_and(|summary| summary.contains("tested")));

    page.click("[aria-label='Stage Ship'] footer button.main");
    page.shows("retried 1 ×");
    page.until("document.querySelector('.past li:last-child').textContent.includes('attempt 2')");
    page.click("[aria-label='Stage Source'] footer button");
    page.shows("Ship <i>it</i> with yes?");
    page.click(".ask button.yes");
    page.shows("shipped");
    let ended =
        served.host.read("shop", |state| state.executions.iter().map(|execution| execution.status).collect::<Vec<_>>());
    assert_eq!(ended.await.unwrap(), [ExecutionStatus::Failed, ExecutionStatus::Succeeded]);
    is_sound(&mut page, &token);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_token_everything_is_seen_and_nothing_done() {
    let served = served().await;
    served.start().await;
    let mut browser = Browser::start(&[]);
    let mut page = browser.open(&format!("{}/", served.server.url()));
    page.shows("Ship <i>it</i> with yes?");
    page.shows("Unlock the page with its token to answer.");
    assert_eq!(page.eval("document.querySelectorAll('.ask button, footer, .do button').length"), json!(0));
    for headers in [
        "{ 'content-type': 'application/json' }",
        "{ 'content-type': 'application/json', 'x-longshore-token': '00000000000000000000000000000000' }",
    ] {
        let asked = served.approval(headers).await;
        assert_eq!(page.eval(&format!("{asked}.then((answer) => answer.status)")), json!(401));
    }
    // A wrong token unlocks nothing that works.
    page.eval("document.getElementById('token').value = 'wrong'");
    page.click("#unlock button");
    page.click(".ask button.yes");
    page.shows("That is not the token of this endpoint");
    page.shows("Unlock the page with its token to answer.");
    assert!(served.waits().await);
    // The right one, typed, does.
    page.eval(&format!("document.getElementById('token').value = '{}'", served.endpoint.token().expose()));
    page.click("#unlock button");
    page.click(".ask button.no");
    page.shows("Rejected");
    assert!(!served.waits().await);
}

/// A page of somebody else.
struct Foreign;

#[async_trait]
impl HttpService for Foreign {
    async fn answer(&self, _: Request) -> io::Result<Response> {
        let mut response = Response::new(full("<!doctype html><title>elsewhere</title><body>elsewhere</body>"));
        response.headers_mut().insert("content-type", hyper::header::HeaderValue::from_static("text/html"));
        Ok(response)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_somebody_else_can_do_nothing_even_with_the_token() {
    let served = served().await;
    served.start().await;
    let token = served.endpoint.token().expose().to_owned();
    let foreign = Server::start(Arc::new(Foreign)).await.unwrap();
    let (own, port) = (served.server.url(), served.server.address().port());
    let mut browser = Browser::start(&["rebound.example", "elsewhere.example"]);
    // The same machine on another port, and a name of somebody else's.
    for url in [foreign.url(), format!("http://elsewhere.example:{}", foreign.address().port())] {
        let mut page = browser.open(&url);
        let with_token = format!("{{ 'content-type': 'application/json', 'x-longshore-token': '{token}' }}");
        for headers in [with_token.as_str(), "{ 'content-type': 'text/plain' }"] {
            let asked = served.approval(headers).await;
            let told = page.eval(&format!("{asked}.then((answer) => String(answer.status), (error) => error.name)"));
            assert_eq!(told, json!("TypeError"), "{headers}");
        }
        // A request that needs no permission of ours is turned away by its headers.
        let blind = format!(
            "fetch('{own}/page/act', {{ method: 'POST', mode: 'no-cors', body: '{{}}' }}).then((a) => a.type, (e) => e.name)"
        );
        let told = page.eval(&blind);
        assert!(told == json!("opaque") || told == json!("TypeError"), "{told}");
        for read in ["/page/view", "/"] {
            let told = page.eval(&format!("fetch('{own}{read}').then((answer) => 'read', (error) => error.name)"));
            assert_eq!(told, json!("TypeError"), "{read}");
        }
        let api = format!(
            "fetch('{own}/', {{ method: 'POST', headers: {{ 'x-amz-target': 'CodePipeline_20150709.DeletePipeline' }}, \
             body: '{{\"name\":\"shop\"}}' }}).then((answer) => 'sent', (error) => error.name)"
        );
        assert_eq!(page.eval(&api), json!("TypeError"));
        // In a frame there is nothing of it to click on.
        page.eval(&format!(
            "new Promise((done) => {{ const f = document.createElement('iframe'); f.onload = () => done(true); \
             f.src = '{own}/#token={token}'; document.body.append(f); }})"
        ));
        let framed = page.eval("(() => { try { return Boolean(document.querySelector('iframe').contentDocument); } catch { return false; } })()");
        assert_eq!(framed, json!(false));
    }
    // A name that was bent to this machine is not ours.
    let mut page = browser.open(&format!("http://rebound.example:{port}/"));
    page.shows("this endpoint answers to 127.0.0.1, [::1] and localhost only");
    assert!(served.waits().await);
    assert_eq!(served.host.names().await.unwrap(), ["shop"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_readable_on_a_narrow_screen() {
    let served = served().await;
    served.start().await;
    let mut browser = Browser::start(&[]);
    let mut page = browser.open(&served.endpoint.page_url(&served.server));
    page.shows("Ship <i>it</i> with yes?");
    for width in [320, 768, 1440] {
        let params = json!({ "width": width, "height": 800, "deviceScaleFactor": 1, "mobile": width < 500 });
        page.call("Emulation.setDeviceMetricsOverride", &params);
        page.until(&format!("innerWidth === {width} && document.documentElement.scrollWidth <= {width}"));
        let outside = "[...document.querySelectorAll('main *')].filter((e) => e.checkVisibility() && \
             e.getBoundingClientRect().right > innerWidth + 1).length";
        assert_eq!(page.eval(outside), json!(0), "{width}");
    }
}
