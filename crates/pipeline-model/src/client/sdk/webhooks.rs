//! Webhooks through the SDK.

use async_trait::async_trait;
use aws_call::{CallError, Fault, Secret};
use aws_sdk_codepipeline::types::{
    ListWebhookItem, WebhookAuthConfiguration, WebhookAuthenticationType, WebhookDefinition, WebhookFilterRule,
};

use super::{CodePipeline, incomplete, time};
use crate::client::Webhooks;
use crate::webhook::{Authentication, Filter, ListedWebhook, Webhook};

#[async_trait]
impl Webhooks for CodePipeline {
    async fn list_webhooks(&self) -> Result<Vec<ListedWebhook>, CallError> {
        const OPERATION: &str = "ListWebhooks";
        let mut pages = self.client.list_webhooks().into_paginator().send();
        let mut out = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| CallError::from_sdk(OPERATION, error))?;
            out.extend(page.webhooks().iter().filter_map(listed));
        }
        Ok(out)
    }

    async fn put_webhook(&self, webhook: &Webhook) -> Result<ListedWebhook, CallError> {
        const OPERATION: &str = "PutWebhook";
        let sent = self.client.put_webhook().webhook(definition(OPERATION, webhook)?).send().await;
        let sent = sent.map_err(|error| CallError::from_sdk(OPERATION, error))?;
        sent.webhook()
            .and_then(listed)
            .ok_or_else(|| CallError::new(OPERATION, Fault::Other).with_message("the answer holds no webhook"))
    }

    async fn delete_webhook(&self, name: &str) -> Result<(), CallError> {
        let sent = self.client.delete_webhook().name(name).send().await;
        sent.map(|_| ()).map_err(|error| CallError::from_sdk("DeleteWebhook", error))
    }

    async fn register(&self, name: &str) -> Result<(), CallError> {
        let sent = self.client.register_webhook_with_third_party().webhook_name(name).send().await;
        sent.map(|_| ()).map_err(|error| CallError::from_sdk("RegisterWebhookWithThirdParty", error))
    }

    async fn deregister(&self, name: &str) -> Result<(), CallError> {
        let sent = self.client.deregister_webhook_with_third_party().webhook_name(name).send().await;
        sent.map(|_| ()).map_err(|error| CallError::from_sdk("DeregisterWebhookWithThirdParty", error))
    }
}

fn definition(operation: &'static str, webhook: &Webhook) -> Result<WebhookDefinition, CallError> {
    let mut filters = Vec::with_capacity(webhook.filters.len());
    for filter in &webhook.filters {
        let rule = WebhookFilterRule::builder().json_path(&filter.json_path);
        let rule = rule.set_match_equals(filter.match_equals.clone()).build();
        filters.push(rule.map_err(|error| incomplete(operation, "a filter has no path", error))?);
    }
    let mut configuration = WebhookAuthConfiguration::builder();
    let kind = match &webhook.authentication {
        Authentication::GitHubHmac(secret) => {
            configuration = configuration.secret_token(secret.expose());
            WebhookAuthenticationType::GithubHmac
        }
        Authentication::Ip(range) => {
            configuration = configuration.allowed_ip_range(range);
            WebhookAuthenticationType::Ip
        }
        Authentication::Unauthenticated => WebhookAuthenticationType::Unauthenticated,
    };
    let built = WebhookDefinition::builder()
        .name(&webhook.name)
        .target_pipeline(&webhook.target_pipeline)
        .target_action(&webhook.target_action)
        .set_filters(Some(filters))
        .authentication(kind)
        .authentication_configuration(configuration.build())
        .build();
    built.map_err(|error| incomplete(operation, "the webhook is incomplete", error))
}

/// A webhook of a kind that this version does not know is not listed: it could not be told apart from an open one.
fn listed(item: &ListWebhookItem) -> Option<ListedWebhook> {
    let found = item.definition()?;
    let configuration = found.authentication_configuration();
    let authentication = match found.authentication() {
        WebhookAuthenticationType::GithubHmac => {
            let secret = configuration.and_then(|configuration| configuration.secret_token());
            Authentication::GitHubHmac(Secret::new(secret.unwrap_or_default()))
        }
        WebhookAuthenticationType::Ip => {
            let range = configuration.and_then(|configuration| configuration.allowed_ip_range());
            Authentication::Ip(range.unwrap_or_default().to_owned())
        }
        WebhookAuthenticationType::Unauthenticated => Authentication::Unauthenticated,
        _ => return None,
    };
    let mut webhook = Webhook::new(found.name(), found.target_pipeline(), found.target_action(), authentication);
    webhook.filters = found
        .filters()
        .iter()
        .map(|rule| Filter {
            json_path: rule.json_path().to_owned(),
            match_equals: rule.match_equals().map(str::to_owned),
        })
        .collect();
    let mut out = ListedWebhook::new(webhook, item.url());
    out.arn = item.arn().map(str::to_owned);
    out.last_triggered = time(item.last_triggered());
    out.error = item.error_code().map(|code| (code.to_owned(), item.error_message().unwrap_or_default().to_owned()));
    Some(out)
}
