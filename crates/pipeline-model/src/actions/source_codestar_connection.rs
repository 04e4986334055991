//! `Source/AWS/CodeStarSourceConnection/1`: brings in a branch of a Git host through a connection.

use std::ops::RangeInclusive;

use super::{ActionType, ConfigKey, OutputVariables, TypeName};

/// Brings in a branch of a Git host through a connection.
#[derive(Clone, Copy, Debug)]
pub(super) struct SourceCodeStarConnection;

impl ActionType for SourceCodeStarConnection {
    fn id(&self) -> TypeName<'_> {
        TypeName::aws("Source", "CodeStarSourceConnection")
    }

    fn summary(&self) -> &'static str {
        "Brings in a branch of a Git host through a connection."
    }

    fn inputs(&self) -> RangeInclusive<usize> {
        0..=0
    }

    fn outputs(&self) -> RangeInclusive<usize> {
        1..=1
    }

    fn config(&self) -> &'static [ConfigKey] {
        const {
            &[
                ConfigKey::required("BranchName", "The branch."),
                ConfigKey::required("ConnectionArn", "The connection."),
                ConfigKey::optional("DetectChanges", "Whether a push starts the pipeline; absent means it does.")
                    .boolean(),
                ConfigKey::required("FullRepositoryId", "Owner and name of the repository, with its exact case."),
                ConfigKey::optional("OutputArtifactFormat", "A zip, or a reference that only CodeBuild can clone.")
                    .one_of(&["CODE_ZIP", "CODEBUILD_CLONE_REF"]),
            ]
        }
    }

    fn output_variables(&self) -> OutputVariables {
        OutputVariables::Fixed(&[
            "AuthorDate",
            "BranchName",
            "CommitId",
            "CommitMessage",
            "ConnectionArn",
            "FullRepositoryName",
        ])
    }

    fn permissions(&self) -> &'static [&'static str] {
        &["codestar-connections:UseConnection"]
    }

    fn example(&self) -> &'static str {
        r#"name: Source
actionTypeId:
  category: Source
  owner: AWS
  provider: CodeStarSourceConnection
  version: "1"
outputArtifacts:
  - name: SourceOutput
configuration:
  BranchName: main
  ConnectionArn: arn:aws:codeconnections:eu-central-1:123456789012:connection/00000000-0000-4000-8000-000000000000
  FullRepositoryId: harbour/shop
"#
    }
}
