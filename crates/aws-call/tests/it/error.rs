//! `CallError`: what it says, what it keeps to itself, and what it advises.

use std::{error::Error, fmt, time::Duration};

use aws_call::{CallError, Fault, Retry};

/// An error whose `Debug` tells too much, as the SDK's does.
struct Leaky;

impl fmt::Debug for Leaky {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("body: not-for-logs")
    }
}

impl fmt::Display for Leaky {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("connection reset by peer")
    }
}

impl Error for Leaky {}

#[test]
fn display_says_what_is_known() {
    let plain = || CallError::new("PutImage", Fault::Connection);
    for (error, expected) in [
        (plain(), "PutImage failed: the service could not be reached"),
        (plain().with_message("no route to host"), "PutImage failed: no route to host"),
        (plain().with_message(""), "PutImage failed: the service could not be reached"),
        (plain().with_code("Oops"), "PutImage failed: Oops"),
        (plain().with_code("a.b#Oops").with_message("why"), "PutImage failed: Oops: why"),
        (plain().with_request_id("r-1"), "PutImage failed: the service could not be reached (request id r-1)"),
        (CallError::unsupported("PutImage"), "PutImage failed: this client does not offer the operation"),
        (plain().with_source(Leaky), "PutImage failed: the service could not be reached"),
    ] {
        assert_eq!(error.to_string(), expected);
    }
}

#[test]
fn debug_shows_texts_not_structures() {
    let error = CallError::new("PutImage", Fault::Connection).with_source(Leaky);
    for shown in [format!("{error:?}"), format!("{error:#?}")] {
        assert!(!shown.contains("not-for-logs"), "{shown}");
        assert!(shown.contains("connection reset by peer"), "{shown}");
    }
}

#[test]
fn source_can_be_downcast() {
    let error = CallError::new("PutImage", Fault::Connection).with_source(Leaky);
    assert!(error.source().is_some_and(|source| source.is::<Leaky>()));
    assert!(CallError::new("PutImage", Fault::Other).source().is_none());
}

#[test]
fn keeps_every_detail() {
    let error = CallError::service("StartBuild", "ThrottlingException", "Rate exceeded")
        .with_http_status(400)
        .with_retry_after(Duration::from_secs(3));
    assert_eq!(error.operation(), "StartBuild");
    assert_eq!((error.code(), error.message()), (Some("ThrottlingException"), Some("Rate exceeded")));
    assert_eq!((error.http_status(), error.retry_after()), (Some(400), Some(Duration::from_secs(3))));
    assert_eq!(error.request_id(), None);
}

#[test]
fn setting_a_detail_does_not_change_the_fault() {
    let error = CallError::new("PutImage", Fault::Timeout).with_code("AccessDeniedException").with_http_status(404);
    assert_eq!(error.fault(), Fault::Timeout);
    assert_eq!(error.classified().fault(), Fault::AccessDenied);
}

#[test]
fn retry_follows_fault_and_hint() {
    let target_group = "The target group with targetGroupArn … does not have an associated load balancer.";
    for (error, expected) in [
        (CallError::new("X", Fault::Connection), Retry::Yes),
        (CallError::new("X", Fault::Unavailable), Retry::Yes),
        (CallError::new("X", Fault::Conflict), Retry::No),
        (CallError::service("X", "InvalidParameterException", target_group), Retry::Bounded),
        (CallError::service("X", "InvalidParameterException", "no such family"), Retry::No),
        (CallError::service("X", "LimitExceededException", ""), Retry::No),
        (CallError::service("X", "TOOMANYREQUESTS", ""), Retry::Yes),
        // A hint does not overrule what is known of the transport.
        (CallError::new("X", Fault::Timeout).with_code("AccessDeniedException"), Retry::Yes),
    ] {
        assert_eq!(error.retry(), expected, "{error}");
        assert_eq!(error.is_retryable(), expected == Retry::Yes, "{error}");
    }
}

#[test]
fn crosses_threads() {
    fn assert_send_sync<T: Send + Sync + 'static>() {}
    assert_send_sync::<CallError>();
    let boxed: Box<dyn Error + Send + Sync> = CallError::unsupported("PutImage").into();
    assert!(boxed.downcast_ref::<CallError>().is_some());
}
