//! What starts a pipeline from outside: `AWS::CodePipeline::Webhook` and `AWS::Events::Rule`.

use aws_call::Secret;

use super::Definition;
use super::at::{At, Text};

/// A webhook of a pipeline.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Webhook {
    /// Its name.
    pub name: Option<Text>,
    /// `GITHUB_HMAC`, `IP` or `UNAUTHENTICATED`.
    pub authentication: Option<Text>,
    /// The secret that GitHub signs with, and whether it stands in the template as it is.
    pub secret_token: Option<(Secret, bool)>,
    /// The addresses that may call, for `IP`.
    pub allowed_ip_range: Option<Text>,
    /// What a call must hold; all must match.
    pub filters: Vec<WebhookFilter>,
    /// Whether CodePipeline registers it with GitHub.
    pub register_with_third_party: Option<bool>,
    /// The source action that it starts.
    pub target_action: Option<Text>,
    /// The pipeline.
    pub target_pipeline: Option<Text>,
    /// The version of the pipeline.
    pub target_pipeline_version: Option<Text>,
}

/// A filter of a webhook.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct WebhookFilter {
    /// Where in the call.
    pub json_path: Text,
    /// What must stand there; `{Branch}` is the action's configuration.
    pub match_equals: Option<Text>,
}

/// A rule of EventBridge.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct EventRule {
    /// Its name.
    pub name: Option<Text>,
    /// Which events, as JSON.
    pub event_pattern: Option<serde_json::Value>,
    /// When, for rules that are a clock.
    pub schedule: Option<Text>,
    /// `ENABLED` or `DISABLED`.
    pub state: Option<Text>,
    /// What the events go to.
    pub targets: Vec<EventTarget>,
}

/// What events go to.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct EventTarget {
    /// Its name in the rule.
    pub id: Option<Text>,
    /// The ARN.
    pub arn: Text,
    /// The role that EventBridge assumes for it.
    pub role: Option<Text>,
}

pub(super) fn webhook(at: &At<'_>) -> Webhook {
    let configuration = at.get("AuthenticationConfiguration");
    let filters = at.items("Filters").filter_map(|filter| {
        Some(WebhookFilter { json_path: filter.text("JsonPath")?, match_equals: filter.text("MatchEquals") })
    });
    Webhook {
        name: at.text("Name"),
        authentication: at.text("Authentication"),
        secret_token: configuration.text("SecretToken").map(|token| {
            let written = token.origin == crate::places::Origin::Written && !token.text.contains("{{resolve:");
            (Secret::new(token.text), written)
        }),
        allowed_ip_range: configuration.text("AllowedIPRange"),
        filters: filters.collect(),
        register_with_third_party: at.boolean("RegisterWithThirdParty"),
        target_action: at.text("TargetAction"),
        target_pipeline: at.text("TargetPipeline"),
        target_pipeline_version: at.text("TargetPipelineVersion"),
    }
}

pub(super) fn event_rule(at: &At<'_>) -> EventRule {
    let targets = at.items("Targets").filter_map(|target| {
        Some(EventTarget { id: target.text("Id"), arn: target.text("Arn")?, role: target.text("RoleArn") })
    });
    EventRule {
        name: at.text("Name"),
        event_pattern: at.json("EventPattern"),
        schedule: at.text("ScheduleExpression"),
        state: at.text("State"),
        targets: targets.collect(),
    }
}

impl Definition {
    /// The webhook that it is.
    #[must_use]
    pub const fn webhook(&self) -> Option<&Webhook> {
        match self {
            Self::Webhook(webhook) => Some(webhook),
            _ => None,
        }
    }

    /// The event rule that it is.
    #[must_use]
    pub const fn event_rule(&self) -> Option<&EventRule> {
        match self {
            Self::EventRule(rule) => Some(rule),
            _ => None,
        }
    }
}
