//! The request of a build, override by override.

use aws_sdk_codebuild::Client;
use aws_sdk_codebuild::error::BuildError;
use aws_sdk_codebuild::operation::start_build::builders::StartBuildFluentBuilder;
use aws_sdk_codebuild::operation::start_build_batch::builders::StartBuildBatchFluentBuilder;
use aws_sdk_codebuild::types;

use super::super::{StartBuildBatchRequest, StartBuildRequest};
use super::convert::{
    all, artifacts, batch_config, build_status, cache, logs, registry_credential, source, source_auth, source_version,
    submodules, variable,
};

pub(super) fn build(client: &Client, request: &StartBuildRequest) -> Result<StartBuildFluentBuilder, BuildError> {
    let fleet = request.fleet_override.as_ref().map(|arn| types::ProjectFleet::builder().fleet_arn(arn).build());
    Ok(client
        .start_build()
        .project_name(&request.project_name)
        .set_source_version(request.source_version.clone())
        .set_secondary_sources_override(all(&request.secondary_sources_override, source)?)
        .set_secondary_sources_version_override(all(&request.secondary_sources_version_override, source_version)?)
        .set_artifacts_override(request.artifacts_override.as_ref().map(artifacts).transpose()?)
        .set_secondary_artifacts_override(all(&request.secondary_artifacts_override, artifacts)?)
        .set_environment_variables_override(all(&request.environment_variables_override, variable)?)
        .set_source_type_override(request.source_type_override.as_deref().map(types::SourceType::from))
        .set_source_location_override(request.source_location_override.clone())
        .set_source_auth_override(request.source_auth_override.as_ref().map(source_auth).transpose()?)
        .set_git_clone_depth_override(request.git_clone_depth_override)
        .set_git_submodules_config_override(request.fetch_submodules_override.map(submodules).transpose()?)
        .set_buildspec_override(request.buildspec_override.clone())
        .set_insecure_ssl_override(request.insecure_ssl_override)
        .set_report_build_status_override(request.report_build_status_override)
        .set_build_status_config_override(request.build_status_config_override.as_ref().map(build_status))
        .set_environment_type_override(request.environment_type_override.as_deref().map(types::EnvironmentType::from))
        .set_image_override(request.image_override.clone())
        .set_compute_type_override(request.compute_type_override.as_deref().map(types::ComputeType::from))
        .set_certificate_override(request.certificate_override.clone())
        .set_cache_override(request.cache_override.as_ref().map(cache).transpose()?)
        .set_service_role_override(request.service_role_override.clone())
        .set_privileged_mode_override(request.privileged_mode_override)
        .set_timeout_in_minutes_override(request.timeout_in_minutes_override)
        .set_queued_timeout_in_minutes_override(request.queued_timeout_in_minutes_override)
        .set_encryption_key_override(request.encryption_key_override.clone())
        .set_idempotency_token(request.idempotency_token.clone())
        .set_logs_config_override(request.logs_config_override.as_ref().map(logs).transpose()?)
        .set_registry_credential_override(
            request.registry_credential_override.as_deref().map(registry_credential).transpose()?,
        )
        .set_image_pull_credentials_type_override(
            request.image_pull_credentials_type_override.as_deref().map(types::ImagePullCredentialsType::from),
        )
        .set_debug_session_enabled(request.debug_session_enabled)
        .set_fleet_override(fleet)
        .set_auto_retry_limit_override(request.auto_retry_limit_override)
        .set_host_kernel_override(request.host_kernel_override.as_deref().map(types::HostKernel::from)))
}

/// As [`build`]; two of the overrides have other names here, and what batches do not have was refused before.
pub(super) fn batch(
    client: &Client,
    request: &StartBuildBatchRequest,
) -> Result<StartBuildBatchFluentBuilder, BuildError> {
    let build = &request.build;
    Ok(client
        .start_build_batch()
        .project_name(&build.project_name)
        .set_source_version(build.source_version.clone())
        .set_secondary_sources_override(all(&build.secondary_sources_override, source)?)
        .set_secondary_sources_version_override(all(&build.secondary_sources_version_override, source_version)?)
        .set_artifacts_override(build.artifacts_override.as_ref().map(artifacts).transpose()?)
        .set_secondary_artifacts_override(all(&build.secondary_artifacts_override, artifacts)?)
        .set_environment_variables_override(all(&build.environment_variables_override, variable)?)
        .set_source_type_override(build.source_type_override.as_deref().map(types::SourceType::from))
        .set_source_location_override(build.source_location_override.clone())
        .set_source_auth_override(build.source_auth_override.as_ref().map(source_auth).transpose()?)
        .set_git_clone_depth_override(build.git_clone_depth_override)
        .set_git_submodules_config_override(build.fetch_submodules_override.map(submodules).transpose()?)
        .set_buildspec_override(build.buildspec_override.clone())
        .set_insecure_ssl_override(build.insecure_ssl_override)
        .set_report_build_batch_status_override(build.report_build_status_override)
        .set_environment_type_override(build.environment_type_override.as_deref().map(types::EnvironmentType::from))
        .set_image_override(build.image_override.clone())
        .set_compute_type_override(build.compute_type_override.as_deref().map(types::ComputeType::from))
        .set_certificate_override(build.certificate_override.clone())
        .set_cache_override(build.cache_override.as_ref().map(cache).transpose()?)
        .set_service_role_override(build.service_role_override.clone())
        .set_privileged_mode_override(build.privileged_mode_override)
        .set_build_timeout_in_minutes_override(build.timeout_in_minutes_override)
        .set_queued_timeout_in_minutes_override(build.queued_timeout_in_minutes_override)
        .set_encryption_key_override(build.encryption_key_override.clone())
        .set_idempotency_token(build.idempotency_token.clone())
        .set_logs_config_override(build.logs_config_override.as_ref().map(logs).transpose()?)
        .set_registry_credential_override(
            build.registry_credential_override.as_deref().map(registry_credential).transpose()?,
        )
        .set_image_pull_credentials_type_override(
            build.image_pull_credentials_type_override.as_deref().map(types::ImagePullCredentialsType::from),
        )
        .set_debug_session_enabled(build.debug_session_enabled)
        .set_build_batch_config_override(request.batch_config_override.as_ref().map(batch_config)))
}
