//! Webhooks of the in-memory service.

use async_trait::async_trait;
use aws_call::{CallError, Secret};

use super::{Kept, MemoryCodePipeline, State, invalid};
use crate::client::Webhooks;
use crate::model::{Category, REDACTED};
use crate::webhook::{Authentication, JsonPath, ListedWebhook, Webhook};

/// Webhooks that a region may have.
const MOST: usize = 300;

#[async_trait]
impl Webhooks for MemoryCodePipeline {
    async fn list_webhooks(&self) -> Result<Vec<ListedWebhook>, CallError> {
        Ok(self.lock().webhooks.values().map(|kept| hidden(&kept.listed)).collect())
    }

    async fn put_webhook(&self, webhook: &Webhook) -> Result<ListedWebhook, CallError> {
        const OPERATION: &str = "PutWebhook";
        check(OPERATION, webhook)?;
        let url = format!("https://{}.webhooks.amazonaws.com/trigger?t={}&v=1", self.region, self.ids.hex(32));
        let arn = self.arn(&format!("webhook:{}", webhook.name));
        let mut state = self.lock();
        let State { pipelines, webhooks, .. } = &mut *state;
        let target = pipelines
            .get(&webhook.target_pipeline)
            .ok_or_else(|| self.not_found(OPERATION, &webhook.target_pipeline))?;
        let mut actions = target.current().actions().map(|(_, action)| action);
        let source = actions.find(|action| action.name == webhook.target_action);
        if source.is_none_or(|action| action.action_type_id.category != Category::Source) {
            let message =
                format!("pipeline `{}` has no source action `{}`", webhook.target_pipeline, webhook.target_action);
            return Err(invalid(OPERATION, message));
        }
        if webhooks.len() >= MOST && !webhooks.contains_key(&webhook.name) {
            let message = format!("there are {MOST} webhooks already");
            return Err(CallError::service(OPERATION, "LimitExceededException", message));
        }
        let mut listed = ListedWebhook::new(webhook.clone(), url);
        listed.arn = Some(arn);
        let mut registered = false;
        if let Some(earlier) = webhooks.get(&webhook.name) {
            listed.url.clone_from(&earlier.listed.url);
            listed.last_triggered = earlier.listed.last_triggered;
            registered = earlier.registered;
        }
        let answer = hidden(&listed);
        webhooks.insert(webhook.name.clone(), Kept { listed, registered });
        Ok(answer)
    }

    async fn delete_webhook(&self, name: &str) -> Result<(), CallError> {
        self.lock().webhooks.remove(name);
        Ok(())
    }

    async fn register(&self, name: &str) -> Result<(), CallError> {
        self.set_registered("RegisterWebhookWithThirdParty", name, true)
    }

    async fn deregister(&self, name: &str) -> Result<(), CallError> {
        self.set_registered("DeregisterWebhookWithThirdParty", name, false)
    }
}

impl MemoryCodePipeline {
    fn set_registered(&self, operation: &'static str, name: &str, registered: bool) -> Result<(), CallError> {
        let mut state = self.lock();
        let Some(kept) = state.webhooks.get_mut(name) else {
            let message = format!("there is no webhook `{name}`");
            return Err(CallError::service(operation, "WebhookNotFoundException", message));
        };
        kept.registered = registered;
        Ok(())
    }
}

/// Refuses what the service refuses.
fn check(operation: &'static str, webhook: &Webhook) -> Result<(), CallError> {
    let named = |c: char| c.is_ascii_alphanumeric() || ".@-_".contains(c);
    for (member, name) in [
        ("webhook.name", &webhook.name),
        ("webhook.targetPipeline", &webhook.target_pipeline),
        ("webhook.targetAction", &webhook.target_action),
    ] {
        if name.is_empty() || name.chars().count() > 100 || !name.chars().all(named) {
            let message = format!(
                "Value at '{member}' failed to satisfy constraint: Member must satisfy regular expression pattern: \
                 [A-Za-z0-9.@\\-_]+"
            );
            return Err(invalid(operation, message));
        }
    }
    if webhook.filters.len() > 5 {
        let message =
            "Value at 'webhook.filters' failed to satisfy constraint: Member must have length less than or equal to 5";
        return Err(invalid(operation, message));
    }
    for filter in &webhook.filters {
        let pattern = |message: String| CallError::service(operation, "InvalidWebhookFilterPatternException", message);
        let long = |text: &str| text.is_empty() || text.chars().count() > 150;
        if long(&filter.json_path) || filter.match_equals.as_deref().is_some_and(long) {
            return Err(invalid(operation, "a filter's path and value must have 1 to 150 characters"));
        }
        if let Err(error) = JsonPath::parse(&filter.json_path) {
            return Err(pattern(format!("`{}` is no path: {error}", filter.json_path)));
        }
    }
    let only = |property: &str| {
        let message = format!("Optional['authenticationConfig' should contain only one property: '{property}']");
        CallError::service(operation, "InvalidWebhookAuthenticationParametersException", message)
    };
    let fits = |text: &str| (1..=100).contains(&text.chars().count());
    match &webhook.authentication {
        Authentication::GitHubHmac(secret) if !fits(secret.expose()) => Err(only("SecretToken")),
        Authentication::Ip(range)
            if !fits(range) || crate::webhook::in_range(range, [127, 0, 0, 1].into()).is_none() =>
        {
            Err(only("AllowedIPRange"))
        }
        _ => Ok(()),
    }
}

/// As the service shows it.
fn hidden(listed: &ListedWebhook) -> ListedWebhook {
    let mut out = listed.clone();
    if let Authentication::GitHubHmac(secret) = &mut out.webhook.authentication {
        *secret = Secret::new(REDACTED);
    }
    out
}
