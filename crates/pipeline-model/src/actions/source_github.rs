//! `Source/ThirdParty/GitHub/1`: brings in a branch of a GitHub repository with an OAuth token; superseded by connections.

use std::ops::RangeInclusive;

use super::{ActionType, ConfigKey, OutputVariables, TypeName};

/// Brings in a branch of a GitHub repository with an OAuth token; superseded by connections.
#[derive(Clone, Copy, Debug)]
pub(super) struct SourceGitHub;

impl ActionType for SourceGitHub {
    fn id(&self) -> TypeName<'_> {
        TypeName::new("Source", "ThirdParty", "GitHub", "1")
    }

    fn summary(&self) -> &'static str {
        "Brings in a branch of a GitHub repository with an OAuth token; superseded by connections."
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
                ConfigKey::required("Branch", "The branch."),
                ConfigKey::required("OAuthToken", "The token that may read the repository.").secret(),
                ConfigKey::required("Owner", "The account that owns the repository."),
                ConfigKey::optional("PollForSourceChanges", "Whether the service polls; absent means it does."),
                ConfigKey::required("Repo", "The repository."),
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
            "CommitUrl",
            "RepositoryName",
        ])
    }

    fn permissions(&self) -> &'static [&'static str] {
        &[]
    }

    fn example(&self) -> &'static str {
        r#"name: Source
actionTypeId:
  category: Source
  owner: ThirdParty
  provider: GitHub
  version: "1"
outputArtifacts:
  - name: SourceOutput
configuration:
  Branch: main
  OAuthToken: '{{resolve:secretsmanager:github:SecretString:token}}'
  Owner: harbour
  PollForSourceChanges: "false"
  Repo: shop
"#
    }
}
