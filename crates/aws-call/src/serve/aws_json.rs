//! The protocol `awsJson1.1`: one path, the operation in `X-Amz-Target`, JSON both ways.
//!
//! Source: the protocol's specification in the Smithy documentation ("AWS JSON 1.1 protocol").

use std::io;

use async_trait::async_trait;
use hyper::{Method, StatusCode, header};
use serde_json::{Value, json};

use super::{HttpService, Request, Response, full, read_body};
use crate::{CallError, Fault};

/// The largest request: a layer part of 20 MiB in base64, and the JSON around it.
const BODY_LIMIT: usize = 32 << 20;

/// One service that speaks `awsJson1.1`.
#[async_trait]
pub trait AwsJsonService: Send + Sync + 'static {
    /// What stands before the dot of `X-Amz-Target`: `AmazonEC2ContainerServiceV20141113`, `CodePipeline_20150709`.
    fn target_prefix(&self) -> &'static str;

    /// Answers one operation.
    ///
    /// # Errors
    /// What the service would refuse; see [`Refusal::unknown_operation`] for an operation it does not have.
    async fn call(&self, operation: &str, input: Value) -> Result<Value, Refusal>;
}

/// The error answer of a service: a code, a message, and the members its shape has beside them.
#[derive(Debug, Clone, PartialEq)]
pub struct Refusal {
    status: u16,
    code: String,
    message: String,
    members: Vec<(String, Value)>,
}

impl Refusal {
    /// A refusal of the caller's doing (HTTP 400).
    #[must_use]
    pub fn new(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self { status: 400, code: code.into(), message: message.into(), members: Vec::new() }
    }

    /// The service has no such operation.
    #[must_use]
    pub fn unknown_operation(operation: &str) -> Self {
        Self::new(
            "UnknownOperationException",
            format!("the operation {operation} is not offered by this service in memory"),
        )
    }

    /// The input is not what the operation takes.
    #[must_use]
    pub fn serialization(message: impl Into<String>) -> Self {
        Self::new("SerializationException", message)
    }

    /// With another HTTP status.
    #[must_use]
    pub fn with_status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    /// Its code: the exception's name.
    #[must_use]
    pub fn code(&self) -> &str {
        &self.code
    }

    /// What it says.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// With a member of the error's shape, such as `lastValidByteReceived`.
    #[must_use]
    pub fn with_member(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.members.push((name.into(), value.into()));
        self
    }
}

/// What a client trait answered is what the wire says.
impl From<&CallError> for Refusal {
    fn from(error: &CallError) -> Self {
        let (code, status) = match error.fault() {
            Fault::Throttled => ("ThrottlingException", 400),
            Fault::Unavailable | Fault::Timeout | Fault::Connection => ("ServerException", 500),
            Fault::Unsupported => ("UnknownOperationException", 400),
            _ => ("ClientException", 400),
        };
        let message = error.message().map_or_else(|| error.fault().to_string(), str::to_owned);
        Self::new(error.code().unwrap_or(code), message).with_status(error.http_status().unwrap_or(status))
    }
}

/// Serves an [`AwsJsonService`] over HTTP. Signatures are not looked at.
#[derive(Debug, Clone)]
pub struct AwsJson<S>(S);

impl<S: AwsJsonService> AwsJson<S> {
    /// Serves this service.
    #[must_use]
    pub fn new(service: S) -> Self {
        Self(service)
    }

    async fn outcome(&self, request: Request) -> Result<Value, Refusal> {
        if request.method() != Method::POST {
            return Err(Refusal::new("UnknownOperationException", "awsJson1.1 takes POST only").with_status(405));
        }
        let target = request.headers().get("x-amz-target").and_then(|value| value.to_str().ok()).unwrap_or_default();
        let operation = match target.split_once('.') {
            Some((prefix, operation)) if prefix == self.0.target_prefix() => operation.to_owned(),
            _ => {
                let prefix = self.0.target_prefix();
                let message = format!("the header X-Amz-Target is {target:?}, not {prefix}.OPERATION");
                return Err(Refusal::new("UnknownOperationException", message));
            }
        };
        let body = match read_body(request, BODY_LIMIT).await {
            Ok(body) => body,
            Err(error) if error.kind() == io::ErrorKind::FileTooLarge => {
                return Err(Refusal::new("RequestEntityTooLargeException", error.to_string()).with_status(413));
            }
            Err(error) => return Err(Refusal::serialization(format!("the request broke off: {error}"))),
        };
        let input = match body.as_ref() {
            [] => json!({}),
            text => serde_json::from_slice(text).map_err(|error| Refusal::serialization(error.to_string()))?,
        };
        self.0.call(&operation, input).await
    }
}

#[async_trait]
impl<S: AwsJsonService> HttpService for AwsJson<S> {
    async fn answer(&self, request: Request) -> io::Result<Response> {
        let (status, body) = match self.outcome(request).await {
            Ok(output) => (200, output),
            Err(Refusal { status, code, message, members }) => {
                let own = [("__type".to_owned(), code.into()), ("message".to_owned(), message.into())];
                (status, members.into_iter().chain(own).collect())
            }
        };
        hyper::Response::builder()
            .status(StatusCode::from_u16(status).map_err(io::Error::other)?)
            .header(header::CONTENT_TYPE, "application/x-amz-json-1.1")
            .body(full(body.to_string()))
            .map_err(io::Error::other)
    }
}
