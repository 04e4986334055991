//! What happened, in the shape EventBridge delivers it.
//!
//! Shapes and number formats (versions and attempts are floats) follow captured events of the service.

use jiff::Timestamp;
use pipeline_model::model::ActionTypeId;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::state::{FailureKind, Trigger};

/// One state change.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// When.
    pub at: Timestamp,
    /// Which execution.
    pub execution: Execution,
    /// What changed.
    pub what: What,
    /// `STARTED`, `RESUMED`, `SUCCEEDED`, `FAILED`, `STOPPING`, `STOPPED`, `SUPERSEDED`, `ABANDONED`, or
    /// `SKIPPED`, which is not documented.
    pub state: String,
}

/// The execution an event is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Execution {
    /// Pipeline name.
    pub pipeline: String,
    /// Execution id.
    pub id: String,
    /// Version of the declaration.
    pub version: u32,
    /// 1, and one more with each manual retry.
    #[serde(default = "first")]
    pub attempt: u32,
    /// What started it.
    pub trigger: Trigger,
}

/// What an event is about.
#[allow(clippy::large_enum_variant, reason = "most events are about actions")]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum What {
    /// The execution.
    Pipeline {
        /// Its start.
        started: Timestamp,
        /// Why it is being stopped, or was.
        comments: Option<String>,
    },
    /// One of its stages.
    Stage {
        /// Name.
        stage: String,
        /// Its start.
        started: Timestamp,
    },
    /// One of its actions.
    Action {
        /// Stage.
        stage: String,
        /// Name.
        action: String,
        /// Action run.
        id: String,
        /// Who runs it.
        action_type: ActionTypeId,
        /// Its start.
        started: Timestamp,
        /// The provider's account, or the failure.
        summary: Option<String>,
        /// Id in the service that did the work.
        external_id: Option<String>,
        /// Class of its failure.
        error: Option<FailureKind>,
        /// The artifacts that it was given.
        #[serde(default)]
        inputs: Vec<Artifact>,
        /// Those that it gave; none before it has succeeded.
        #[serde(default)]
        outputs: Vec<Artifact>,
    },
}

/// An artifact as events name it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Artifact {
    /// Its name in the declaration.
    pub name: String,
    /// The bucket of the declaration's artifact store.
    pub bucket: String,
    /// Its key in the store.
    pub key: String,
}

impl Event {
    /// The event as EventBridge would deliver it to a rule. `id` is the event's own id.
    pub fn to_event_bridge(&self, id: &str, account: &str, region: &str) -> Value {
        let (kind, mut detail) = self.detail();
        detail["pipeline"] = json!(self.execution.pipeline);
        detail["execution-id"] = json!(self.execution.id);
        detail["state"] = json!(self.state);
        detail["version"] = json!(f64::from(self.execution.version));
        let partition = if region.starts_with("cn-") {
            "aws-cn"
        } else if region.starts_with("us-gov-") {
            "aws-us-gov"
        } else {
            "aws"
        };
        json!({
            "version": "0",
            "id": id,
            "detail-type": format!("CodePipeline {kind} Execution State Change"),
            "source": "aws.codepipeline",
            "account": account,
            "time": self.at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
            "region": region,
            "resources": [format!("arn:{partition}:codepipeline:{region}:{account}:{}", self.execution.pipeline)],
            "detail": detail,
        })
    }

    fn detail(&self) -> (&'static str, Value) {
        let stamp = |at: &Timestamp| at.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string();
        let attempt = f64::from(self.execution.attempt);
        match &self.what {
            What::Pipeline { started, comments } => {
                let mut detail = json!({
                    "start-time": stamp(started),
                    "pipeline-execution-attempt": attempt,
                    "execution-trigger": {
                        "trigger-type": self.execution.trigger.kind,
                        "trigger-detail": self.execution.trigger.detail,
                    },
                });
                if let Some(comments) = comments {
                    detail["stop-execution-comments"] = json!(comments);
                }
                ("Pipeline", detail)
            }
            // The stage event of a fresh execution has attempt 0.0, the others 1.0: observed, not documented. That a stage
            // goes on counting from there is an inference.
            What::Stage { stage, started } => (
                "Stage",
                json!({"start-time": stamp(started), "stage": stage, "pipeline-execution-attempt": attempt - 1.0}),
            ),
            What::Action { stage, action, id, action_type, started, summary, external_id, error, inputs, outputs } => {
                let mut detail = json!({
                    "start-time": stamp(started),
                    "stage": stage,
                    "action": action,
                    "action-execution-id": id,
                    "type": action_type,
                    "pipeline-execution-attempt": attempt,
                });
                if summary.is_some() || external_id.is_some() {
                    let mut result = json!({});
                    if let Some(summary) = summary {
                        result["external-execution-summary"] = json!(summary);
                    }
                    if let Some(external_id) = external_id {
                        result["external-execution-id"] = json!(external_id);
                    }
                    if let Some(error) = error {
                        result["error-code"] = json!(error);
                    }
                    detail["execution-result"] = result;
                }
                for (key, artifacts) in [("input-artifacts", inputs), ("output-artifacts", outputs)] {
                    if !artifacts.is_empty() {
                        detail[key] = artifacts.iter().map(Artifact::to_event_bridge).collect();
                    }
                }
                ("Action", detail)
            }
        }
    }
}

impl Artifact {
    fn to_event_bridge(&self) -> Value {
        json!({ "name": self.name, "s3location": { "bucket": self.bucket, "key": self.key } })
    }
}

/// The attempt of an execution that was never retried.
fn first() -> u32 {
    1
}
