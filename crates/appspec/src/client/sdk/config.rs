//! Deployment configurations, there and back.

use std::borrow::Cow;
use std::time::Duration;

use aws_call::{CallError, Fault};
use aws_sdk_codedeploy::types;

use crate::config::{ConfigRule, DeploymentConfig, MinimumHealthyHosts, TrafficRouting, ZonalConfig};

pub(super) fn minimum_to_sdk(hosts: MinimumHealthyHosts) -> types::MinimumHealthyHosts {
    let (kind, value) = match hosts {
        MinimumHealthyHosts::HostCount(count) => (types::MinimumHealthyHostsType::HostCount, count),
        MinimumHealthyHosts::FleetPercent(percent) => (types::MinimumHealthyHostsType::FleetPercent, percent.into()),
        // The service answers this type and takes it from nobody; it says so itself.
        MinimumHealthyHosts::MostConcurrency(count) => {
            (types::MinimumHealthyHostsType::from("MOST_CONCURRENCY"), count)
        }
    };
    types::MinimumHealthyHosts::builder().r#type(kind).value(number(value)).build()
}

fn number(value: u32) -> i32 {
    i32::try_from(value).unwrap_or(i32::MAX)
}

fn minutes(interval: Duration) -> i32 {
    i32::try_from(interval.as_secs() / 60).unwrap_or(i32::MAX)
}

fn seconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_secs()).unwrap_or(i64::MAX)
}

pub(super) fn routing_to_sdk(routing: TrafficRouting) -> types::TrafficRoutingConfig {
    let builder = types::TrafficRoutingConfig::builder();
    match routing {
        TrafficRouting::AllAtOnce => builder.r#type(types::TrafficRoutingType::AllAtOnce).build(),
        TrafficRouting::TimeBasedCanary { percentage, interval } => builder
            .r#type(types::TrafficRoutingType::TimeBasedCanary)
            .time_based_canary(
                types::TimeBasedCanary::builder()
                    .canary_percentage(percentage.into())
                    .canary_interval(minutes(interval))
                    .build(),
            )
            .build(),
        TrafficRouting::TimeBasedLinear { percentage, interval } => builder
            .r#type(types::TrafficRoutingType::TimeBasedLinear)
            .time_based_linear(
                types::TimeBasedLinear::builder()
                    .linear_percentage(percentage.into())
                    .linear_interval(minutes(interval))
                    .build(),
            )
            .build(),
    }
}

pub(super) fn zonal_to_sdk(zonal: &ZonalConfig) -> types::ZonalConfig {
    let hosts = minimum_to_sdk(zonal.minimum_healthy_hosts_per_zone);
    let kind = hosts.r#type.as_ref().map_or("", types::MinimumHealthyHostsType::as_str);
    let per_zone = types::MinimumHealthyHostsPerZone::builder()
        .r#type(types::MinimumHealthyHostsPerZoneType::from(kind))
        .value(hosts.value)
        .build();
    types::ZonalConfig::builder()
        .set_first_zone_monitor_duration_in_seconds(zonal.first_zone_monitor_duration.map(seconds))
        .monitor_duration_in_seconds(seconds(zonal.monitor_duration))
        .minimum_healthy_hosts_per_zone(per_zone)
        .build()
}

fn minimum_from_sdk(kind: &str, value: i32) -> Option<MinimumHealthyHosts> {
    let count = u32::try_from(value).ok()?;
    match kind {
        "HOST_COUNT" => Some(MinimumHealthyHosts::HostCount(count)),
        "FLEET_PERCENT" => Some(MinimumHealthyHosts::FleetPercent(u8::try_from(count).ok()?)),
        "MOST_CONCURRENCY" => Some(MinimumHealthyHosts::MostConcurrency(count)),
        _ => None,
    }
}

fn routing_from_sdk(routing: &types::TrafficRoutingConfig) -> Option<TrafficRouting> {
    let minutes = |value: i32| Some(Duration::from_secs(u64::try_from(value).ok()?.checked_mul(60)?));
    match (&routing.time_based_canary, &routing.time_based_linear) {
        (Some(canary), _) => Some(TrafficRouting::TimeBasedCanary {
            percentage: u8::try_from(canary.canary_percentage).ok()?,
            interval: minutes(canary.canary_interval)?,
        }),
        (None, Some(linear)) => Some(TrafficRouting::TimeBasedLinear {
            percentage: u8::try_from(linear.linear_percentage).ok()?,
            interval: minutes(linear.linear_interval)?,
        }),
        (None, None) => {
            (routing.r#type == Some(types::TrafficRoutingType::AllAtOnce)).then_some(TrafficRouting::AllAtOnce)
        }
    }
}

fn zonal_from_sdk(zonal: &types::ZonalConfig) -> Option<ZonalConfig> {
    let seconds = |value: i64| Some(Duration::from_secs(u64::try_from(value).ok()?));
    let mut read = ZonalConfig::default();
    if let Some(duration) = zonal.monitor_duration_in_seconds {
        read.monitor_duration = seconds(duration)?;
    }
    if let Some(duration) = zonal.first_zone_monitor_duration_in_seconds {
        read.first_zone_monitor_duration = Some(seconds(duration)?);
    }
    if let Some(hosts) = &zonal.minimum_healthy_hosts_per_zone {
        let kind = hosts.r#type.as_ref().map_or("", types::MinimumHealthyHostsPerZoneType::as_str);
        read.minimum_healthy_hosts_per_zone = minimum_from_sdk(kind, hosts.value)?;
    }
    Some(read)
}

/// A configuration that this crate cannot say is refused by name: a wrong one would be simulated and
/// waited for wrongly.
pub(super) fn config_from_sdk(
    operation: &'static str,
    name: &str,
    info: &types::DeploymentConfigInfo,
) -> Result<DeploymentConfig, CallError> {
    let unknown = || {
        let message = format!("the configuration {name} has a rule that this version does not know");
        CallError::new(operation, Fault::Unsupported).with_message(message)
    };
    let rule = match (&info.traffic_routing_config, &info.minimum_healthy_hosts) {
        (Some(routing), _) => ConfigRule::Traffic(routing_from_sdk(routing).ok_or_else(unknown)?),
        (None, Some(hosts)) => {
            let kind = hosts.r#type.as_ref().map_or("", types::MinimumHealthyHostsType::as_str);
            ConfigRule::Hosts(minimum_from_sdk(kind, hosts.value).ok_or_else(unknown)?)
        }
        (None, None) => return Err(unknown()),
    };
    let zonal = info.zonal_config.as_ref().map(|zonal| zonal_from_sdk(zonal).ok_or_else(unknown)).transpose()?;
    // An answer without platform is one from before there was more than one.
    let platform = info.compute_platform.as_ref().map_or("Server", types::ComputePlatform::as_str);
    let name = info.deployment_config_name.clone().unwrap_or_else(|| name.to_owned());
    Ok(DeploymentConfig { name: Cow::Owned(name), compute_platform: platform.into(), rule, zonal })
}
