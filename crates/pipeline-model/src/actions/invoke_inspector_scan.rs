//! `Invoke/AWS/InspectorScan/1`: scans source code or an image for known vulnerabilities.

use std::ops::RangeInclusive;

use super::{ActionType, ConfigKey, OutputVariables, Problems, Settings, TypeName};

/// Scans source code or an image for known vulnerabilities.
#[derive(Clone, Copy, Debug)]
pub(super) struct InvokeInspectorScan;

impl ActionType for InvokeInspectorScan {
    fn id(&self) -> TypeName<'_> {
        TypeName::aws("Invoke", "InspectorScan")
    }

    fn summary(&self) -> &'static str {
        "Scans source code or an image for known vulnerabilities."
    }

    fn inputs(&self) -> RangeInclusive<usize> {
        0..=1
    }

    fn outputs(&self) -> RangeInclusive<usize> {
        1..=1
    }

    fn config(&self) -> &'static [ConfigKey] {
        const {
            &[
                ConfigKey::optional("CriticalThreshold", "How many critical findings are accepted."),
                ConfigKey::optional("ECRRepositoryName", "The repository of the image."),
                ConfigKey::optional("HighThreshold", "How many high findings are accepted."),
                ConfigKey::optional("ImageTag", "The tag of the image."),
                ConfigKey::required("InspectorRunMode", "What is scanned.").one_of(&["ECRImageScan", "SourceCodeScan"]),
                ConfigKey::optional("LowThreshold", "How many low findings are accepted."),
                ConfigKey::optional("MediumThreshold", "How many medium findings are accepted."),
            ]
        }
    }

    fn output_variables(&self) -> OutputVariables {
        OutputVariables::Fixed(&["HighestScannedSeverity"])
    }

    fn permissions(&self) -> &'static [&'static str] {
        &["ecr:BatchGetImage", "ecr:GetAuthorizationToken", "ecr:GetDownloadUrlForLayer", "inspector-scan:ScanSbom"]
    }

    fn example(&self) -> &'static str {
        r#"name: Scan
actionTypeId:
  category: Invoke
  owner: AWS
  provider: InspectorScan
  version: "1"
outputArtifacts:
  - name: ScanReport
configuration:
  ECRRepositoryName: shop
  InspectorRunMode: ECRImageScan
"#
    }

    fn check(&self, settings: &Settings<'_>, problems: &mut Problems) {
        if settings.known("InspectorRunMode") == Some("ECRImageScan") && settings.lacks("ECRRepositoryName") {
            problems.missing("ECRRepositoryName", "an image scan needs the repository");
        }
    }
}
