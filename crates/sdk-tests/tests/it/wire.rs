//! What goes over the wire: responses as AWS's JSON services send them, HTTP clients that answer them or fail, and a
//! service that keeps what it was asked.
//!
//! Bodies of responses are streams, as those from a network are: an interceptor that reads one too early gets nothing.

use std::{
    collections::VecDeque,
    fmt,
    sync::{Arc, Mutex},
    time::{Duration, SystemTime},
};

use aws_call::{CallError, Fault};
use aws_smithy_runtime_api::{
    client::{
        http::{HttpConnector, HttpConnectorFuture, SharedHttpClient, SharedHttpConnector, http_client_fn},
        orchestrator::{HttpRequest, HttpResponse},
        result::ConnectorError,
    },
    http::StatusCode,
};
use aws_smithy_types::body::SdkBody;
use serde_json::{Value as Json, json};

/// The id that every response of this module carries.
pub(crate) const REQUEST_ID: &str = "0f1e2d3c-1111-4222-8333-444455556666";

/// A response with this status and body.
pub(crate) fn response(status: u16, body: impl Into<SdkBody>) -> HttpResponse {
    let body = SdkBody::from_body_1_x(body.into());
    let mut response = HttpResponse::new(StatusCode::try_from(status).unwrap(), body);
    response.headers_mut().insert("x-amzn-requestid", REQUEST_ID);
    response
}

/// An error of a JSON service.
pub(crate) fn error(status: u16, code: &str, message: &str) -> HttpResponse {
    response(status, json!({ "__type": code, "message": message }).to_string())
}

/// A success with this body.
#[allow(clippy::needless_pass_by_value, reason = "what `json!` makes is given away")]
pub(crate) fn ok(body: Json) -> HttpResponse {
    response(200, body.to_string())
}

/// What stands in front of a service and cannot reach it. The SDK tries again.
pub(crate) fn unavailable() -> HttpResponse {
    response(503, "<html>Service Unavailable</html>")
}

/// The time that the wire writes as this number.
pub(crate) fn at(seconds: f64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs_f64(seconds)
}

/// Everything that an error of a service says, but for its fault, which it returns.
#[track_caller]
pub(crate) fn refused(error: &CallError, operation: &str, code: &str, message: &str) -> Fault {
    assert_eq!(error.operation(), operation);
    assert_eq!((error.code(), error.message()), (Some(code), Some(message)));
    assert_eq!((error.http_status(), error.request_id()), (Some(400), Some(REQUEST_ID)));
    error.fault()
}

/// What one attempt of a call sent.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Asked {
    /// `x-amz-target`: service, version and operation.
    pub(crate) target: String,
    /// The body.
    pub(crate) body: Json,
    /// Of the signature, which covers the body.
    pub(crate) authorization: String,
}

impl Asked {
    /// Reads a request, and asserts what holds for all requests of all services.
    fn of(request: &HttpRequest) -> Self {
        let header = |name: &str| {
            let values: Vec<&str> = request.headers().get_all(name).collect();
            assert_eq!(values.len(), 1, "{name}: {values:?}");
            values[0].to_owned()
        };
        let body = request.body().bytes().expect("requests are not streamed");
        assert_eq!(request.method(), "POST");
        assert!(request.uri().starts_with("https://"), "{}", request.uri());
        assert!(request.uri().ends_with(".us-east-1.amazonaws.com/"), "{}", request.uri());
        assert_eq!(header("content-type"), "application/x-amz-json-1.1");
        assert_eq!(header("content-length"), body.len().to_string());
        let authorization = header("authorization");
        assert!(
            authorization.starts_with("AWS4-HMAC-SHA256 Credential=ANOTREAL/20090213/us-east-1/"),
            "{authorization}"
        );
        Self { target: header("x-amz-target"), body: serde_json::from_slice(body).unwrap(), authorization }
    }
}

/// A service that gives its answers one after the other and keeps what it was asked.
#[derive(Clone)]
pub(crate) struct Service {
    answers: Arc<Mutex<VecDeque<HttpResponse>>>,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Service {
    /// A service with these answers. One request more is a panic.
    pub(crate) fn answering(answers: impl IntoIterator<Item = HttpResponse>) -> Self {
        Self { answers: Arc::new(Mutex::new(answers.into_iter().collect())), asked: Arc::default() }
    }

    /// The network with this service at its other end.
    pub(crate) fn http(&self) -> SharedHttpClient {
        let service = self.clone();
        http(move |request| {
            service.asked.lock().unwrap().push(Asked::of(&request));
            Ok(service.answers.lock().unwrap().pop_front().expect("no more requests than answers"))
        })
    }

    /// Every attempt so far. Asserts that all answers were given.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        assert_eq!(self.answers.lock().unwrap().len(), 0, "answers were left over");
        self.asked.lock().unwrap().clone()
    }

    /// Asserts that this was the one request.
    #[track_caller]
    #[allow(clippy::needless_pass_by_value, reason = "what `json!` makes is given away")]
    pub(crate) fn was_asked(&self, target: &str, body: Json) {
        let asked = self.asked();
        assert_eq!(asked.len(), 1, "{asked:?}");
        assert_eq!((asked[0].target.as_str(), &asked[0].body), (target, &body));
    }

    /// Asserts that this was asked, once without and once with success, in the same words.
    #[track_caller]
    #[allow(clippy::needless_pass_by_value, reason = "what `json!` makes is given away")]
    pub(crate) fn was_asked_twice(&self, target: &str, body: Json) {
        let asked = self.asked();
        assert_eq!(asked.len(), 2, "{asked:?}");
        assert_eq!(asked[0], asked[1]);
        assert_eq!((asked[1].target.as_str(), &asked[1].body), (target, &body));
    }
}

/// A client of HTTP that answers every request with what `answer` returns.
pub(crate) fn http(
    answer: impl Fn(HttpRequest) -> Result<HttpResponse, ConnectorError> + Send + Sync + 'static,
) -> SharedHttpClient {
    connector(Answers(Box::new(answer)))
}

/// A client of HTTP that never gets an answer.
pub(crate) fn silence() -> SharedHttpClient {
    connector(Silence)
}

fn connector(connector: impl HttpConnector + 'static) -> SharedHttpClient {
    let connector = Arc::new(SharedHttpConnector::new(connector));
    http_client_fn(move |_, _| (*connector).clone())
}

struct Answers(Box<dyn Fn(HttpRequest) -> Result<HttpResponse, ConnectorError> + Send + Sync>);

impl fmt::Debug for Answers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Answers")
    }
}

impl HttpConnector for Answers {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        HttpConnectorFuture::ready((self.0)(request))
    }
}

#[derive(Debug)]
struct Silence;

impl HttpConnector for Silence {
    fn call(&self, _: HttpRequest) -> HttpConnectorFuture {
        HttpConnectorFuture::new(std::future::pending())
    }
}
