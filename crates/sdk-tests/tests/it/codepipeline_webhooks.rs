//! `pipeline_model::client::sdk::CodePipeline`: webhooks.

use aws_call::{Fault, Secret};
use aws_sdk_codepipeline::{Client, Config};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use pipeline_model::client::{Webhooks, sdk::CodePipeline};
use pipeline_model::webhook::{Authentication, Filter, Webhook};
use serde_json::{Value as Json, json};

use crate::wire::{self, Service};

const URL: &str = "https://us-east-1.webhooks.amazonaws.com/trigger?t=not-a-real-one&v=1";

fn codepipeline(answers: impl IntoIterator<Item = HttpResponse>) -> (CodePipeline, Service) {
    let service = Service::answering(answers);
    let config = Config::builder().with_test_defaults_v2().http_client(service.http()).build();
    (CodePipeline::new(Client::from_conf(config)), service)
}

fn target(operation: &str) -> String {
    format!("CodePipeline_20150709.{operation}")
}

fn definition(secret: &str) -> Json {
    json!({
        "name": "hook",
        "targetPipeline": "shop",
        "targetAction": "Source",
        "filters": [{ "jsonPath": "$.ref", "matchEquals": "refs/heads/{Branch}" }],
        "authentication": "GITHUB_HMAC",
        "authenticationConfiguration": { "SecretToken": secret },
    })
}

fn webhook(secret: &str) -> Webhook {
    Webhook::new("hook", "shop", "Source", Authentication::GitHubHmac(Secret::new(secret)))
        .with_filter(Filter::branch_of_target())
}

#[tokio::test]
async fn put() {
    let (codepipeline, service) =
        codepipeline([wire::ok(json!({ "webhook": { "definition": definition("****"), "url": URL } }))]);
    let listed = codepipeline.put_webhook(&webhook("not-a-real-secret")).await.unwrap();
    assert_eq!((&listed.webhook, listed.url.as_str()), (&webhook("****"), URL));
    service.was_asked(&target("PutWebhook"), json!({ "webhook": definition("not-a-real-secret") }));
}

#[tokio::test]
async fn put_refused() {
    let message = "Optional['authenticationConfig' should contain only one property: 'AllowedIPRange']";
    let code = "InvalidWebhookAuthenticationParametersException";
    let (codepipeline, service) = codepipeline([wire::error(400, code, message)]);
    let mut wrong = webhook("not-a-real-secret");
    wrong.authentication = Authentication::Ip("192.0.2.0/24".to_owned());
    let error = codepipeline.put_webhook(&wrong).await.unwrap_err();
    assert_eq!(wire::refused(&error, "PutWebhook", code, message), Fault::InvalidRequest);
    let asked = &service.asked()[0].body["webhook"];
    assert_eq!(asked["authentication"], json!("IP"));
    assert_eq!(asked["authenticationConfiguration"], json!({ "AllowedIPRange": "192.0.2.0/24" }));
}

#[tokio::test]
async fn list() {
    let mut open = definition("****");
    open["authentication"] = json!("UNAUTHENTICATED");
    open["authenticationConfiguration"] = json!({});
    let mut tomorrow = definition("****");
    tomorrow["authentication"] = json!("OF_TOMORROW");
    let (codepipeline, service) = codepipeline([
        wire::ok(json!({
            "webhooks": [{
                "definition": definition("****"), "url": URL, "lastTriggered": 1_700_000_000.0,
                "errorCode": "403", "errorMessage": "Must have admin rights to Repository.",
                "arn": "arn:aws:codepipeline:us-east-1:123456789012:webhook:hook",
            }],
            "NextToken": "more",
        })),
        wire::ok(json!({ "webhooks": [{ "definition": open, "url": URL }, { "definition": tomorrow, "url": URL }] })),
    ]);
    let listed = codepipeline.list_webhooks().await.unwrap();
    assert_eq!(listed.len(), 2, "one of a kind that is not known could not be told from an open one");
    assert_eq!(listed[0].last_triggered, Some(wire::at(1_700_000_000.0)));
    let error = listed[0].error.clone().unwrap();
    assert_eq!((error.0.as_str(), error.1.as_str()), ("403", "Must have admin rights to Repository."));
    assert_eq!(listed[1].webhook.authentication, Authentication::Unauthenticated);
    assert_eq!(service.asked()[1].body, json!({ "NextToken": "more" }));
}

#[tokio::test]
async fn delete_and_register() {
    let message = "webhook does not exist";
    let (codepipeline, service) = codepipeline([
        wire::ok(json!({})),
        wire::ok(json!({})),
        wire::ok(json!({})),
        wire::error(400, "WebhookNotFoundException", message),
    ]);
    codepipeline.register("hook").await.unwrap();
    codepipeline.deregister("hook").await.unwrap();
    codepipeline.delete_webhook("hook").await.unwrap();
    let error = codepipeline.register("hook").await.unwrap_err();
    let fault = wire::refused(&error, "RegisterWebhookWithThirdParty", "WebhookNotFoundException", message);
    assert_eq!(fault, Fault::NotFound);
    let asked: Vec<_> = service.asked().into_iter().map(|asked| (asked.target, asked.body)).collect();
    let named = json!({ "webhookName": "hook" });
    assert_eq!(
        asked[..3],
        [
            (target("RegisterWebhookWithThirdParty"), named.clone()),
            (target("DeregisterWebhookWithThirdParty"), named),
            (target("DeleteWebhook"), json!({ "name": "hook" })),
        ]
    );
}
