//! What can go wrong beyond a call: somebody else was faster, or a secret would be lost.

use aws_call::CallError;

use super::secrets::LostSecret;

/// Why a verb did not do what was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A call failed.
    #[error(transparent)]
    Call(#[from] CallError),
    /// The declaration was changed, created or deleted since the plan was made.
    #[error("pipeline `{pipeline}` has {found} and not {planned}, as when the plan was made: plan again")]
    Moved {
        /// The pipeline.
        pipeline: String,
        /// What the plan was made for: a version, or none.
        planned: Version,
        /// What there is now.
        found: Version,
    },
    /// An update would destroy secrets that only the service knows.
    #[error("the update of pipeline `{pipeline}` would lose {}: supply the value", list(lost))]
    SecretsLost {
        /// The pipeline.
        pipeline: String,
        /// The settings.
        lost: Vec<LostSecret>,
    },
    /// Nothing waits for an approval there.
    #[error("no approval waits in pipeline `{pipeline}`{}", place(stage.as_deref(), action.as_deref()))]
    NothingToApprove {
        /// The pipeline.
        pipeline: String,
        /// The stage that was asked for.
        stage: Option<String>,
        /// The action that was asked for.
        action: Option<String>,
    },
    /// Several approvals wait, and which one was meant is not clear.
    #[error("{} approvals wait in pipeline `{pipeline}` ({}): name the stage and the action", waiting.len(), waiting.join(", "))]
    SeveralApprovals {
        /// The pipeline.
        pipeline: String,
        /// Each as `stage/action`.
        waiting: Vec<String>,
    },
    /// No execution of the stage can be rolled back to.
    #[error("stage `{stage}` of pipeline `{pipeline}` has no earlier successful execution of the current version")]
    NothingToRollBackTo {
        /// The pipeline.
        pipeline: String,
        /// The stage.
        stage: String,
    },
    /// The pipeline has no stage that could be retried.
    #[error("no stage of execution `{execution}` of pipeline `{pipeline}` has failed or was stopped")]
    NothingToRetry {
        /// The pipeline.
        pipeline: String,
        /// The execution.
        execution: String,
    },
    /// The execution could not be seen any more while it was watched.
    #[error("execution `{execution}` of pipeline `{pipeline}` cannot be watched any more; it goes on in CodePipeline")]
    Lost {
        /// The pipeline.
        pipeline: String,
        /// The execution.
        execution: String,
        /// The last failure.
        source: CallError,
    },
}

/// A version, or that there is no pipeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(clippy::exhaustive_enums, reason = "a pipeline is there or not")]
pub enum Version {
    /// There is no pipeline of that name.
    None,
    /// There is one of that version.
    Of(u32),
}

impl std::fmt::Display for Version {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::None => f.write_str("no declaration"),
            Self::Of(version) => write!(f, "version {version}"),
        }
    }
}

impl From<Option<u32>> for Version {
    fn from(version: Option<u32>) -> Self {
        version.map_or(Self::None, Self::Of)
    }
}

fn list(lost: &[LostSecret]) -> String {
    let words: Vec<String> = lost.iter().map(ToString::to_string).collect();
    words.join(", ")
}

fn place(stage: Option<&str>, action: Option<&str>) -> String {
    match (stage, action) {
        (Some(stage), Some(action)) => format!(" at `{stage}/{action}`"),
        (Some(stage), None) => format!(" in stage `{stage}`"),
        (None, Some(action)) => format!(" at `{action}`"),
        (None, None) => String::new(),
    }
}
