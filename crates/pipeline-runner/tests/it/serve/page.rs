//! The page: what it is told, what it may change, and what another page may not.

use pipeline_runner::core::{ActionStatus, StageStatus};
use serde_json::{Value as Json, json};

use super::{Answer, Served, served, shop};

async fn view(served: &Served, query: &str) -> Json {
    let Answer(status, _, body) = served.http("GET", &format!("/page/view?{query}"), &[], "").await;
    assert_eq!(status, 200, "{body}");
    serde_json::from_str(&body).unwrap()
}

fn approval(token: &str) -> String {
    let input = json!({
        "pipelineName": "shop", "stageName": "Gate", "actionName": "Release", "token": token,
        "result": { "status": "Approved", "summary": "seen on the page" },
    });
    json!({ "operation": "PutApprovalResult", "input": input }).to_string()
}

#[tokio::test]
async fn the_document_brings_everything_and_may_do_little() {
    let served = served([shop("lie")]).await;
    let Answer(status, head, body) = served.http("GET", "/", &[], "").await;
    assert_eq!(status, 200);
    for header in [
        "content-type: text/html; charset=utf-8",
        "cache-control: no-store",
        "x-frame-options: DENY",
        "referrer-policy: no-referrer",
        "x-content-type-options: nosniff",
        "cross-origin-resource-policy: same-origin",
        "content-security-policy: default-src 'none'; script-src 'sha256-",
    ] {
        assert!(head.contains(header), "{header} is not in {head}");
    }
    assert!(!head.contains("access-control") && !head.contains("unsafe-inline"), "{head}");
    assert!(body.starts_with("<!doctype html>") && !body.contains(served.endpoint.token().expose()));
    let url = served.endpoint.page_url(&served.server);
    assert_eq!(url, format!("{}/#token={}", served.server.url(), served.endpoint.token().expose()));
    for (method, path, status) in
        [("GET", "/nothing", 404), ("POST", "/page/view", 405), ("GET", "/page/act", 405), ("PUT", "/", 405)]
    {
        assert_eq!(served.http(method, path, &[], "").await.0, status, "{method} {path}");
    }
}

#[tokio::test]
async fn the_view_shows_what_runs_what_waits_and_what_was_printed_but_no_secret() {
    let served = served([shop("lie")]).await;
    let id = served.start().await;
    let token = served.token().await;
    let shown = view(&served, "").await;
    assert_eq!(shown["pipelines"][0]["approvals"], 1);
    let stages = shown["pipeline"]["stages"].as_array().unwrap();
    assert_eq!(
        (&stages[0]["passage"]["status"], &stages[0]["passage"]["execution"]),
        (&json!("Succeeded"), &json!(id))
    );
    assert!(stages[2]["passage"].is_null());
    let gate = &stages[1]["actions"][0]["run"];
    assert_eq!(gate["approval"], json!({ "about": "Release c0ffee?", "link": null, "summaryRequired": false }));
    assert_eq!(gate["id"], json!(token));
    let checkout = &stages[0]["actions"][0]["run"];
    assert_eq!((&checkout["lines"], &checkout["summary"]), (&json!(3), &json!("with ***")));
    let run = checkout["id"].as_str().unwrap();
    let log = view(&served, &format!("run={run}&from=1")).await["log"].take();
    assert_eq!(
        log,
        json!({ "run": run, "skipped": 1, "next": 3, "lines": ["<script>alert(1)</script>", "logged in with ***"] })
    );
    assert!(!shown.to_string().contains("obviously-false"));
    // An execution that is not the latest one can be looked at.
    let other = view(&served, &format!("pipeline=shop&execution={id}")).await;
    assert_eq!(other["pipeline"]["selected"], json!(id));
    assert!(view(&served, "pipeline=nope&execution=nope&run=nope").await["pipeline"]["selected"].is_null());
}

#[tokio::test]
async fn whoever_looks_on_hears_of_changes() {
    let served = served([shop("lie")]).await;
    served.host.transition("shop", "Source", Some("stay".to_owned())).await.unwrap();
    let seen = view(&served, "").await["revision"].as_u64().unwrap();
    let (shown, _) = tokio::join!(async { view(&served, &format!("seen={seen}")).await }, served.start());
    assert!(shown["revision"].as_u64().unwrap() > seen);
    assert_eq!(shown["pipelines"][0]["running"], 1);
}

#[tokio::test]
async fn a_link_of_an_approval_is_one_of_the_web_or_none() {
    for (link, shown) in
        [("https://example.com/x", json!("https://example.com/x")), ("javascript:alert(1)", Json::Null)]
    {
        let mut pipeline = shop("lie");
        let gate = pipeline.stages[1].actions.remove(0);
        pipeline.stages[1].actions.push(gate.with_config("ExternalEntityLink", link));
        let served = served([pipeline]).await;
        served.start().await;
        served.token().await;
        let view = view(&served, "").await;
        assert_eq!(view["pipeline"]["stages"][1]["actions"][0]["run"]["approval"]["link"], shown);
    }
}

#[tokio::test]
async fn changes_need_the_token() {
    let served = served([shop("lie")]).await;
    served.start().await;
    let asked = served.token().await;
    let token = served.endpoint.token().expose().to_owned();
    let kind = ("content-type", "application/json");
    let almost = format!("{}x", &token[..31]);
    for (headers, body, status) in [
        (vec![kind], approval(&asked), 401),
        (vec![kind, ("x-longshore-token", "")], approval(&asked), 401),
        (vec![kind, ("x-longshore-token", &almost)], approval(&asked), 401),
        (vec![kind, ("x-longshore-token", &token), ("x-longshore-token", &token)], approval(&asked), 401),
        (vec![("content-type", "text/plain"), ("x-longshore-token", &token)], approval(&asked), 415),
        (vec![kind, ("x-longshore-token", &token)], "{".to_owned(), 400),
        (
            vec![kind, ("x-longshore-token", &token)],
            json!({ "operation": "DeletePipeline", "input": { "name": "shop" } }).to_string(),
            400,
        ),
        (vec![kind, ("x-longshore-token", &token)], "x".repeat(200 << 10), 413),
        (vec![kind, ("x-longshore-token", &token)], approval("11111111-1111-4111-8111-111111111111"), 409),
    ] {
        let Answer(got, _, said) = served.http("POST", "/page/act", &headers, &body).await;
        assert_eq!(got, status, "{said}");
        assert!(!said.contains(&token));
    }
    let waits = served.host.read("shop", |state| state.executions[0].stages[1].actions[0].status).await.unwrap();
    assert_eq!(waits, ActionStatus::InProgress);
    let own =
        [kind, ("x-longshore-token", token.as_str()), ("origin", "http://HOST"), ("sec-fetch-site", "same-origin")];
    let Answer(status, _, said) = served.http("POST", "/page/act", &own, &approval(&asked)).await;
    assert_eq!(status, 200, "{said}");
    served.until_in("Ship", StageStatus::Succeeded).await;
}

#[tokio::test]
async fn other_pages_and_names_that_were_bent_to_this_machine_are_turned_away() {
    let served = served([shop("lie")]).await;
    served.start().await;
    let asked = served.token().await;
    let token = served.endpoint.token().expose().to_owned();
    for (header, status) in [
        (("origin", "https://evil.example"), 403),
        (("origin", "null"), 403),
        (("sec-fetch-site", "cross-site"), 403),
        (("host", "evil.example"), 421),
    ] {
        let headers = [("content-type", "application/json"), ("x-longshore-token", token.as_str()), header];
        for (method, path) in [("POST", "/page/act"), ("GET", "/page/view"), ("OPTIONS", "/page/act"), ("POST", "/")] {
            let Answer(got, head, _) = served.http(method, path, &headers, &approval(&asked)).await;
            assert_eq!(got, status, "{method} {path} {header:?}");
            assert!(!head.contains("access-control"), "{head}");
        }
    }
    // A request that says nothing about its length, or too much, is no request of the API.
    let target = ("x-amz-target", "CodePipeline_20150709.ListPipelines");
    assert_eq!(served.http("POST", "/", &[target, ("content-length", "99999999")], "").await.0, 413);
    let waits = served.host.read("shop", |state| state.executions[0].stages[1].actions[0].status).await.unwrap();
    assert_eq!(waits, ActionStatus::InProgress);
}
