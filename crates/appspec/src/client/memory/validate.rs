//! What the service refuses, in its own codes and words.
//!
//! Sentences that public sources quote are quoted; where only the code is documented, the sentence is
//! the API reference's description of the exception.

use aws_call::CallError;

use super::{ApplicationEntry, World, prepare, refuse};
use crate::agent::NOT_WELL_FORMED;
use crate::client::digest::sha256_hex;
use crate::client::{BundleType, ComputePlatform, CreateDeployment, DeploymentGroup, DeploymentId, RevisionLocation};
use crate::model::Kind;
use crate::read::read_as;

const CREATE: &str = "CreateDeployment";
pub(super) const PUT_STATUS: &str = "PutLifecycleEventHookExecutionStatus";

const LONGEST_NAME: usize = 100;
const LONGEST_DESCRIPTION: usize = 256;

pub(super) fn no_deployment(operation: &'static str, id: &DeploymentId) -> CallError {
    CallError::service(operation, "DeploymentDoesNotExistException", format!("The deployment {id} could not be found"))
}

/// Whether a text can be the name of an application, group or configuration.
pub(super) fn is_name(name: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "+=,.@_-".contains(c);
    (1..=LONGEST_NAME).contains(&name.chars().count()) && name.chars().all(allowed)
}

pub(super) fn application_name(operation: &'static str, name: &str) -> Result<(), CallError> {
    if name.is_empty() {
        let message = "The minimum number of required application names was not specified.";
        return refuse(operation, "ApplicationNameRequiredException", message);
    }
    if !is_name(name) {
        let message = "The application name was specified in an invalid format.";
        return refuse(operation, "InvalidApplicationNameException", message);
    }
    Ok(())
}

pub(super) fn group_name(operation: &'static str, name: &str) -> Result<(), CallError> {
    if name.is_empty() {
        let message = "The deployment group name was not specified.";
        return refuse(operation, "DeploymentGroupNameRequiredException", message);
    }
    if !is_name(name) {
        let message = "The deployment group name was specified in an invalid format.";
        return refuse(operation, "InvalidDeploymentGroupNameException", message);
    }
    Ok(())
}

pub(super) fn platform(operation: &'static str, platform: &ComputePlatform) -> Result<(), CallError> {
    if matches!(platform, ComputePlatform::Unknown(_)) {
        let message = "The computePlatform is invalid. The computePlatform should be Lambda, Server, or ECS.";
        return refuse(operation, "InvalidComputePlatformException", message);
    }
    Ok(())
}

pub(super) fn description(operation: &'static str, text: Option<&str>) -> Result<(), CallError> {
    if text.is_some_and(|text| text.chars().count() > LONGEST_DESCRIPTION) {
        return refuse(operation, "DescriptionTooLongException", "The description is too long.");
    }
    Ok(())
}

fn no_application(operation: &'static str, name: &str) -> CallError {
    CallError::service(operation, "ApplicationDoesNotExistException", format!("No application found for name: {name}"))
}

pub(super) fn application<'w>(
    operation: &'static str,
    world: &'w World,
    name: &str,
) -> Result<&'w ApplicationEntry, CallError> {
    application_name(operation, name)?;
    world.applications.get(name).ok_or_else(|| no_application(operation, name))
}

pub(super) fn application_mut<'w>(
    operation: &'static str,
    world: &'w mut World,
    name: &str,
) -> Result<&'w mut ApplicationEntry, CallError> {
    application_name(operation, name)?;
    world.applications.get_mut(name).ok_or_else(|| no_application(operation, name))
}

pub(super) fn group<'w>(
    operation: &'static str,
    world: &'w World,
    application_name: &str,
    name: &str,
) -> Result<&'w DeploymentGroup, CallError> {
    let entry = application(operation, world, application_name)?;
    group_name(operation, name)?;
    entry.groups.get(name).ok_or_else(|| {
        let message = format!("No Deployment Group found for name: {name}");
        CallError::service(operation, "DeploymentGroupDoesNotExistException", message)
    })
}

pub(super) fn no_config(operation: &'static str, name: &str) -> CallError {
    let message = format!("No Deployment Configuration found for name: {name}");
    CallError::service(operation, "DeploymentConfigDoesNotExistException", message)
}

pub(super) fn config(
    operation: &'static str,
    world: &World,
    name: Option<&str>,
    platform: &ComputePlatform,
) -> Result<(), CallError> {
    let Some(name) = name else { return Ok(()) };
    let config = prepare::config(world, name).ok_or_else(|| no_config(operation, name))?;
    if config.compute_platform != *platform {
        let message = format!(
            "Compute platform of deployment config {name} does not match expected compute platform, correct compute platform should be {platform}."
        );
        return refuse(operation, "InvalidDeploymentConfigNameException", message);
    }
    Ok(())
}

/// Everything that CreateDeployment refuses before it starts anything; answers platform and group.
pub(super) fn create_deployment(
    world: &World,
    request: &CreateDeployment,
) -> Result<(ComputePlatform, DeploymentGroup), CallError> {
    let name = &request.application_name;
    let platform = &application(CREATE, world, name)?.compute_platform;
    let group = group(CREATE, world, name, request.deployment_group_name.as_deref().unwrap_or_default())?;
    description(CREATE, request.description.as_deref())?;
    let Some(location) = &request.revision else {
        return refuse(CREATE, "RevisionRequiredException", "The revision ID was not specified.");
    };
    revision(CREATE, location, platform)?;
    config(CREATE, world, request.deployment_config_name.as_deref(), platform)?;
    if request.file_exists_behavior.as_deref().is_some_and(|word| !["DISALLOW", "OVERWRITE", "RETAIN"].contains(&word))
    {
        let message = "An invalid fileExistsBehavior option was specified to determine how CodeDeploy handles files or directories that already exist in a deployment target location, but weren't part of the previous successful deployment. Valid values include \"DISALLOW,\" \"OVERWRITE,\" and \"RETAIN.\"";
        return refuse(CREATE, "InvalidFileExistsBehaviorException", message);
    }
    Ok((platform.clone(), group.clone()))
}

pub(super) fn revision(
    operation: &'static str,
    location: &RevisionLocation,
    platform: &ComputePlatform,
) -> Result<(), CallError> {
    let invalid = |message: String| refuse(operation, "InvalidRevisionException", message);
    let unsupported =
        |kind: &str| invalid(format!("Revision type: {kind} is not supported under compute platform: {platform}"));
    match (location, platform) {
        (RevisionLocation::S3 { bundle_type, .. }, ComputePlatform::Server) => match bundle_type {
            BundleType::Tar | BundleType::Tgz | BundleType::Zip => Ok(()),
            _ => invalid("BundleType must be either tar, zip or tgz".to_owned()),
        },
        (RevisionLocation::S3 { bundle_type, .. }, _) => match bundle_type {
            BundleType::Yaml | BundleType::Json => Ok(()),
            _ => invalid("BundleType must be either YAML or JSON".to_owned()),
        },
        (RevisionLocation::GitHub { .. }, ComputePlatform::Server) => Ok(()),
        (RevisionLocation::GitHub { .. }, _) => unsupported("GitHub"),
        (RevisionLocation::AppSpecContent { .. }, ComputePlatform::Server) => unsupported("AppSpecContent"),
        (RevisionLocation::AppSpecContent { content, sha256 }, _) => {
            if sha256.as_deref().is_some_and(|digest| !digest.eq_ignore_ascii_case(&sha256_hex(content.as_bytes()))) {
                return invalid(
                    "The SHA256 hash value of the AppSpec content is not the one that was given".to_owned(),
                );
            }
            let parsed = read_as(content_source(content), kind(platform));
            let broken = parsed.value.is_none() || parsed.report.iter().any(|found| found.rule.name() == "syntax");
            if broken { invalid(NOT_WELL_FORMED.to_owned()) } else { Ok(()) }
        }
    }
}

pub(super) fn content_source(content: &str) -> spec_report::Source {
    // YAML is what the service falls back to, and JSON is YAML.
    spec_report::Source::new("appspec.yaml", content)
}

pub(super) fn kind(platform: &ComputePlatform) -> Kind {
    match platform {
        ComputePlatform::Ecs => Kind::Ecs,
        ComputePlatform::Lambda => Kind::Lambda,
        ComputePlatform::Server | ComputePlatform::Unknown(_) => Kind::Server,
    }
}
