//! The real ECR and ECS in place of the in-memory ones (feature `aws`). Builds still run on this machine.

use std::sync::Arc;

use anyhow::{Context, ensure};
use aws_call::{AccountId, Polling, Region};
use aws_config::BehaviorVersion;
use buildspec::run::HostShell;
use ecr_push::client::Ecr;
use ecs_taskdef::client::Ecs;
use pipeline_runner::memory::Site;
use pipeline_runner::{Backends, LocalSettings};

/// Backends over the SDK. Region, credentials and endpoints come from the environment and the profile, as for `aws`.
///
/// # Errors
/// When the account or region in the settings is none, or the region is another one than the environment's.
pub async fn backends(settings: &LocalSettings, site: &Site) -> anyhow::Result<Backends> {
    let config = aws_config::load_defaults(BehaviorVersion::latest()).await;
    let account = AccountId::parse(&settings.account)?;
    let region = Region::parse(&settings.region)?;
    let configured = config.region().context("no region: set AWS_REGION or a profile's `region`")?;
    ensure!(
        configured.as_ref() == region.as_str(),
        "the environment's region is {configured} and the settings' is {region}: make them agree, since image names carry the region"
    );
    let ecs = Arc::new(Ecs::from(aws_sdk_ecs::Client::new(&config)));
    Ok(Backends {
        account: account.clone(),
        region,
        source: site.source.clone(),
        projects: settings.codebuild.clone(),
        executor: Arc::new(HostShell::new(&site.scratch)),
        images: Arc::new(Ecr::from(aws_sdk_ecr::Client::new(&config)).with_registry_id(account)),
        task_definitions: Arc::clone(&ecs) as _,
        services: ecs,
        polling: Polling::default(),
    })
}
