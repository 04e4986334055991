//! Projects through the AWS SDK.

use async_trait::async_trait;
use aws_call::{CallError, Fault};
use aws_sdk_codebuild::types;

use super::super::{BatchGetProjects, Project, Projects, SourceVersion, VpcConfig};
use super::convert::{
    all, artifacts, batch_config, cache, environment, logs, of_artifacts, of_batch_config, of_cache, of_environment,
    of_logs, of_source, source, source_version,
};
use super::{SdkCodeBuild, invalid};

#[async_trait]
impl Projects for SdkCodeBuild {
    async fn create_project(&self, project: &Project) -> Result<Project, CallError> {
        const OPERATION: &str = "CreateProject";
        let wrong = |error| invalid(OPERATION, error);
        let answer = self
            .client
            .create_project()
            .name(&project.name)
            .set_description(project.description.clone())
            .set_source(project.source.as_ref().map(source).transpose().map_err(wrong)?)
            .set_secondary_sources(all(&project.secondary_sources, source).map_err(wrong)?)
            .set_source_version(project.source_version.clone())
            .set_secondary_source_versions(all(&project.secondary_source_versions, source_version).map_err(wrong)?)
            .set_artifacts(project.artifacts.as_ref().map(artifacts).transpose().map_err(wrong)?)
            .set_secondary_artifacts(all(&project.secondary_artifacts, artifacts).map_err(wrong)?)
            .set_cache(project.cache.as_ref().map(cache).transpose().map_err(wrong)?)
            .set_environment(project.environment.as_ref().map(environment).transpose().map_err(wrong)?)
            .set_service_role(project.service_role.clone())
            .set_timeout_in_minutes(project.timeout_in_minutes)
            .set_queued_timeout_in_minutes(project.queued_timeout_in_minutes)
            .set_encryption_key(project.encryption_key.clone())
            .set_tags(tags(project))
            .set_vpc_config(project.vpc.as_ref().map(vpc))
            .set_logs_config(project.logs.as_ref().map(logs).transpose().map_err(wrong)?)
            .set_build_batch_config(project.batch.as_ref().map(batch_config))
            .set_concurrent_build_limit(project.concurrent_build_limit)
            .set_auto_retry_limit(project.auto_retry_limit)
            .send()
            .await
            .map_err(|error| CallError::from_sdk(OPERATION, error))?;
        of_answer(OPERATION, answer.project)
    }

    async fn update_project(&self, project: &Project) -> Result<Project, CallError> {
        const OPERATION: &str = "UpdateProject";
        let wrong = |error| invalid(OPERATION, error);
        let answer = self
            .client
            .update_project()
            .name(&project.name)
            .set_description(project.description.clone())
            .set_source(project.source.as_ref().map(source).transpose().map_err(wrong)?)
            .set_secondary_sources(all(&project.secondary_sources, source).map_err(wrong)?)
            .set_source_version(project.source_version.clone())
            .set_secondary_source_versions(all(&project.secondary_source_versions, source_version).map_err(wrong)?)
            .set_artifacts(project.artifacts.as_ref().map(artifacts).transpose().map_err(wrong)?)
            .set_secondary_artifacts(all(&project.secondary_artifacts, artifacts).map_err(wrong)?)
            .set_cache(project.cache.as_ref().map(cache).transpose().map_err(wrong)?)
            .set_environment(project.environment.as_ref().map(environment).transpose().map_err(wrong)?)
            .set_service_role(project.service_role.clone())
            .set_timeout_in_minutes(project.timeout_in_minutes)
            .set_queued_timeout_in_minutes(project.queued_timeout_in_minutes)
            .set_encryption_key(project.encryption_key.clone())
            .set_tags(tags(project))
            .set_vpc_config(project.vpc.as_ref().map(vpc))
            .set_logs_config(project.logs.as_ref().map(logs).transpose().map_err(wrong)?)
            .set_build_batch_config(project.batch.as_ref().map(batch_config))
            .set_concurrent_build_limit(project.concurrent_build_limit)
            .set_auto_retry_limit(project.auto_retry_limit)
            .send()
            .await
            .map_err(|error| CallError::from_sdk(OPERATION, error))?;
        of_answer(OPERATION, answer.project)
    }

    async fn batch_get_projects(&self, names: &[String]) -> Result<BatchGetProjects, CallError> {
        let call = self.client.batch_get_projects().set_names(Some(names.to_vec()));
        let answer = call.send().await.map_err(|error| CallError::from_sdk("BatchGetProjects", error))?;
        let projects = answer.projects.unwrap_or_default().into_iter().map(of_project).collect();
        Ok(BatchGetProjects::new(projects, answer.projects_not_found.unwrap_or_default()))
    }

    async fn delete_project(&self, name: &str) -> Result<(), CallError> {
        let call = self.client.delete_project().name(name);
        call.send().await.map_err(|error| CallError::from_sdk("DeleteProject", error))?;
        Ok(())
    }
}

/// An answer without the project that it is about is no success.
fn of_answer(operation: &'static str, project: Option<types::Project>) -> Result<Project, CallError> {
    project
        .map(of_project)
        .ok_or_else(|| CallError::new(operation, Fault::Other).with_message("the answer holds no project"))
}

fn tags(project: &Project) -> Option<Vec<types::Tag>> {
    let tag = |(key, value): &(String, String)| types::Tag::builder().key(key).value(value).build();
    Some(project.tags.iter().map(tag).collect()).filter(|tags: &Vec<_>| !tags.is_empty())
}

fn vpc(vpc: &VpcConfig) -> types::VpcConfig {
    types::VpcConfig::builder()
        .vpc_id(&vpc.vpc_id)
        .set_subnets(Some(vpc.subnets.clone()))
        .set_security_group_ids(Some(vpc.security_group_ids.clone()))
        .build()
}

fn of_project(from: types::Project) -> Project {
    let versions = from.secondary_source_versions.unwrap_or_default().into_iter();
    let tags = from.tags.unwrap_or_default().into_iter();
    Project {
        name: from.name.unwrap_or_default(),
        arn: from.arn,
        description: from.description,
        source: from.source.map(of_source),
        secondary_sources: from.secondary_sources.unwrap_or_default().into_iter().map(of_source).collect(),
        source_version: from.source_version,
        secondary_source_versions: versions
            .map(|version| SourceVersion::new(version.source_identifier, version.source_version))
            .collect(),
        artifacts: from.artifacts.map(of_artifacts),
        secondary_artifacts: from.secondary_artifacts.unwrap_or_default().into_iter().map(of_artifacts).collect(),
        cache: from.cache.map(of_cache),
        environment: from.environment.map(of_environment),
        service_role: from.service_role,
        timeout_in_minutes: from.timeout_in_minutes,
        queued_timeout_in_minutes: from.queued_timeout_in_minutes,
        encryption_key: from.encryption_key,
        tags: tags.filter_map(|tag| Some((tag.key?, tag.value.unwrap_or_default()))).collect(),
        // A project without a network has an empty one.
        vpc: from.vpc_config.filter(|vpc| vpc.vpc_id.is_some()).map(|vpc| VpcConfig {
            vpc_id: vpc.vpc_id.unwrap_or_default(),
            subnets: vpc.subnets.unwrap_or_default(),
            security_group_ids: vpc.security_group_ids.unwrap_or_default(),
        }),
        logs: from.logs_config.map(of_logs),
        batch: from.build_batch_config.map(of_batch_config),
        concurrent_build_limit: from.concurrent_build_limit,
        auto_retry_limit: from.auto_retry_limit,
    }
}
