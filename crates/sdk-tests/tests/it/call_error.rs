//! `CallError::from_sdk`: every way a call can fail, from the wire to the class, and nothing of the response in between.

use std::{error::Error as _, io, time::Duration};

use aws_call::{CallError, Fault, Retry};
use aws_credential_types::provider::{ProvideCredentials, error::CredentialsError, future};
use aws_sdk_ecr::{
    Client,
    config::{BehaviorVersion, Config, Credentials, Region, retry::RetryConfig, timeout::TimeoutConfig},
    error::SdkError,
    operation::describe_repositories::DescribeRepositoriesError,
};
use aws_smithy_mocks::{RuleMode, mock, mock_client};
use aws_smithy_runtime_api::client::{http::SharedHttpClient, orchestrator::HttpResponse, result::ConnectorError};
use aws_smithy_types::retry::ErrorKind;

use crate::wire;

const OPERATION: &str = "DescribeRepositories";

/// What the call says about this answer.
async fn answered(answer: fn() -> HttpResponse) -> CallError {
    let rule = mock!(Client::describe_repositories).then_http_response(answer);
    let client =
        mock_client!(aws_sdk_ecr, RuleMode::MatchAny, [&rule], |config| config.retry_config(RetryConfig::disabled()));
    failure(&client).await
}

/// What the call says when this is the network.
async fn over(http: SharedHttpClient) -> CallError {
    let config = Config::builder().with_test_defaults_v2().retry_config(RetryConfig::disabled());
    failure(&Client::from_conf(config.http_client(http).build())).await
}

async fn failure(client: &Client) -> CallError {
    let error = client.describe_repositories().send().await.unwrap_err();
    CallError::from_sdk(OPERATION, error)
}

#[tokio::test]
async fn modelled_error() {
    let error =
        answered(|| wire::error(400, "RepositoryNotFoundException", "The repository with name 'web' does not exist"))
            .await;
    assert_eq!(error.operation(), OPERATION);
    assert_eq!(error.fault(), Fault::NotFound);
    assert_eq!(error.code(), Some("RepositoryNotFoundException"));
    assert_eq!(error.message(), Some("The repository with name 'web' does not exist"));
    assert_eq!(error.request_id(), Some(wire::REQUEST_ID));
    assert_eq!(error.http_status(), Some(400));
    assert_eq!(error.retry_after(), None);
    assert_eq!(
        error.to_string(),
        format!(
            "DescribeRepositories failed: RepositoryNotFoundException: \
             The repository with name 'web' does not exist (request id {})",
            wire::REQUEST_ID
        )
    );
    assert_eq!(error.hint().unwrap().retry, Retry::No);
}

#[tokio::test]
async fn codes_as_services_write_them() {
    for (answer, code, fault) in [
        (
            (|| wire::error(400, "com.amazonaws.ecr#ServerException", "")) as fn() -> HttpResponse,
            Some("ServerException"),
            Fault::Unavailable,
        ),
        (|| wire::error(400, "ThrottlingException", "Rate exceeded"), Some("ThrottlingException"), Fault::Throttled),
        // The SDK takes this for a throttle and would retry it.
        (|| wire::error(400, "LimitExceededException", "…"), Some("LimitExceededException"), Fault::LimitExceeded),
        (|| wire::error(403, "ExpiredTokenException", "…"), Some("ExpiredTokenException"), Fault::Credentials),
        (|| wire::error(400, "SomethingNewException", "…"), Some("SomethingNewException"), Fault::InvalidRequest),
        (|| wire::response(403, "{}"), None, Fault::AccessDenied),
        (|| wire::response(429, ""), None, Fault::Throttled),
        // What a load balancer says, in front of the service.
        (|| wire::response(503, "<html>Service Unavailable</html>"), None, Fault::Unavailable),
    ] {
        let status = answer().status().as_u16();
        let error = answered(answer).await;
        assert_eq!((error.code(), error.fault()), (code, fault), "HTTP {status}: {error}");
        assert_eq!(error.http_status(), Some(status));
        assert_eq!(error.request_id(), Some(wire::REQUEST_ID));
    }
}

#[tokio::test]
async fn time_to_wait() {
    for (header, value, expected) in [
        ("retry-after", "7", Some(Duration::from_secs(7))),
        ("x-amz-retry-after", "1500", Some(Duration::from_millis(1500))),
        ("retry-after", "Wed, 21 Oct 2026 07:28:00 GMT", None),
    ] {
        let http = wire::http(move |_| {
            let mut response = wire::error(400, "ThrottlingException", "Rate exceeded");
            response.headers_mut().insert(header, value);
            Ok(response)
        });
        assert_eq!(over(http).await.retry_after(), expected, "{header}: {value}");
    }
}

#[tokio::test]
async fn broken_connections() {
    for (http, fault, message) in [
        (
            wire::http(|_| Err(ConnectorError::io(io::Error::from(io::ErrorKind::ConnectionReset).into()))),
            Fault::Connection,
            "connection reset",
        ),
        (wire::http(|_| Err(ConnectorError::timeout("connect timed out".into()))), Fault::Timeout, "connect timed out"),
        (wire::http(|_| Err(ConnectorError::user("invalid URI".into()))), Fault::InvalidRequest, "invalid URI"),
        (
            wire::http(|_| Err(ConnectorError::other("closed".into(), Some(ErrorKind::TransientError)))),
            Fault::Connection,
            "closed",
        ),
        (wire::http(|_| Err(ConnectorError::other("no idea".into(), None))), Fault::Other, "no idea"),
    ] {
        let error = over(http).await;
        assert_eq!(error.fault(), fault, "{error}");
        assert_eq!(error.to_string(), format!("{OPERATION} failed: {message}"));
        assert_eq!((error.code(), error.http_status()), (None, None));
    }
}

#[tokio::test(start_paused = true)]
async fn no_answer_in_time() {
    let timeouts = TimeoutConfig::builder().operation_timeout(Duration::from_secs(30)).build();
    let config = Config::builder().with_test_defaults_v2().http_client(wire::silence()).timeout_config(timeouts);
    let error = failure(&Client::from_conf(config.build())).await;
    assert_eq!(error.fault(), Fault::Timeout, "{error}");
    assert!(error.is_retryable());
}

/// Credentials that cannot be had.
#[derive(Debug)]
struct Broken;

impl ProvideCredentials for Broken {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::ready(Err(CredentialsError::provider_error("the SSO session has expired")))
    }
}

#[tokio::test]
async fn no_credentials() {
    let config = || {
        Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("eu-central-1"))
            .retry_config(RetryConfig::disabled())
            .http_client(wire::http(|_| panic!("an unsigned request was sent")))
    };
    let none = failure(&Client::from_conf(config().build())).await;
    let broken = failure(&Client::from_conf(config().credentials_provider(Broken).build())).await;
    for error in [&none, &broken] {
        assert_eq!(error.fault(), Fault::Credentials, "{error:?}");
        assert!(!error.is_retryable());
    }
    assert!(broken.to_string().contains("the SSO session has expired"), "{broken}");
}

/// A success that cannot be read is no success, and no reason to blame the caller.
#[tokio::test]
async fn unreadable_success() {
    let error = answered(|| wire::response(200, r#"{"repositories": 7}"#)).await;
    assert_eq!(error.fault(), Fault::Other, "{error:?}");
    assert_eq!(error.http_status(), Some(200));
    assert_eq!(
        error.message(),
        Some("the answer could not be read: failed to parse JSON: expected start array or null")
    );
}

/// Nothing was sent: the mistake is the caller's.
#[tokio::test]
async fn no_region() {
    let config = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .credentials_provider(Credentials::for_tests())
        .http_client(wire::http(|_| panic!("a request without endpoint was sent")));
    let error = failure(&Client::from_conf(config.build())).await;
    assert_eq!(error.fault(), Fault::InvalidRequest, "{error:?}");
    assert!(error.to_string().contains("Missing Region"), "{error}");
}

/// Bodies can carry tokens: neither `Display` nor `Debug`, nor the texts of the sources, may show what was not a message.
#[tokio::test]
async fn tells_nothing_of_the_body() {
    for answer in [
        (|| wire::response(400, r#"{"__type":"ServerException","message":"oops","token":"not-for-logs"}"#))
            as fn() -> HttpResponse,
        || wire::response(503, "not-for-logs"),
        || wire::response(200, "not-for-logs"),
    ] {
        let error = answered(answer).await;
        let mut shown = format!("{error} {error:?} {error:#?}");
        let mut source = error.source();
        while let Some(inner) = source {
            shown += &inner.to_string();
            source = inner.source();
        }
        assert!(!shown.contains("not-for-logs"), "{shown}");
    }
}

#[tokio::test]
async fn the_sdk_s_error_is_the_source() {
    let error = answered(|| wire::error(400, "InvalidParameterException", "…")).await;
    let source = error.source().unwrap().downcast_ref::<SdkError<DescribeRepositoriesError>>();
    let service = source.and_then(SdkError::as_service_error);
    assert!(service.is_some_and(DescribeRepositoriesError::is_invalid_parameter_exception));
}
