//! `Test/Custom/WordCount/1`: counts the words of a file in the input artifact, and fails when there are too few.
//!
//! What an action type takes and gives ([`WordCountType`]) and what runs it ([`WordCount`]) are two things: the first is for
//! checks, for the documentation and for `CreateCustomActionType`, the second for the local runner and for job workers.

use std::ops::RangeInclusive;

use async_trait::async_trait;
use pipeline_model::actions::{ActionType, ConfigKey, OutputVariables, TypeName};
use pipeline_model::model::ActionTypeId;
use pipeline_runner::{ActionJob, ActionOutcome, ActionProvider, JobContext};

/// What the action type takes and gives.
#[derive(Clone, Copy, Debug)]
pub struct WordCountType;

impl ActionType for WordCountType {
    fn id(&self) -> TypeName<'_> {
        TypeName::new("Test", "Custom", "WordCount", "1")
    }

    fn summary(&self) -> &'static str {
        "Counts the words of a file."
    }

    fn inputs(&self) -> RangeInclusive<usize> {
        1..=1
    }

    fn outputs(&self) -> RangeInclusive<usize> {
        0..=0
    }

    fn config(&self) -> &'static [ConfigKey] {
        const {
            &[
                ConfigKey::optional("Fewest", "Fewer words than this fail the action."),
                ConfigKey::required("File", "The file in the input artifact."),
            ]
        }
    }

    fn output_variables(&self) -> OutputVariables {
        OutputVariables::Fixed(&["Words"])
    }

    fn permissions(&self) -> &'static [&'static str] {
        &[]
    }

    fn example(&self) -> &'static str {
        r#"name: Count
actionTypeId:
  category: Test
  owner: Custom
  provider: WordCount
  version: "1"
inputArtifacts:
  - name: Source
configuration:
  File: README.md
  Fewest: "100"
"#
    }
}

/// Runs the action.
#[derive(Clone, Copy, Debug)]
pub struct WordCount;

#[async_trait]
impl ActionProvider for WordCount {
    fn action_types(&self) -> Vec<ActionTypeId> {
        vec![ActionTypeId::new("Test", "Custom", "WordCount", "1")]
    }

    async fn run(&self, job: ActionJob, cx: &JobContext) -> ActionOutcome {
        match count(&job, cx).await {
            Ok(outcome) | Err(outcome) => outcome,
        }
    }
}

async fn count(job: &ActionJob, cx: &JobContext) -> Result<ActionOutcome, ActionOutcome> {
    job.required("File")?;
    let file = job.file_in_artifact("File", "")?;
    let fewest = match job.config("Fewest") {
        None => 0,
        Some(text) => text.parse().map_err(|_| {
            ActionOutcome::misconfigured(format!("`Fewest` `{}` is not a number", text.escape_debug()))
        })?,
    };
    let (artifact, key) = job.input()?;
    let directory = cx.unpack(artifact, key).await?;
    let text = tokio::fs::read_to_string(directory.join(&file)).await.map_err(|error| {
        ActionOutcome::failed(format!("artifact `{artifact}` has no readable `{}`: {error}", file.display()))
    })?;
    let words = text.split_whitespace().count();
    cx.log(&format!("{words} words in {}", file.display()));
    if words < fewest {
        return Err(ActionOutcome::failed(format!("{words} words in `{}`, at least {fewest} are wanted", file.display())));
    }
    Ok(ActionOutcome::succeeded().with_variable("Words", words.to_string()))
}
