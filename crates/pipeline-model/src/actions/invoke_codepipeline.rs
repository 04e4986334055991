//! `Invoke/AWS/CodePipeline/1`: starts another pipeline.

use std::ops::RangeInclusive;

use super::{ActionType, ConfigKey, TypeName};

/// Starts another pipeline.
#[derive(Clone, Copy, Debug)]
pub(super) struct InvokeCodePipeline;

impl ActionType for InvokeCodePipeline {
    fn id(&self) -> TypeName<'_> {
        TypeName::aws("Invoke", "CodePipeline")
    }

    fn summary(&self) -> &'static str {
        "Starts another pipeline."
    }

    fn inputs(&self) -> RangeInclusive<usize> {
        0..=0
    }

    fn outputs(&self) -> RangeInclusive<usize> {
        0..=0
    }

    fn config(&self) -> &'static [ConfigKey] {
        const {
            &[
                ConfigKey::required("PipelineName", "The pipeline to start."),
                ConfigKey::optional("SourceRevisions", "Revisions as a JSON list."),
                ConfigKey::optional("Variables", "Variables as a JSON list of name and value."),
            ]
        }
    }

    fn permissions(&self) -> &'static [&'static str] {
        &["codepipeline:StartPipelineExecution"]
    }

    fn v2_only(&self) -> bool {
        true
    }

    fn example(&self) -> &'static str {
        r#"name: Promote
actionTypeId:
  category: Invoke
  owner: AWS
  provider: CodePipeline
  version: "1"
configuration:
  PipelineName: shop-production
"#
    }
}
