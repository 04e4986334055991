//! Judges a call of a webhook: is it believed, does it pass, and what is to be started.

use std::net::IpAddr;

use serde_json::Value as Json;

use super::{SignatureError, Webhook, authenticate, filter};
use crate::client::{SourceRevision, StartExecution};
use crate::model::{Action, Pipeline};
use crate::triggers::Explanation;

/// A call as it came in.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Delivery<'a> {
    /// The body, byte by byte: the signature is over it.
    pub body: &'a [u8],
    /// The header `X-Hub-Signature-256`.
    pub signature_256: Option<&'a str>,
    /// The header `X-Hub-Signature`.
    pub signature: Option<&'a str>,
    /// The header `X-GitHub-Event`.
    pub event: Option<&'a str>,
    /// The header `X-GitHub-Delivery`: the same for a call that is sent again.
    pub id: Option<&'a str>,
    /// Who calls.
    pub address: Option<IpAddr>,
}

impl<'a> Delivery<'a> {
    /// A call of which nothing but the body is known.
    #[must_use]
    pub const fn new(body: &'a [u8]) -> Self {
        Self { body, signature_256: None, signature: None, event: None, id: None, address: None }
    }
}

/// Why a call is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refusal {
    /// It is not from whom it should be.
    Unauthenticated(SignatureError),
    /// Its body is no JSON.
    NotJson,
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Unauthenticated(error) => error.fmt(f),
            Self::NotJson => f.write_str(
                "the body is no JSON: choose the content type `application/json` where the webhook is registered",
            ),
        }
    }
}

impl std::error::Error for Refusal {}

/// What a call that is believed comes to.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Verdict {
    /// GitHub asks whether someone is there.
    Ping,
    /// It concerns this pipeline: start it.
    Start(StartExecution, Explanation),
    /// It does not, and why.
    Ignored(Explanation),
}

/// A webhook with the action that it is for.
#[derive(Clone, Debug)]
pub struct Receiver {
    webhook: Webhook,
    target: Option<Action>,
}

impl Receiver {
    /// A webhook of a pipeline. Without its target action in the pipeline, filters with placeholders match nothing.
    #[must_use]
    pub fn new(webhook: Webhook, pipeline: &Pipeline) -> Self {
        let target = pipeline.actions().map(|(_, action)| action).find(|action| action.name == webhook.target_action);
        Self { target: target.cloned(), webhook }
    }

    /// The webhook.
    #[must_use]
    pub const fn webhook(&self) -> &Webhook {
        &self.webhook
    }

    /// Judges a call. The body is read only when it is believed.
    ///
    /// The start carries the delivery's id as its token, so that a call that GitHub sends again starts nothing twice, and
    /// the pushed commit for a source action that can be told one (any but the old GitHub source, whose revisions are its
    /// own).
    ///
    /// # Errors
    /// When it is not believed, or is no JSON.
    pub fn receive(&self, call: &Delivery<'_>) -> Result<Verdict, Refusal> {
        authenticate(&self.webhook.authentication, call).map_err(Refusal::Unauthenticated)?;
        let body: Json = serde_json::from_slice(call.body).map_err(|_| Refusal::NotJson)?;
        if call.event == Some("ping") {
            return Ok(Verdict::Ping);
        }
        let why = filter(&self.webhook.filters, self.target.as_ref(), &body);
        if !why.holds {
            return Ok(Verdict::Ignored(why));
        }
        let mut start = StartExecution::new(&self.webhook.target_pipeline);
        if let Some(id) = call.id.filter(|id| is_token(id)) {
            start = start.with_client_request_token(id);
        }
        if let Some(revision) = self.revision(&body) {
            start = start.with_source_revision(revision);
        }
        Ok(Verdict::Start(start, why))
    }

    fn revision(&self, body: &Json) -> Option<SourceRevision> {
        let target = self.target.as_ref()?;
        let commits = ["CodeStarSourceConnection", "CodeCommit"].contains(&target.action_type_id.provider.as_str());
        // A deleted branch has a commit of zeros.
        let commit = body.get("after").and_then(Json::as_str).filter(|id| id.bytes().any(|byte| byte != b'0'))?;
        commits.then(|| SourceRevision::new(&target.name, "COMMIT_ID", commit))
    }
}

/// What the service takes as a token: letters, digits and hyphens, at most 128.
fn is_token(text: &str) -> bool {
    (1..=128).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}
