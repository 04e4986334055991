//! What the service refuses, in its own codes and words.
//!
//! Sentences that public sources quote are quoted; where only the code is documented, the sentence is
//! the API reference's description of the exception.

use aws_call::CallError;

use super::{Application, DeploymentGroup, World};
use crate::client::{BundleType, ComputePlatform, CreateDeployment, DeploymentId, RevisionLocation};
use crate::config::predefined;
use crate::model::Kind;
use crate::read::read_as;

const CREATE: &str = "CreateDeployment";
pub(super) const PUT_STATUS: &str = "PutLifecycleEventHookExecutionStatus";

const LONGEST_NAME: usize = 100;
const LONGEST_DESCRIPTION: usize = 256;

const NOT_WELL_FORMED: &str = "The AppSpec file must be valid JSON or YAML The input AppSpec file is a not well-formed yaml. The template cannot be parsed.";

pub(super) fn no_deployment(operation: &'static str, id: &DeploymentId) -> CallError {
    CallError::service(operation, "DeploymentDoesNotExistException", format!("The deployment {id} could not be found"))
}

pub(super) fn application_name(operation: &'static str, name: &str) -> Result<(), CallError> {
    if name.is_empty() {
        let message = "The minimum number of required application names was not specified.";
        return Err(CallError::service(operation, "ApplicationNameRequiredException", message));
    }
    let allowed = |c: char| c.is_ascii_alphanumeric() || "+=,.@_-".contains(c);
    if name.chars().count() > LONGEST_NAME || !name.chars().all(allowed) {
        let message = "The application name was specified in an invalid format.";
        return Err(CallError::service(operation, "InvalidApplicationNameException", message));
    }
    Ok(())
}

fn no_application(operation: &'static str, name: &str) -> CallError {
    CallError::service(operation, "ApplicationDoesNotExistException", format!("No application found for name: {name}"))
}

pub(super) fn application_mut<'w>(
    operation: &'static str,
    world: &'w mut World,
    name: &str,
) -> Result<&'w mut Application, CallError> {
    application_name(operation, name)?;
    world.applications.get_mut(name).ok_or_else(|| no_application(operation, name))
}

pub(super) fn config(operation: &'static str, name: Option<&str>, platform: &ComputePlatform) -> Result<(), CallError> {
    let Some(name) = name else { return Ok(()) };
    let Some(config) = predefined(name) else {
        let message = format!("No Deployment Configuration found for name: {name}");
        return Err(CallError::service(operation, "DeploymentConfigDoesNotExistException", message));
    };
    if config.compute_platform != *platform {
        let message = format!(
            "Compute platform of deployment config {name} does not match expected compute platform, correct compute platform should be {platform}."
        );
        return Err(CallError::service(operation, "InvalidDeploymentConfigNameException", message));
    }
    Ok(())
}

/// Everything that CreateDeployment refuses before it starts anything; answers platform and group.
pub(super) fn create_deployment(
    world: &World,
    request: &CreateDeployment,
) -> Result<(ComputePlatform, DeploymentGroup), CallError> {
    let name = &request.application_name;
    application_name(CREATE, name)?;
    let application = world.applications.get(name).ok_or_else(|| no_application(CREATE, name))?;
    let Some(group) = request.deployment_group_name.as_deref().filter(|group| !group.is_empty()) else {
        let message = "The deployment group name was not specified.";
        return Err(CallError::service(CREATE, "DeploymentGroupNameRequiredException", message));
    };
    let group = application.groups.get(group).ok_or_else(|| {
        let message = format!("No Deployment Group found for name: {group}");
        CallError::service(CREATE, "DeploymentGroupDoesNotExistException", message)
    })?;
    if request.description.as_ref().is_some_and(|text| text.chars().count() > LONGEST_DESCRIPTION) {
        let message = "The description is too long.";
        return Err(CallError::service(CREATE, "DescriptionTooLongException", message));
    }
    let Some(location) = &request.revision else {
        return Err(CallError::service(CREATE, "RevisionRequiredException", "The revision ID was not specified."));
    };
    revision(location, &application.compute_platform)?;
    config(CREATE, request.deployment_config_name.as_deref(), &application.compute_platform)?;
    Ok((application.compute_platform.clone(), group.clone()))
}

fn revision(location: &RevisionLocation, platform: &ComputePlatform) -> Result<(), CallError> {
    let invalid = |message: String| Err(CallError::service(CREATE, "InvalidRevisionException", message));
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
        (RevisionLocation::AppSpecContent { content, .. }, _) => {
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
