//! `Deploy/ThirdParty/AlexaSkillsKit/1`: deploys an Alexa skill.

use std::ops::RangeInclusive;

use super::{ActionType, ConfigKey, TypeName};

/// Deploys an Alexa skill.
#[derive(Clone, Copy, Debug)]
pub(super) struct DeployAlexaSkillsKit;

impl ActionType for DeployAlexaSkillsKit {
    fn id(&self) -> TypeName<'_> {
        TypeName::new("Deploy", "ThirdParty", "AlexaSkillsKit", "1")
    }

    fn summary(&self) -> &'static str {
        "Deploys an Alexa skill."
    }

    fn inputs(&self) -> RangeInclusive<usize> {
        1..=2
    }

    fn outputs(&self) -> RangeInclusive<usize> {
        0..=0
    }

    fn config(&self) -> &'static [ConfigKey] {
        const {
            &[
                ConfigKey::required("ClientId", "The client of the security profile."),
                ConfigKey::required("ClientSecret", "Its secret.").secret(),
                ConfigKey::required("RefreshToken", "The refresh token of the vendor's account.").secret(),
                ConfigKey::required("SkillId", "The skill."),
            ]
        }
    }

    fn permissions(&self) -> &'static [&'static str] {
        &[]
    }

    fn example(&self) -> &'static str {
        r#"name: Deploy
actionTypeId:
  category: Deploy
  owner: ThirdParty
  provider: AlexaSkillsKit
  version: "1"
inputArtifacts:
  - name: BuildOutput
configuration:
  ClientId: amzn1.application-oa2-client.example
  ClientSecret: '{{resolve:secretsmanager:alexa:SecretString:secret}}'
  RefreshToken: '{{resolve:secretsmanager:alexa:SecretString:token}}'
  SkillId: amzn1.ask.skill.example
"#
    }
}
