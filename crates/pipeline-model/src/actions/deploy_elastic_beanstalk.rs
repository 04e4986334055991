//! `Deploy/AWS/ElasticBeanstalk/1`: deploys the input artifact to an Elastic Beanstalk environment.

use std::ops::RangeInclusive;

use super::{ActionType, ConfigKey, TypeName};

/// Deploys the input artifact to an Elastic Beanstalk environment.
#[derive(Clone, Copy, Debug)]
pub(super) struct DeployElasticBeanstalk;

impl ActionType for DeployElasticBeanstalk {
    fn id(&self) -> TypeName<'_> {
        TypeName::aws("Deploy", "ElasticBeanstalk")
    }

    fn summary(&self) -> &'static str {
        "Deploys the input artifact to an Elastic Beanstalk environment."
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
                ConfigKey::required("ApplicationName", "The application."),
                ConfigKey::required("EnvironmentName", "The environment."),
            ]
        }
    }

    fn permissions(&self) -> &'static [&'static str] {
        &[
            "elasticbeanstalk:CreateApplicationVersion",
            "elasticbeanstalk:DescribeApplicationVersions",
            "elasticbeanstalk:DescribeEnvironments",
            "elasticbeanstalk:DescribeEvents",
            "elasticbeanstalk:UpdateEnvironment",
        ]
    }

    fn example(&self) -> &'static str {
        r#"name: Deploy
actionTypeId:
  category: Deploy
  owner: AWS
  provider: ElasticBeanstalk
  version: "1"
inputArtifacts:
  - name: BuildOutput
configuration:
  ApplicationName: shop
  EnvironmentName: production
"#
    }
}
