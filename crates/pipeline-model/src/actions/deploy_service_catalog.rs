//! `Deploy/AWS/ServiceCatalog/1`: creates a product version in Service Catalog.

use std::ops::RangeInclusive;

use super::{ActionType, ConfigKey, TypeName};

/// Creates a product version in Service Catalog.
#[derive(Clone, Copy, Debug)]
pub(super) struct DeployServiceCatalog;

impl ActionType for DeployServiceCatalog {
    fn id(&self) -> TypeName<'_> {
        TypeName::aws("Deploy", "ServiceCatalog")
    }

    fn summary(&self) -> &'static str {
        "Creates a product version in Service Catalog."
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
                ConfigKey::optional("ConfigurationFilePath", "The file in the artifact that holds all other settings."),
                ConfigKey::required("ProductId", "The product."),
                ConfigKey::optional("ProductType", "The kind of product."),
                ConfigKey::optional("ProductVersionDescription", "What the version is."),
                ConfigKey::optional("ProductVersionName", "The version."),
                ConfigKey::optional("TemplateFilePath", "The template in the artifact."),
            ]
        }
    }

    fn permissions(&self) -> &'static [&'static str] {
        &[
            "cloudformation:ValidateTemplate",
            "servicecatalog:CreateProvisioningArtifact",
            "servicecatalog:DeleteProvisioningArtifact",
            "servicecatalog:DescribeProvisioningArtifact",
            "servicecatalog:ListProvisioningArtifacts",
            "servicecatalog:UpdateProduct",
        ]
    }

    fn example(&self) -> &'static str {
        r#"name: Deploy
actionTypeId:
  category: Deploy
  owner: AWS
  provider: ServiceCatalog
  version: "1"
inputArtifacts:
  - name: BuildOutput
configuration:
  ConfigurationFilePath: product.json
  ProductId: prod-abcdefghijklm
"#
    }
}
