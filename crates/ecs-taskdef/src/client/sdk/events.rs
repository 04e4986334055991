//! Scheduled tasks through the SDK of EventBridge. Targets go in and out as the JSON that they are.

use async_trait::async_trait;
use aws_call::{CallError, Fault};
use aws_sdk_eventbridge::Client;
use serde_json::{Value as Json, json};

use super::{Keep, raw};
use crate::client::{ScheduledTarget, ScheduledTasks};

/// EventBridge, through the SDK.
#[derive(Clone, Debug)]
pub struct EventBridge {
    client: Client,
}

impl EventBridge {
    /// Rules through this client, which brings region, credentials and TLS.
    #[must_use]
    pub const fn new(client: Client) -> Self {
        Self { client }
    }
}

impl From<Client> for EventBridge {
    fn from(client: Client) -> Self {
        Self::new(client)
    }
}

#[async_trait]
impl ScheduledTasks for EventBridge {
    async fn rules(&self, cluster_arn: &str) -> Result<Vec<String>, CallError> {
        let mut rules = Vec::new();
        let mut token = None;
        loop {
            let call = self.client.list_rule_names_by_target().target_arn(cluster_arn).set_next_token(token).send();
            let answer = call.await.map_err(|error| CallError::from_sdk("ListRuleNamesByTarget", error))?;
            rules.extend(answer.rule_names().iter().cloned());
            token = answer.next_token().map(str::to_owned);
            if token.is_none() {
                return Ok(rules);
            }
        }
    }

    async fn targets(&self, rule: &str) -> Result<Vec<ScheduledTarget>, CallError> {
        const OPERATION: &str = "ListTargetsByRule";
        let mut targets = Vec::new();
        let mut token = None;
        loop {
            let keep = Keep::default();
            let call = self.client.list_targets_by_rule().rule(rule).set_next_token(token).customize();
            let answer = call.interceptor(keep.clone()).send().await;
            let answer = answer.map_err(|error| CallError::from_sdk(OPERATION, error))?;
            let page = keep.json(OPERATION)?;
            let items = page["Targets"].as_array().into_iter().flatten();
            targets.extend(items.cloned().map(ScheduledTarget::new));
            token = answer.next_token().map(str::to_owned);
            if token.is_none() {
                return Ok(targets);
            }
        }
    }

    async fn put_target(&self, rule: &str, target: &ScheduledTarget) -> Result<(), CallError> {
        const OPERATION: &str = "PutTargets";
        let body: Json = json!({ "Rule": rule, "Targets": [target.json] });
        let call = self.client.put_targets().rule(rule).set_targets(Some(Vec::new())).customize();
        let answer = call.mutate_request(raw(body.to_string())).send().await;
        let answer = answer.map_err(|error| CallError::from_sdk(OPERATION, error))?;
        // A success can carry failures.
        match answer.failed_entries().first() {
            None if answer.failed_entry_count() == 0 => Ok(()),
            None => Err(CallError::new(OPERATION, Fault::Other).with_message("the target was not taken")),
            Some(failed) => {
                let code = failed.error_code().unwrap_or("PutTargetsFailed");
                Err(CallError::service(OPERATION, code, failed.error_message().unwrap_or("the target was not taken")))
            }
        }
    }
}
