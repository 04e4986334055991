//! `Source/AWS/CodeCommit/1`: brings in a branch of a CodeCommit repository.

use std::ops::RangeInclusive;

use super::{ActionType, ConfigKey, OutputVariables, TypeName};

/// Brings in a branch of a CodeCommit repository.
#[derive(Clone, Copy, Debug)]
pub(super) struct SourceCodeCommit;

impl ActionType for SourceCodeCommit {
    fn id(&self) -> TypeName<'_> {
        TypeName::aws("Source", "CodeCommit")
    }

    fn summary(&self) -> &'static str {
        "Brings in a branch of a CodeCommit repository."
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
                ConfigKey::optional("OutputArtifactFormat", "A zip, or a reference that only CodeBuild can clone.")
                    .one_of(&["CODE_ZIP", "CODEBUILD_CLONE_REF"]),
                ConfigKey::optional("PollForSourceChanges", "Whether the service polls; absent means it does."),
                ConfigKey::required("RepositoryName", "The repository."),
            ]
        }
    }

    fn output_variables(&self) -> OutputVariables {
        OutputVariables::Fixed(&[
            "AuthorDate",
            "BranchName",
            "CommitId",
            "CommitMessage",
            "CommitterDate",
            "RepositoryName",
        ])
    }

    fn permissions(&self) -> &'static [&'static str] {
        &[
            "codecommit:CancelUploadArchive",
            "codecommit:GetBranch",
            "codecommit:GetCommit",
            "codecommit:GetUploadArchiveStatus",
            "codecommit:UploadArchive",
        ]
    }

    fn example(&self) -> &'static str {
        r#"name: Source
actionTypeId:
  category: Source
  owner: AWS
  provider: CodeCommit
  version: "1"
outputArtifacts:
  - name: SourceOutput
configuration:
  BranchName: main
  PollForSourceChanges: "false"
  RepositoryName: shop
"#
    }
}
