//! `Deploy/AWS/EKS/1`: deploys a Helm chart or Kubernetes manifests.

use std::ops::RangeInclusive;

use super::{ActionType, ConfigKey, OutputVariables, Problems, Settings, TypeName};

/// Deploys a Helm chart or Kubernetes manifests.
#[derive(Clone, Copy, Debug)]
pub(super) struct DeployEks;

impl ActionType for DeployEks {
    fn id(&self) -> TypeName<'_> {
        TypeName::aws("Deploy", "EKS")
    }

    fn summary(&self) -> &'static str {
        "Deploys a Helm chart or Kubernetes manifests."
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
                ConfigKey::required("ClusterName", "The cluster."),
                ConfigKey::optional("HelmChartLocation", "Where the chart lies in the artifact."),
                ConfigKey::optional("HelmReleaseName", "The release."),
                ConfigKey::optional("HelmValuesFiles", "Value files, separated by commas."),
                ConfigKey::optional("ManifestFiles", "Manifests, separated by commas."),
                ConfigKey::optional("Namespace", "The Kubernetes namespace."),
                ConfigKey::optional("SecurityGroupIds", "Security groups inside the VPC."),
                ConfigKey::optional("Subnets", "Subnets inside the VPC."),
            ]
        }
    }

    fn output_variables(&self) -> OutputVariables {
        OutputVariables::Fixed(&["EKSClusterName"])
    }

    fn permissions(&self) -> &'static [&'static str] {
        &["eks:DescribeCluster", "logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"]
    }

    fn v2_only(&self) -> bool {
        true
    }

    fn example(&self) -> &'static str {
        r#"name: Deploy
actionTypeId:
  category: Deploy
  owner: AWS
  provider: EKS
  version: "1"
inputArtifacts:
  - name: BuildOutput
configuration:
  ClusterName: shop
  ManifestFiles: k8s/web.yaml
"#
    }

    fn check(&self, settings: &Settings<'_>, problems: &mut Problems) {
        let helm = ["HelmChartLocation", "HelmReleaseName"];
        let given = |key: &&str| settings.action().configuration.contains_key(*key);
        if helm.iter().any(given) {
            for key in helm.iter().filter(|key| settings.lacks(key)) {
                problems.missing(key, "a Helm deployment needs both the chart and the release");
            }
            if given(&"ManifestFiles") {
                problems.invalid("ManifestFiles", "an action deploys either a Helm chart or manifests, not both");
            }
        } else if settings.lacks("ManifestFiles") {
            problems.missing("ManifestFiles", "an action without a Helm chart deploys manifests");
        }
    }
}
