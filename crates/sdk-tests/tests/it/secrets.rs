//! `buildspec::run::SdkSecrets`: parameters and secrets by the wire.

use std::sync::Arc;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use buildspec::model::SecretReference;
use buildspec::run::{SdkSecrets, SecretError, SecretSource};
use serde_json::json;

use crate::wire::{self, Service};

fn source(answers: impl IntoIterator<Item = HttpResponse>) -> (Arc<dyn SecretSource>, Service) {
    let service = Service::answering(answers);
    let parameters = aws_sdk_ssm::Config::builder().with_test_defaults_v2().http_client(service.http()).build();
    let secrets = aws_sdk_secretsmanager::Config::builder().with_test_defaults_v2().http_client(service.http()).build();
    let source = SdkSecrets::new(
        aws_sdk_ssm::Client::from_conf(parameters),
        aws_sdk_secretsmanager::Client::from_conf(secrets),
        tokio::runtime::Handle::current(),
    );
    (Arc::new(source), service)
}

fn reference(text: &str) -> SecretReference {
    SecretReference::parse(text).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn parameters_are_decrypted() {
    let answer = wire::ok(json!({ "Parameter": { "Name": "/shop/token", "Value": "hunter2" } }));
    let (source, service) = source([answer]);
    assert_eq!(source.parameter("/shop/token").unwrap().expose(), "hunter2");
    service.was_asked("AmazonSSM.GetParameter", json!({ "Name": "/shop/token", "WithDecryption": true }));
    assert!(!format!("{source:?}").contains("hunter2"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_key_of_a_version_of_a_secret() {
    let (source, service) = source([wire::ok(json!({ "SecretString": r#"{"password": "hunter2"}"# }))]);
    let value = source.secret(&reference("registry:password:AWSPREVIOUS")).unwrap();
    assert_eq!(value.expose(), "hunter2");
    let asked = json!({ "SecretId": "registry", "VersionStage": "AWSPREVIOUS" });
    service.was_asked("secretsmanager.GetSecretValue", asked);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn what_is_not_there_and_what_is_not_allowed() {
    let (source, _) = source([
        wire::error(400, "ParameterNotFound", ""),
        wire::error(400, "ResourceNotFoundException", "Secrets Manager can't find the specified secret."),
        wire::error(400, "AccessDeniedException", "User is not authorized to perform: ssm:GetParameter"),
        wire::ok(json!({ "SecretBinary": "aGk=" })),
    ]);
    assert_eq!(source.parameter("/no").unwrap_err(), SecretError::NotFound("/no".into()));
    assert_eq!(source.secret(&reference("no")).unwrap_err(), SecretError::NotFound("no".into()));
    let denied = source.parameter("/shop/token").unwrap_err().to_string();
    assert!(denied.contains("`/shop/token`") && denied.contains("ssm:GetParameter"), "{denied}");
    let binary = source.secret(&reference("key")).unwrap_err().to_string();
    assert_eq!(binary, "the secret `key` is binary, and a variable holds text");
}
