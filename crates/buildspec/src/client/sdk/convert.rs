//! Our types as those of the SDK, and back.

use aws_sdk_codebuild::error::BuildError;
use aws_sdk_codebuild::types;

use super::super::{
    BatchConfig, BuildStatusConfig, CloudWatchLogs, EnvironmentVariable, LogsConfig, ProjectArtifacts, ProjectCache,
    ProjectEnvironment, ProjectSource, S3Logs, SourceAuth, SourceVersion, VariableKind,
};

/// A list, absent if it is empty.
pub(super) fn all<T, U>(
    items: &[T],
    convert: impl Fn(&T) -> Result<U, BuildError>,
) -> Result<Option<Vec<U>>, BuildError> {
    if items.is_empty() { Ok(None) } else { items.iter().map(convert).collect::<Result<_, _>>().map(Some) }
}

pub(super) fn variable(variable: &EnvironmentVariable) -> Result<types::EnvironmentVariable, BuildError> {
    let kind = match variable.kind {
        VariableKind::Plaintext => types::EnvironmentVariableType::Plaintext,
        VariableKind::ParameterStore => types::EnvironmentVariableType::ParameterStore,
        VariableKind::SecretsManager => types::EnvironmentVariableType::SecretsManager,
    };
    types::EnvironmentVariable::builder().name(&variable.name).value(&variable.value).r#type(kind).build()
}

fn of_variable(from: types::EnvironmentVariable) -> EnvironmentVariable {
    let kind = match from.r#type {
        Some(types::EnvironmentVariableType::ParameterStore) => VariableKind::ParameterStore,
        Some(types::EnvironmentVariableType::SecretsManager) => VariableKind::SecretsManager,
        _ => VariableKind::Plaintext,
    };
    EnvironmentVariable::new(from.name, from.value, kind)
}

pub(super) fn source(source: &ProjectSource) -> Result<types::ProjectSource, BuildError> {
    types::ProjectSource::builder()
        .r#type(source.kind.as_str().into())
        .set_location(source.location.clone())
        .set_git_clone_depth(source.git_clone_depth)
        .set_git_submodules_config(source.fetch_submodules.map(submodules).transpose()?)
        .set_buildspec(source.buildspec.clone())
        .set_auth(source.auth.as_ref().map(source_auth).transpose()?)
        .set_report_build_status(source.report_build_status)
        .set_build_status_config(source.build_status.as_ref().map(build_status))
        .set_insecure_ssl(source.insecure_ssl)
        .set_source_identifier(source.identifier.clone())
        .build()
}

pub(super) fn of_source(from: types::ProjectSource) -> ProjectSource {
    ProjectSource {
        kind: from.r#type.as_str().to_owned(),
        location: from.location,
        git_clone_depth: from.git_clone_depth,
        fetch_submodules: from.git_submodules_config.map(|config| config.fetch_submodules),
        buildspec: from.buildspec,
        auth: from.auth.map(|auth| SourceAuth { kind: auth.r#type.as_str().to_owned(), resource: auth.resource }),
        report_build_status: from.report_build_status,
        build_status: from
            .build_status_config
            .map(|status| BuildStatusConfig { context: status.context, target_url: status.target_url }),
        insecure_ssl: from.insecure_ssl,
        identifier: from.source_identifier,
    }
}

pub(super) fn submodules(fetch: bool) -> Result<types::GitSubmodulesConfig, BuildError> {
    types::GitSubmodulesConfig::builder().fetch_submodules(fetch).build()
}

pub(super) fn source_auth(auth: &SourceAuth) -> Result<types::SourceAuth, BuildError> {
    types::SourceAuth::builder().r#type(auth.kind.as_str().into()).set_resource(auth.resource.clone()).build()
}

pub(super) fn source_version(version: &SourceVersion) -> Result<types::ProjectSourceVersion, BuildError> {
    types::ProjectSourceVersion::builder()
        .source_identifier(&version.identifier)
        .source_version(&version.version)
        .build()
}

pub(super) fn build_status(status: &BuildStatusConfig) -> types::BuildStatusConfig {
    types::BuildStatusConfig::builder()
        .set_context(status.context.clone())
        .set_target_url(status.target_url.clone())
        .build()
}

pub(super) fn artifacts(artifacts: &ProjectArtifacts) -> Result<types::ProjectArtifacts, BuildError> {
    types::ProjectArtifacts::builder()
        .r#type(artifacts.kind.as_str().into())
        .set_location(artifacts.location.clone())
        .set_path(artifacts.path.clone())
        .set_namespace_type(artifacts.namespace_type.as_deref().map(Into::into))
        .set_name(artifacts.name.clone())
        .set_packaging(artifacts.packaging.as_deref().map(Into::into))
        .set_override_artifact_name(artifacts.override_artifact_name)
        .set_encryption_disabled(artifacts.encryption_disabled)
        .set_artifact_identifier(artifacts.identifier.clone())
        .set_bucket_owner_access(artifacts.bucket_owner_access.as_deref().map(Into::into))
        .build()
}

pub(super) fn of_artifacts(from: types::ProjectArtifacts) -> ProjectArtifacts {
    ProjectArtifacts {
        kind: from.r#type.as_str().to_owned(),
        location: from.location,
        path: from.path,
        namespace_type: from.namespace_type.map(|word| word.as_str().to_owned()),
        name: from.name,
        packaging: from.packaging.map(|word| word.as_str().to_owned()),
        override_artifact_name: from.override_artifact_name,
        encryption_disabled: from.encryption_disabled,
        identifier: from.artifact_identifier,
        bucket_owner_access: from.bucket_owner_access.map(|word| word.as_str().to_owned()),
    }
}

pub(super) fn environment(environment: &ProjectEnvironment) -> Result<types::ProjectEnvironment, BuildError> {
    let fleet = environment.fleet_arn.as_ref().map(|arn| types::ProjectFleet::builder().fleet_arn(arn).build());
    types::ProjectEnvironment::builder()
        .r#type(environment.kind.as_str().into())
        .image(&environment.image)
        .compute_type(environment.compute_type.as_str().into())
        .set_fleet(fleet)
        .set_environment_variables(all(&environment.environment_variables, variable)?)
        .set_privileged_mode(environment.privileged_mode)
        .set_certificate(environment.certificate.clone())
        .set_registry_credential(environment.registry_credential.as_deref().map(registry_credential).transpose()?)
        .set_image_pull_credentials_type(environment.image_pull_credentials_type.as_deref().map(Into::into))
        .build()
}

pub(super) fn of_environment(from: types::ProjectEnvironment) -> ProjectEnvironment {
    ProjectEnvironment {
        kind: from.r#type.as_str().to_owned(),
        image: from.image,
        compute_type: from.compute_type.as_str().to_owned(),
        privileged_mode: from.privileged_mode,
        environment_variables: from.environment_variables.unwrap_or_default().into_iter().map(of_variable).collect(),
        fleet_arn: from.fleet.and_then(|fleet| fleet.fleet_arn),
        certificate: from.certificate,
        registry_credential: from.registry_credential.map(|secret| secret.credential),
        image_pull_credentials_type: from.image_pull_credentials_type.map(|word| word.as_str().to_owned()),
    }
}

/// There is one provider of them.
pub(super) fn registry_credential(secret: &str) -> Result<types::RegistryCredential, BuildError> {
    types::RegistryCredential::builder()
        .credential(secret)
        .credential_provider(types::CredentialProviderType::SecretsManager)
        .build()
}

pub(super) fn cache(cache: &ProjectCache) -> Result<types::ProjectCache, BuildError> {
    let modes = cache.modes.iter().map(|mode| types::CacheMode::from(mode.as_str())).collect::<Vec<_>>();
    types::ProjectCache::builder()
        .r#type(cache.kind.as_str().into())
        .set_location(cache.location.clone())
        .set_modes(Some(modes).filter(|modes| !modes.is_empty()))
        .set_cache_namespace(cache.namespace.clone())
        .build()
}

pub(super) fn of_cache(from: types::ProjectCache) -> ProjectCache {
    let modes = from.modes.unwrap_or_default();
    ProjectCache {
        kind: from.r#type.as_str().to_owned(),
        location: from.location,
        modes: modes.iter().map(|mode| mode.as_str().to_owned()).collect(),
        namespace: from.cache_namespace,
    }
}

const fn status(enabled: bool) -> types::LogsConfigStatusType {
    if enabled { types::LogsConfigStatusType::Enabled } else { types::LogsConfigStatusType::Disabled }
}

pub(super) fn logs(logs: &LogsConfig) -> Result<types::LogsConfig, BuildError> {
    let cloud_watch = logs.cloud_watch.as_ref().map(|to| {
        types::CloudWatchLogsConfig::builder()
            .status(status(to.enabled))
            .set_group_name(to.group_name.clone())
            .set_stream_name(to.stream_name.clone())
            .build()
    });
    let s3 = logs.s3.as_ref().map(|to| {
        types::S3LogsConfig::builder()
            .status(status(to.enabled))
            .set_location(to.location.clone())
            .set_encryption_disabled(to.encryption_disabled)
            .build()
    });
    Ok(types::LogsConfig::builder().set_cloud_watch_logs(cloud_watch.transpose()?).set_s3_logs(s3.transpose()?).build())
}

pub(super) fn of_logs(from: types::LogsConfig) -> LogsConfig {
    LogsConfig {
        cloud_watch: from.cloud_watch_logs.map(|to| CloudWatchLogs {
            enabled: to.status == types::LogsConfigStatusType::Enabled,
            group_name: to.group_name,
            stream_name: to.stream_name,
        }),
        s3: from.s3_logs.map(|to| S3Logs {
            enabled: to.status == types::LogsConfigStatusType::Enabled,
            location: to.location,
            encryption_disabled: to.encryption_disabled,
        }),
    }
}

pub(super) fn batch_config(config: &BatchConfig) -> types::ProjectBuildBatchConfig {
    let computes = Some(config.compute_types_allowed.clone()).filter(|types| !types.is_empty());
    let restricted = config.maximum_builds_allowed.is_some() || computes.is_some();
    let restrictions = restricted.then(|| {
        types::BatchRestrictions::builder()
            .set_maximum_builds_allowed(config.maximum_builds_allowed)
            .set_compute_types_allowed(computes)
            .build()
    });
    types::ProjectBuildBatchConfig::builder()
        .set_service_role(config.service_role.clone())
        .set_combine_artifacts(config.combine_artifacts)
        .set_restrictions(restrictions)
        .set_timeout_in_mins(config.timeout_in_minutes)
        .build()
}

pub(super) fn of_batch_config(from: types::ProjectBuildBatchConfig) -> BatchConfig {
    let restrictions = from.restrictions;
    BatchConfig {
        service_role: from.service_role,
        combine_artifacts: from.combine_artifacts,
        maximum_builds_allowed: restrictions.as_ref().and_then(|limits| limits.maximum_builds_allowed),
        compute_types_allowed: restrictions.and_then(|limits| limits.compute_types_allowed).unwrap_or_default(),
        timeout_in_minutes: from.timeout_in_mins,
    }
}
