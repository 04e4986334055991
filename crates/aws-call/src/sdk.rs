//! From the SDK's errors to [`CallError`] (feature `sdk`).
//!
//! Generic over the services: it needs the SDK's shared runtime crates and no service crate. What the SDK prints with
//! `Debug`, and with its `DisplayErrorContext`, holds the whole response; nothing here does.

use std::{error::Error, iter, time::Duration};

use aws_smithy_runtime_api::{
    client::{
        orchestrator::HttpResponse,
        result::{ConnectorError, SdkError},
    },
    http::Headers,
};
use aws_smithy_types::{error::metadata::ProvideErrorMetadata, retry::ErrorKind};

use crate::fault::{CallError, Fault};

/// Where services put the request's id; the first one found counts.
const REQUEST_ID_HEADERS: [&str; 3] = ["x-amzn-requestid", "x-amzn-request-id", "x-amz-request-id"];

/// The SDK's own words for the layers of an error: they say where it happened inside the SDK, not what happened.
const LAYERS: [&str; 10] = [
    "dispatch failure",
    "failed to construct request",
    "io error",
    "other",
    "request has timed out",
    "response error",
    "service error",
    "timeout",
    "unhandled error",
    "user error",
];

impl CallError {
    /// Takes over what an error of the SDK says about `operation`: code, message, request id, HTTP status and the time
    /// to wait, or what kept the request from being sent. The SDK's error stays reachable as the
    /// [source](std::error::Error::source).
    #[must_use]
    pub fn from_sdk<E>(operation: &'static str, error: SdkError<E, HttpResponse>) -> Self
    where
        E: ProvideErrorMetadata + Error + Send + Sync + 'static,
    {
        let mut call = match &error {
            SdkError::ServiceError(service) => of_service(operation, service.err()),
            SdkError::TimeoutError(_) => local(operation, Fault::Timeout, &error),
            SdkError::DispatchFailure(failure) => {
                local(operation, failure.as_connector_error().map_or(Fault::Other, dispatch_fault), &error)
            }
            SdkError::ConstructionFailure(_) => {
                let fault = if is_about_credentials(&error) { Fault::Credentials } else { Fault::InvalidRequest };
                local(operation, fault, &error)
            }
            // An answer that could not be read: its status is the best there is, and a success that cannot be read is
            // no success.
            _ => local(operation, Fault::Other, &error),
        };
        if let Some(response) = error.raw_response() {
            call = of_response(call, response);
        }
        if matches!(error, SdkError::ServiceError(_)) || call.fault() == Fault::Other {
            call = call.classified();
        }
        // With a bad status, why the body could not be read either is beside the point.
        let success = call.http_status().is_some_and(|status| status < 300);
        if success && call.message().is_none() {
            call = call.with_message(format!("the answer could not be read: {}", said(&error)));
        }
        call.with_source(error)
    }
}

fn of_service<E: ProvideErrorMetadata>(operation: &'static str, error: &E) -> CallError {
    let mut call = CallError::new(operation, Fault::Other).with_message(error.message().unwrap_or_default());
    if let Some(code) = error.code().filter(|code| !code.is_empty()) {
        call = call.with_code(code);
    }
    call
}

fn of_response(mut call: CallError, response: &HttpResponse) -> CallError {
    let headers = response.headers();
    if let Some(id) = REQUEST_ID_HEADERS.iter().find_map(|name| headers.get(name)) {
        call = call.with_request_id(id);
    }
    if let Some(delay) = retry_after(headers) {
        call = call.with_retry_after(delay);
    }
    call.with_http_status(response.status().as_u16())
}

/// AWS's own header counts milliseconds, HTTP's seconds; HTTP's other form, a date, would need a clock and is not used by
/// AWS.
fn retry_after(headers: &Headers) -> Option<Duration> {
    let number = |name| headers.get(name).and_then(|text| text.trim().parse::<u64>().ok());
    number("x-amz-retry-after").map(Duration::from_millis).or_else(|| number("retry-after").map(Duration::from_secs))
}

fn dispatch_fault(error: &ConnectorError) -> Fault {
    if is_about_credentials(error) {
        Fault::Credentials
    } else if error.is_timeout() {
        Fault::Timeout
    } else if error.is_io() || error.as_other() == Some(ErrorKind::TransientError) {
        // The second: a connection that the other side closed before it answered.
        Fault::Connection
    } else if error.is_user() || mentions(error, &["invalid configuration"]) {
        Fault::InvalidRequest
    } else {
        Fault::Other
    }
}

/// The SDK resolves credentials while it sends; their failure comes as a dispatch failure of no particular kind, and the
/// error's type belongs to a crate that need not be in the tree.
fn is_about_credentials(error: &(dyn Error + 'static)) -> bool {
    mentions(error, &["credential", "identity", "sso token", "sso session"])
}

fn mentions(error: &(dyn Error + 'static), words: &[&str]) -> bool {
    chain(error).any(|text| {
        let text = text.to_ascii_lowercase();
        words.iter().any(|word| text.contains(word))
    })
}

/// An error that arose on this side.
fn local(operation: &'static str, fault: Fault, error: &(dyn Error + 'static)) -> CallError {
    CallError::new(operation, fault).with_message(said(error))
}

/// What the errors of the chain say that is not about the SDK's layers, each once.
fn said(error: &(dyn Error + 'static)) -> String {
    let mut said: Vec<String> = Vec::new();
    for text in chain(error) {
        if !LAYERS.contains(&text.as_str()) && !said.iter().any(|earlier| earlier.contains(&text)) {
            said.push(text);
        }
    }
    said.join(": ")
}

fn chain<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = String> + 'a {
    iter::successors(Some(error), |&error| error.source()).map(ToString::to_string)
}
