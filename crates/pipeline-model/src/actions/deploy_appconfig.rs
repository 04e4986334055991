//! `Deploy/AWS/AppConfig/1`: deploys a configuration through AppConfig.

use std::ops::RangeInclusive;

use super::{ActionType, ConfigKey, TypeName};

/// Deploys a configuration through AppConfig.
#[derive(Clone, Copy, Debug)]
pub(super) struct DeployAppConfig;

impl ActionType for DeployAppConfig {
    fn id(&self) -> TypeName<'_> {
        TypeName::aws("Deploy", "AppConfig")
    }

    fn summary(&self) -> &'static str {
        "Deploys a configuration through AppConfig."
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
                ConfigKey::required("Application", "The application."),
                ConfigKey::required("ConfigurationProfile", "The configuration profile."),
                ConfigKey::optional("DeploymentStrategy", "The deployment strategy."),
                ConfigKey::required("Environment", "The environment."),
                ConfigKey::required("InputArtifactConfigurationPath", "The file inside the input artifact."),
            ]
        }
    }

    fn permissions(&self) -> &'static [&'static str] {
        &["appconfig:GetDeployment", "appconfig:StartDeployment", "appconfig:StopDeployment"]
    }

    fn example(&self) -> &'static str {
        r#"name: Deploy
actionTypeId:
  category: Deploy
  owner: AWS
  provider: AppConfig
  version: "1"
inputArtifacts:
  - name: BuildOutput
configuration:
  Application: shop
  ConfigurationProfile: flags
  Environment: production
  InputArtifactConfigurationPath: flags.json
"#
    }
}
