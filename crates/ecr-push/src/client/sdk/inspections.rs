//! What ECR says of images after a push, through the SDK.

use async_trait::async_trait;
use aws_call::{CallError, Fault};
use aws_sdk_ecr::types::{self, ImageIdentifier};

use super::{Ecr, digest};
use crate::{
    client::{Destination, Inspections, Operation, Replica, Scan, Vulnerability},
    digest::Digest,
    reference::{RepositoryName, Tag},
    repository::ImageDetail,
};

fn by_digest(image: Digest) -> ImageIdentifier {
    ImageIdentifier::builder().image_digest(image.to_string()).build()
}

#[async_trait]
impl Inspections for Ecr {
    async fn scan(&self, repository: &RepositoryName, image: Digest) -> Result<Scan, CallError> {
        let operation = Operation::DescribeImageScanFindings;
        let call = self.client.describe_image_scan_findings().set_registry_id(self.registry_id());
        let call = call.repository_name(repository.as_str()).image_id(by_digest(image));
        let mut pages = call.into_paginator().send();
        let mut scan = Scan::default();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| CallError::from_sdk(operation.as_str(), error))?;
            if let Some(status) = page.image_scan_status() {
                scan.status = status.status().map(|status| status.as_str().to_owned()).unwrap_or_default();
                scan.description = status.description().map(str::to_owned);
            }
            let Some(found) = page.image_scan_findings() else { continue };
            // The counts are those of all pages, on each of them.
            let counts = found.finding_severity_counts().into_iter().flatten();
            scan.counts.extend(
                counts.map(|(severity, count)| (severity.as_str().to_owned(), u64::try_from(*count).unwrap_or(0))),
            );
            scan.findings.extend(found.findings().iter().map(basic));
            scan.findings.extend(found.enhanced_findings().iter().map(enhanced));
        }
        Ok(scan)
    }

    async fn start_scan(&self, repository: &RepositoryName, image: Digest) -> Result<(), CallError> {
        let operation = Operation::StartImageScan;
        let call = self.client.start_image_scan().set_registry_id(self.registry_id());
        let result = call.repository_name(repository.as_str()).image_id(by_digest(image)).send().await;
        result.map(drop).map_err(|error| CallError::from_sdk(operation.as_str(), error))
    }

    async fn replicas(&self, repository: &RepositoryName, image: Digest) -> Result<Vec<Replica>, CallError> {
        let operation = Operation::DescribeImageReplicationStatus;
        let call = self.client.describe_image_replication_status().set_registry_id(self.registry_id());
        let output = call.repository_name(repository.as_str()).image_id(by_digest(image)).send().await;
        let output = output.map_err(|error| CallError::from_sdk(operation.as_str(), error))?;
        let wrong = |error| CallError::new(operation.as_str(), Fault::Other).with_source(error);
        let mut replicas = Vec::new();
        for status in output.replication_statuses() {
            let region = status.region().unwrap_or_default().parse().map_err(wrong)?;
            let account = status.registry_id().unwrap_or_default().parse().map_err(wrong)?;
            replicas.push(Replica {
                destination: Destination::new(region, account),
                status: status.status().map(|status| status.as_str().to_owned()).unwrap_or_default(),
                failure: status.failure_code().map(str::to_owned),
            });
        }
        Ok(replicas)
    }

    /// The calls do not tell which indexes name an image; whoever needs that reads the manifests.
    async fn images(&self, repository: &RepositoryName) -> Result<Vec<ImageDetail>, CallError> {
        let operation = Operation::DescribeImages;
        let call = self.client.describe_images().set_registry_id(self.registry_id());
        let mut pages = call.repository_name(repository.as_str()).into_paginator().send();
        let mut images = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| CallError::from_sdk(operation.as_str(), error))?;
            for detail in page.image_details() {
                images.push(image(operation, detail)?);
            }
        }
        Ok(images)
    }
}

fn image(operation: Operation, detail: &types::ImageDetail) -> Result<ImageDetail, CallError> {
    let time = |time: Option<&aws_sdk_ecr::primitives::DateTime>| {
        time.and_then(|time| std::time::SystemTime::try_from(*time).ok())
    };
    let pushed = time(detail.image_pushed_at()).ok_or_else(|| super::lacks(operation, "imagePushedAt"))?;
    let mut image = ImageDetail::new(digest(operation, detail.image_digest())?, pushed);
    image.tags = detail.image_tags().iter().filter_map(|tag| Tag::parse(tag).ok()).collect();
    image.pulled_at = time(detail.last_recorded_pull_time());
    image.size = detail.image_size_in_bytes().and_then(|size| u64::try_from(size).ok()).unwrap_or_default();
    if detail.image_status() == Some(&types::ImageStatus::Archived) {
        image.archived_at = time(detail.last_archived_at()).or(Some(pushed));
    }
    Ok(image)
}

fn basic(finding: &types::ImageScanFinding) -> Vulnerability {
    let attribute = |key: &str| {
        let found = finding.attributes().iter().find(|attribute| attribute.key() == key);
        found.and_then(types::Attribute::value).map(str::to_owned)
    };
    Vulnerability {
        name: finding.name().unwrap_or_default().to_owned(),
        severity: finding.severity().map(|severity| severity.as_str().to_owned()).unwrap_or_default(),
        package: attribute("package_name"),
    }
}

fn enhanced(finding: &types::EnhancedImageScanFinding) -> Vulnerability {
    let details = finding.package_vulnerability_details();
    let id = details.and_then(types::PackageVulnerabilityDetails::vulnerability_id);
    let package = details.and_then(|details| details.vulnerable_packages().first());
    Vulnerability {
        name: id.or(finding.title()).unwrap_or_default().to_owned(),
        severity: finding.severity().unwrap_or_default().to_owned(),
        package: package.and_then(types::VulnerablePackage::name).map(str::to_owned),
    }
}
