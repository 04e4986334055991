//! What the service refuses in a custom deployment configuration.

use aws_call::CallError;

use super::{refuse, validate};
use crate::client::ComputePlatform;
use crate::config::{ConfigRule, DeploymentConfig, MinimumHealthyHosts, ZonalConfig};

/// Names that begin so are the service's own.
const RESERVED: &str = "CodeDeployDefault.";

pub(super) fn config(operation: &'static str, config: &DeploymentConfig) -> Result<(), CallError> {
    if config.name.is_empty() {
        let message = "The deployment configuration name was not specified.";
        return refuse(operation, "DeploymentConfigNameRequiredException", message);
    }
    if !validate::is_name(&config.name) || config.name.starts_with(RESERVED) {
        let message = "The deployment configuration name was specified in an invalid format.";
        return refuse(operation, "InvalidDeploymentConfigNameException", message);
    }
    validate::platform(operation, &config.compute_platform)?;
    match (&config.rule, &config.compute_platform) {
        (ConfigRule::Hosts(hosts), ComputePlatform::Server) => minimum(operation, *hosts)?,
        (ConfigRule::Traffic(routing), ComputePlatform::Ecs | ComputePlatform::Lambda) => {
            if let Some(why) = routing.refusal() {
                return refuse(operation, "InvalidTrafficRoutingConfigurationException", why);
            }
        }
        (ConfigRule::Hosts(_), _) | (ConfigRule::Traffic(_), _) => {
            let message = "The configuration does not fit the compute platform.";
            return refuse(operation, "InvalidComputePlatformException", message);
        }
    }
    config.zonal.as_ref().map_or(Ok(()), |settings| zonal(operation, config, settings))
}

fn minimum(operation: &'static str, hosts: MinimumHealthyHosts) -> Result<(), CallError> {
    let message = match hosts {
        MinimumHealthyHosts::HostCount(_) | MinimumHealthyHosts::FleetPercent(0..=99) => return Ok(()),
        MinimumHealthyHosts::FleetPercent(_) => {
            "The minimum healthy instance value was specified in an invalid format: FLEET_PERCENT must be from 0 to 99"
        }
        // Only the service's own configuration has this type.
        MinimumHealthyHosts::MostConcurrency(_) => {
            "The minimum healthy instance value was specified in an invalid format: the type must be HOST_COUNT or FLEET_PERCENT"
        }
    };
    refuse(operation, "InvalidMinimumHealthyHostValueException", message)
}

fn zonal(operation: &'static str, config: &DeploymentConfig, zonal: &ZonalConfig) -> Result<(), CallError> {
    if config.compute_platform != ComputePlatform::Server {
        let message = "The ZonalConfig object is not valid: only EC2/On-Premises configurations can have one.";
        return refuse(operation, "InvalidZonalDeploymentConfigurationException", message);
    }
    minimum(operation, zonal.minimum_healthy_hosts_per_zone)
}
