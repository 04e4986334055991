//! `Test/AWS/CodeBuild/1`: runs a CodeBuild project on the input artifacts, as a test.

use std::ops::RangeInclusive;

use super::codebuild;
use super::{ActionType, ConfigKey, OutputVariables, Problems, Settings, TypeName};

/// Runs a CodeBuild project on the input artifacts, as a test.
#[derive(Clone, Copy, Debug)]
pub(super) struct TestCodeBuild;

impl ActionType for TestCodeBuild {
    fn id(&self) -> TypeName<'_> {
        TypeName::aws("Test", "CodeBuild")
    }

    fn summary(&self) -> &'static str {
        "Runs a CodeBuild project on the input artifacts, as a test."
    }

    fn inputs(&self) -> RangeInclusive<usize> {
        1..=5
    }

    fn outputs(&self) -> RangeInclusive<usize> {
        0..=5
    }

    fn config(&self) -> &'static [ConfigKey] {
        codebuild::CONFIG
    }

    fn output_variables(&self) -> OutputVariables {
        OutputVariables::Open
    }

    fn permissions(&self) -> &'static [&'static str] {
        &[
            "codebuild:BatchGetBuildBatches",
            "codebuild:BatchGetBuilds",
            "codebuild:StartBuild",
            "codebuild:StartBuildBatch",
        ]
    }

    fn example(&self) -> &'static str {
        r#"name: Test
actionTypeId:
  category: Test
  owner: AWS
  provider: CodeBuild
  version: "1"
inputArtifacts:
  - name: SourceOutput
configuration:
  ProjectName: shop-test
"#
    }

    fn check(&self, settings: &Settings<'_>, problems: &mut Problems) {
        codebuild::check(settings, problems);
    }
}
