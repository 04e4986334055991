//! Answers that are errors. The body is JSON by the specification; of ECR's expired tokens and of proxies it is plain text.

use std::time::Duration;

use aws_call::{CallError, codes};
use http::{HeaderMap, StatusCode, header};
use serde::Deserialize;

/// How much of an error's words is kept.
const SHOWN: usize = 600;

#[derive(Deserialize)]
struct Errors {
    #[serde(default)]
    errors: Vec<OneError>,
}

#[derive(Deserialize)]
struct OneError {
    #[serde(default)]
    code: String,
    #[serde(default)]
    message: String,
    #[serde(default)]
    detail: serde_json::Value,
}

/// The error that an answer stands for.
pub(super) fn refused(operation: &'static str, status: StatusCode, headers: &HeaderMap, body: &[u8]) -> CallError {
    let (code, message) = words(status, body);
    let error = match code {
        Some(code) => CallError::service(operation, code, message),
        None => CallError::new(operation, codes::fault_of_status(status.as_u16())).with_message(message),
    };
    let mut error = error.with_http_status(status.as_u16()).classified();
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(seconds) = text(header::RETRY_AFTER.as_str()).and_then(|text| text.trim().parse().ok()) {
        error = error.with_retry_after(Duration::from_secs(seconds));
    }
    if let Some(id) = text("x-amzn-requestid").or_else(|| text("x-request-id")) {
        error = error.with_request_id(cut(id));
    }
    error
}

fn words(status: StatusCode, body: &[u8]) -> (Option<String>, String) {
    let parsed = serde_json::from_slice::<Errors>(body).ok();
    if let Some(first) = parsed.as_ref().and_then(|parsed| parsed.errors.first()) {
        let mut message = first.message.clone();
        // Where the digest of a missing layer stands.
        if !first.detail.is_null() && first.detail != serde_json::json!({}) {
            message = format!("{message} ({})", first.detail);
        }
        return (Some(cut(&first.code)).filter(|code| !code.is_empty()), cut(&message));
    }
    let text = String::from_utf8_lossy(body);
    let text = text.trim();
    let message = if text.is_empty() || text.starts_with('<') { format!("HTTP status {status}") } else { cut(text) };
    // ECR says so in JSON; a registry that does not means the same.
    let code = (status == StatusCode::RANGE_NOT_SATISFIABLE).then(|| "BLOB_UPLOAD_INVALID".to_owned());
    (code, message)
}

fn cut(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(SHOWN).collect()
}

/// Whether a refusal is about a token that has ended, which a new one mends.
pub(super) fn is_expired(error: &CallError) -> bool {
    let told = error.message().is_some_and(|text| {
        let text = text.to_ascii_lowercase();
        text.contains("token") && text.contains("expired")
    });
    error.http_status() == Some(401) || (error.http_status() == Some(403) && told)
}

#[cfg(test)]
mod tests {
    use aws_call::Fault;

    use super::*;

    #[test]
    fn answers_of_registries() {
        let expired = "Your authorization token has expired. Reauthenticate and try again.";
        for (status, body, code, fault, words) in [
            (
                404,
                r#"{"errors":[{"code":"NAME_UNKNOWN","message":"The repository with name 'x' does not exist"}]}"#,
                Some("NAME_UNKNOWN"),
                Fault::NotFound,
                "does not exist",
            ),
            (
                400,
                r#"{"errors":[{"code":"MANIFEST_BLOB_UNKNOWN","message":"blob unknown","detail":"sha256:1"}]}"#,
                Some("MANIFEST_BLOB_UNKNOWN"),
                Fault::NotFound,
                "sha256:1",
            ),
            (403, expired, None, Fault::AccessDenied, expired),
            (
                429,
                r#"{"errors":[{"code":"TOOMANYREQUESTS","message":"Rate exceeded"}]}"#,
                Some("TOOMANYREQUESTS"),
                Fault::Throttled,
                "Rate",
            ),
            (503, "<html>busy</html>", None, Fault::Unavailable, "HTTP status 503"),
            (500, r#"{"errors":[{"code":"UNKNOWN","message":"x"}]}"#, Some("UNKNOWN"), Fault::Unavailable, "x"),
            (416, "", Some("BLOB_UPLOAD_INVALID"), Fault::InvalidRequest, "416"),
            (418, r#"{"errors":[]}"#, None, Fault::InvalidRequest, "errors"),
        ] {
            let status = StatusCode::from_u16(status).unwrap();
            let error = refused("PUT blob", status, &HeaderMap::new(), body.as_bytes());
            assert_eq!((error.code(), error.fault()), (code, fault), "{body}");
            assert!(error.to_string().contains(words), "{error}");
            assert_eq!(is_expired(&error), body == expired);
        }
        let mut headers = HeaderMap::new();
        headers.insert("retry-after", "7".parse().unwrap());
        headers.insert("x-amzn-requestid", "5f8a".parse().unwrap());
        let error = refused("PUT blob", StatusCode::TOO_MANY_REQUESTS, &headers, &[b'x'; 10_000]);
        assert_eq!((error.retry_after(), error.request_id()), (Some(Duration::from_secs(7)), Some("5f8a")));
        assert!(error.to_string().len() < 1000);
    }
}
