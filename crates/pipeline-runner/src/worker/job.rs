//! Jobs as the service gives them out, as providers take them; and what providers answer, as the service takes it.

use std::time::{Duration, SystemTime};

use pipeline_model::model::ConfigValue;

use crate::client::{Job, JobFailure, JobSuccess};
use crate::core::{Compute, FailureKind};
use crate::job::{ActionJob, ActionOutcome};

/// Begins the tokens of this host; what else comes back was left by another worker and goes to the provider as it is.
const MARK: &str = "longshore";
/// Bounds of the API, in characters.
const SUMMARY: usize = 2048;
const MESSAGE: usize = 5000;
const EXTERNAL_ID: usize = 1500;
const TOKEN: usize = 2048;

/// What a token says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Token {
    /// The job is a sign of life of a run that goes on in a host.
    Run(String),
    /// The provider is to go on with its own token, not before this time.
    After(SystemTime, String),
    /// Another worker's.
    Foreign(String),
}

impl Token {
    pub(super) fn parse(text: &str) -> Self {
        let own = || {
            let rest = text.strip_prefix(MARK)?.strip_prefix(':')?;
            match rest.split_once(':')? {
                ("run", id) => Some(Self::Run(id.to_owned())),
                ("after", rest) => {
                    let (seconds, token) = rest.split_once(':')?;
                    let at = SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(seconds.parse().ok()?))?;
                    Some(Self::After(at, token.to_owned()))
                }
                _ => None,
            }
        };
        own().unwrap_or_else(|| Self::Foreign(text.to_owned()))
    }

    pub(super) fn text(&self) -> String {
        match self {
            Self::Run(id) => format!("{MARK}:run:{id}"),
            Self::After(at, token) => {
                let since = at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
                // Whole seconds, never too early.
                let seconds = since.as_secs() + u64::from(since.subsec_nanos() > 0);
                format!("{MARK}:after:{seconds}:{token}")
            }
            Self::Foreign(text) => text.clone(),
        }
    }
}

/// The job for a provider. Every value of the configuration is hidden: the service does not tell which are secrets.
pub(super) fn action_job(job: &Job, continuation: Option<String>) -> ActionJob {
    let artifact = |artifact: &crate::client::JobArtifact| {
        (artifact.name.clone(), format!("{}/{}", artifact.bucket, artifact.key))
    };
    let hidden = job.configuration.iter();
    ActionJob {
        id: job.action_execution.clone(),
        execution: job.execution.clone(),
        pipeline: job.pipeline.clone(),
        stage: job.stage.clone(),
        action: job.action.clone(),
        action_type: job.action_type.clone(),
        configuration: hidden.map(|(key, value)| (key.clone(), ConfigValue::secret(value.expose()))).collect(),
        inputs: job.inputs.iter().map(artifact).collect(),
        outputs: job.outputs.iter().map(artifact).collect(),
        revision: None,
        source_version: None,
        continuation,
        role_arn: None,
        region: None,
        compute: Compute::default(),
        // The service tells none of these.
        interrupted: false,
        ordinal: 1,
        attempt: 1,
    }
}

/// What is told of a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Told {
    Success(JobSuccess),
    Failure(JobFailure),
}

/// The result of a job, within the bounds of the API.
pub(super) fn told(id: &str, outcome: ActionOutcome, now: SystemTime) -> Told {
    match outcome {
        ActionOutcome::Succeeded { variables, summary, external_id, revision } => Told::Success(JobSuccess {
            variables,
            summary: summary.map(|text| cut(&text, SUMMARY)),
            external_id: external_id.map(|text| cut(&text, EXTERNAL_ID)),
            revision: revision.map(|text| cut(&text, EXTERNAL_ID)),
            ..JobSuccess::new(id)
        }),
        ActionOutcome::Failed { kind, message, external_id } => Told::Failure(JobFailure {
            external_id: external_id.map(|text| cut(&text, EXTERNAL_ID)),
            ..JobFailure::new(id, word(kind), cut(&message, MESSAGE))
        }),
        ActionOutcome::Continue { token, after } => {
            let at = now.checked_add(after).unwrap_or(now);
            let token = Token::After(at, token).text();
            if token.chars().count() > TOKEN {
                let message =
                    format!("the provider's token is longer than the {TOKEN} characters that CodePipeline keeps");
                return Told::Failure(JobFailure::new(id, "JobFailed", message));
            }
            Told::Success(JobSuccess::to_be_continued(id, token))
        }
    }
}

/// The API's word. An action that timed out has failed.
fn word(kind: FailureKind) -> &'static str {
    match kind {
        FailureKind::ConfigurationError => "ConfigurationError",
        FailureKind::PermissionError => "PermissionError",
        FailureKind::RevisionUnavailable => "RevisionUnavailable",
        FailureKind::SystemUnavailable => "SystemUnavailable",
        _ => "JobFailed",
    }
}

fn cut(text: &str, most: usize) -> String {
    text.chars().take(most).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_come_back_as_they_went() {
        let at = |seconds| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        for token in [Token::Run("a-b".to_owned()), Token::After(at(1_700_000_000), "their:own:token".to_owned())] {
            assert_eq!(Token::parse(&token.text()), token);
        }
        let later = Token::After(at(5) + Duration::from_millis(1), String::new());
        assert_eq!(Token::parse(&later.text()), Token::After(at(6), String::new()));
        for text in ["", "token", "longshore", "longshore:run", "longshore:after:soon:x", "longshore:else:x"] {
            assert_eq!(Token::parse(text), Token::Foreign(text.to_owned()));
        }
    }

    #[test]
    fn results_keep_to_the_bounds() {
        let now = SystemTime::UNIX_EPOCH;
        let long = "ü".repeat(6000);
        let Told::Success(success) = told("j", ActionOutcome::succeeded().with_summary(&long), now) else { panic!() };
        assert_eq!(success.summary.unwrap().chars().count(), SUMMARY);
        let Told::Failure(failure) = told("j", ActionOutcome::failed(&long), now) else { panic!() };
        assert_eq!((failure.message.chars().count(), failure.kind.as_str()), (MESSAGE, "JobFailed"));
        let token = ActionOutcome::Continue { token: long, after: Duration::ZERO };
        assert!(matches!(told("j", token, now), Told::Failure(_)));
    }
}
