//! The page at `/`: one document, a description of what there is to draw, and a door for changes that needs the token.

mod document;
mod view;

use std::io;
use std::sync::Arc;

use aws_call::serve::{AwsJsonService as _, Refusal, Request, Response, full, read_body};
use hyper::header::{
    ALLOW, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
    X_FRAME_OPTIONS,
};
use hyper::{Method, StatusCode};
use serde_json::{Value as Json, json};

use super::api::{Api, STEERING};
use super::logs::Logs;
use super::{Inner, guard, now, wire};
use crate::core::State;

/// Where everything but the document is.
pub(super) const BELOW: &str = "/page/";

/// The header that carries the token: one that a page of somebody else cannot send.
const TOKEN: &str = "x-longshore-token";

/// The largest request of the page: an approval with its summary, or a start with its variables.
const REQUEST: usize = 128 << 10;

/// Pipelines in the list.
const LISTED: usize = 500;

/// Answers the page.
pub(super) async fn answer(inner: &Arc<Inner>, request: Request) -> io::Result<Response> {
    match (request.method(), request.uri().path()) {
        (&Method::GET, "/") => respond(StatusCode::OK, "text/html; charset=utf-8", document::html().to_owned()),
        (&Method::GET, "/page/view") => {
            let query = Query::read(request.uri().query().unwrap_or_default());
            json_of(StatusCode::OK, &look(inner, &query).await)
        }
        (&Method::POST, "/page/act") => act(inner, request).await,
        (_, "/" | "/page/view" | "/page/act") => {
            let mut response =
                refuse(StatusCode::METHOD_NOT_ALLOWED, "MethodNotAllowed", "there is no such method here")?;
            response.headers_mut().insert(ALLOW, hyper::header::HeaderValue::from_static("GET, POST"));
            Ok(response)
        }
        _ => refuse(StatusCode::NOT_FOUND, "NotFound", "there is nothing here: the page is at /"),
    }
}

/// What the page asks to see.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Query {
    /// The number of the change that it shows already.
    seen: Option<u64>,
    pipeline: Option<String>,
    execution: Option<String>,
    /// The action run whose log is open, and how many of its lines are there.
    run: Option<String>,
    from: usize,
}

impl Query {
    /// Names and ids have no characters that would have to be escaped; what is no such thing names nothing.
    fn read(text: &str) -> Self {
        let mut query = Self::default();
        for (key, value) in text.split('&').filter_map(|pair| pair.split_once('=')) {
            let given = Some(value.replace("%40", "@")).filter(|value| !value.is_empty());
            match key {
                "seen" => query.seen = value.parse().ok(),
                "pipeline" => query.pipeline = given,
                "execution" => query.execution = given,
                "run" => query.run = given,
                "from" => query.from = value.parse().unwrap_or(0),
                _ => {}
            }
        }
        query
    }
}

/// Waits for news and tells them.
async fn look(inner: &Inner, query: &Query) -> Json {
    let revision = inner.board.other_than(query.seen).await;
    let names = inner.host.names().await.unwrap_or_default();
    let mut lines = Vec::new();
    for name in names.iter().take(LISTED) {
        lines.extend(inner.host.read(name, view::line).await.ok());
    }
    let wanted = query.pipeline.as_ref().filter(|name| names.contains(name)).or(names.first());
    let (mut shown, mut log) = (None, None);
    if let Some(name) = wanted {
        let (board, query) = (Arc::clone(&inner.board), query.clone());
        let read = inner.host.read(name, move |state| shown_of(state, &query, &board.logs()));
        (shown, log) = read.await.map_or((None, None), |(shown, log)| (Some(shown), log));
    }
    json!({
        "revision": revision,
        "now": wire::stamp(now(&*inner.clock)),
        "pipelines": lines,
        "more": names.len().saturating_sub(LISTED),
        "pipeline": shown,
        "log": log,
    })
}

/// A pipeline and the log that is open, without secrets.
fn shown_of(state: &State, query: &Query, logs: &Logs) -> (Json, Option<Json>) {
    let secrets = view::secrets(state);
    let mut shown = view::pipeline(state, query.execution.as_deref(), logs);
    view::hide(&mut shown, &secrets);
    let run = query.run.as_ref().filter(|run| view::has_run(state, run));
    let log = run.map(|run| {
        let excerpt = logs.read(run, query.from);
        let mut log = json!({ "run": run, "skipped": excerpt.skipped, "lines": excerpt.lines, "next": excerpt.next });
        view::hide(&mut log, &secrets);
        log
    });
    (shown, log)
}

/// Does what somebody who has the token asks for: an operation of the API that steers executions.
async fn act(inner: &Arc<Inner>, request: Request) -> io::Result<Response> {
    if !guard::only(request.headers(), TOKEN).is_some_and(|given| inner.token.is(given)) {
        let message = "this needs the token that was printed when the endpoint began";
        return refuse(StatusCode::UNAUTHORIZED, "TokenMissing", message);
    }
    // A form of somebody else's page can send text, not this.
    if guard::only(request.headers(), CONTENT_TYPE.as_str()) != Some("application/json") {
        return refuse(StatusCode::UNSUPPORTED_MEDIA_TYPE, "UnsupportedMediaType", "the request is application/json");
    }
    let body = match read_body(request, REQUEST).await {
        Ok(body) => body,
        Err(error) if error.kind() == io::ErrorKind::FileTooLarge => {
            return refuse(StatusCode::PAYLOAD_TOO_LARGE, "PayloadTooLarge", &error.to_string());
        }
        Err(error) => return refuse(StatusCode::BAD_REQUEST, "BadRequest", &error.to_string()),
    };
    let asked: Json = match serde_json::from_slice(&body) {
        Ok(asked) => asked,
        Err(error) => return refuse(StatusCode::BAD_REQUEST, "BadRequest", &error.to_string()),
    };
    let operation = asked.get("operation").and_then(Json::as_str).unwrap_or_default();
    if !STEERING.contains(&operation) {
        return refuse(StatusCode::BAD_REQUEST, "UnknownOperationException", "the page does not do that");
    }
    let input = asked.get("input").cloned().unwrap_or_default();
    match Api(Arc::clone(inner)).call(operation, input).await {
        Ok(answer) => json_of(StatusCode::OK, &answer),
        Err(refusal) => {
            let Refused { code, message } = Refused::from(refusal);
            refuse(StatusCode::CONFLICT, &code, &message)
        }
    }
}

/// The words of a refusal.
struct Refused {
    code: String,
    message: String,
}

impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Self {
        Self { code: refusal.code().to_owned(), message: refusal.message().to_owned() }
    }
}

fn refuse(status: StatusCode, code: &str, message: &str) -> io::Result<Response> {
    json_of(status, &json!({ "code": code, "message": message }))
}

fn json_of(status: StatusCode, body: &Json) -> io::Result<Response> {
    respond(status, "application/json", body.to_string())
}

/// An answer that no other page can read, keep, or show in a frame.
fn respond(status: StatusCode, kind: &'static str, body: String) -> io::Result<Response> {
    hyper::Response::builder()
        .status(status)
        .header(CONTENT_TYPE, kind)
        .header(CACHE_CONTROL, "no-store")
        .header(CONTENT_SECURITY_POLICY, document::policy())
        .header(REFERRER_POLICY, "no-referrer")
        .header(X_CONTENT_TYPE_OPTIONS, "nosniff")
        .header(X_FRAME_OPTIONS, "DENY")
        .header("cross-origin-opener-policy", "same-origin")
        .header("cross-origin-resource-policy", "same-origin")
        .body(full(body))
        .map_err(io::Error::other)
}
