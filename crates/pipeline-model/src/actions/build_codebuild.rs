//! `Build/AWS/CodeBuild/1`: runs a CodeBuild project on the input artifacts.

use std::ops::RangeInclusive;

use super::codebuild;
use super::{ActionType, ConfigKey, OutputVariables, Problems, Settings, TypeName};

/// Runs a CodeBuild project on the input artifacts.
#[derive(Clone, Copy, Debug)]
pub(super) struct BuildCodeBuild;

impl ActionType for BuildCodeBuild {
    fn id(&self) -> TypeName<'_> {
        TypeName::aws("Build", "CodeBuild")
    }

    fn summary(&self) -> &'static str {
        "Runs a CodeBuild project on the input artifacts."
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
        r#"name: Build
actionTypeId:
  category: Build
  owner: AWS
  provider: CodeBuild
  version: "1"
inputArtifacts:
  - name: SourceOutput
outputArtifacts:
  - name: BuildOutput
configuration:
  ProjectName: shop-build
"#
    }

    fn check(&self, settings: &Settings<'_>, problems: &mut Problems) {
        codebuild::check(settings, problems);
    }
}
