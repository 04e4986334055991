//! The real services in place of those in memory (feature `aws`). Builds still run on this machine.

use std::sync::Arc;

use anyhow::{Context, ensure};
use aws_config::BehaviorVersion;
use ecr_push::client::{Ecr, EcrPublic, ImageStore};
use ecr_push::login::Logins;
use ecr_push::repository::{Account, Wanted, ensure as ensure_repository};
use ecr_push::{ImageRef, Registry};
use pipeline_runner::artifact::{ArtifactStore, S3Store};
use pipeline_runner::client::Job;
use pipeline_runner::client::sdk::{CodePipelineJobs, job_objects};
use pipeline_runner::memory::{LocalAccount, Site};
use pipeline_runner::worker::OpenArtifacts;
use pipeline_runner::{AwsClients, LocalSettings};

/// The services of AWS for a pipeline that runs here, builds included. Region, credentials and endpoints come from the
/// environment and the profile, as for `aws`.
///
/// # Errors
/// When the account or region in the settings is none, or the region is another one than the environment's.
pub async fn clients(settings: &LocalSettings, site: &Site) -> anyhow::Result<AwsClients> {
    let config = aws_config::load_defaults(BehaviorVersion::latest()).await;
    let local = LocalAccount::open(settings, site, None).await?.backends;
    let configured = config.region().context("no region: set AWS_REGION or a profile's `region`")?;
    ensure!(
        configured.as_ref() == local.region.as_str(),
        "the environment's region is {configured} and the settings' is {}: make them agree, since image names carry the region",
        local.region
    );
    Ok(AwsClients::new(local, config, Arc::clone(&site.clock), Arc::clone(&site.ids)).with_builds_here())
}

/// Tokens for a registry of ECR: those of a private one come from its region, those of the public one from `us-east-1`.
///
/// # Errors
/// When it is no registry of ECR.
pub async fn ecr_logins(registry: &Registry) -> anyhow::Result<Arc<dyn Logins>> {
    if !registry.is_ecr_public() {
        return Ok(Arc::new(ecr_client(registry).await?));
    }
    let config = in_region(EcrPublic::REGION).await;
    Ok(Arc::new(EcrPublic::new(aws_sdk_ecrpublic::Client::new(&config))))
}

/// The images of a registry of ECR, through ECR's own API.
///
/// # Errors
/// When the registry is not a private one of ECR.
pub async fn ecr_store(registry: &Registry) -> anyhow::Result<Arc<dyn ImageStore>> {
    Ok(Arc::new(ecr_client(registry).await?))
}

/// Creates the repository of an image if it is missing; what was done, in words.
///
/// # Errors
/// When the registry is not a private one of ECR, and when ECR refuses.
pub async fn create_repository(target: &ImageRef) -> anyhow::Result<Vec<String>> {
    let account = Account::new(Arc::new(ecr_client(target.registry()).await?));
    let plan = ensure_repository(&account, &Wanted::new(target.repository().clone())).await?;
    Ok(plan.steps.iter().map(ToString::to_string).collect())
}

/// A client in the region that the registry's name says, whatever the environment's.
///
/// # Errors
/// When the registry is not a private one of ECR.
pub async fn ecr_client(registry: &Registry) -> anyhow::Result<Ecr> {
    let host = registry.ecr().with_context(|| format!("{registry} is not a private registry of ECR"))?;
    let config = in_region(host.region.as_str()).await;
    Ok(Ecr::from(aws_sdk_ecr::Client::new(&config)).for_registry(registry))
}

/// The queue of CodePipeline for job workers, and the artifacts of its jobs.
pub async fn job_queue() -> (CodePipelineJobs, OpenArtifacts) {
    let config = aws_config::load_defaults(BehaviorVersion::latest()).await;
    let queue = CodePipelineJobs::from(aws_sdk_codepipeline::Client::new(&config));
    let open = move |job: &Job| {
        let store = S3Store::across_buckets(job_objects(&config, job));
        let store = job.encryption_key.clone().into_iter().fold(store, S3Store::with_kms_key);
        Arc::new(store) as Arc<dyn ArtifactStore>
    };
    (queue, Arc::new(open))
}

async fn in_region(region: &str) -> aws_config::SdkConfig {
    let region = aws_config::Region::new(region.to_owned());
    aws_config::defaults(BehaviorVersion::latest()).region(region).load().await
}
