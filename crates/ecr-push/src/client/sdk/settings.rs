//! The settings and documents of repositories and of the registry, through the SDK.

use std::collections::BTreeMap;

use async_trait::async_trait;
use aws_call::{CallError, Fault};
use aws_sdk_ecr::{
    error::{ProvideErrorMetadata, SdkError},
    types::{
        self, EncryptionConfiguration, EncryptionType, ImageScanningConfiguration, ImageTagMutability,
        ImageTagMutabilityExclusionFilter, ImageTagMutabilityExclusionFilterType, RepositoryFilterType, Tag,
    },
};

use super::{Ecr, lacks};
use crate::{
    client::{
        Destination, Encryption, Operation, PullThroughRule, RegistrySettings, Replication, ReplicationRule,
        RepositoryDocuments, RepositorySettings, Settings, TagMutability, TagRule,
    },
    reference::RepositoryName,
};

type Response = aws_sdk_ecr::config::http::HttpResponse;

/// An answer whose error has this code says that there is none.
fn none_for<T, E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static>(
    operation: Operation,
    code: &str,
    result: Result<T, SdkError<E, Response>>,
) -> Result<Option<T>, CallError> {
    match result {
        Ok(output) => Ok(Some(output)),
        Err(error) if error.as_service_error().and_then(ProvideErrorMetadata::code) == Some(code) => Ok(None),
        Err(error) => Err(CallError::from_sdk(operation.as_str(), error)),
    }
}

/// A request lacks what the SDK wants, which no value of ours does.
fn incomplete(operation: Operation, error: impl std::error::Error + Send + Sync + 'static) -> CallError {
    CallError::new(operation.as_str(), Fault::InvalidRequest)
        .with_message("the request is incomplete")
        .with_source(error)
}

fn mutability(rule: &TagRule) -> ImageTagMutability {
    match (rule.mutability, rule.except.is_empty()) {
        (TagMutability::Mutable, true) => ImageTagMutability::Mutable,
        (TagMutability::Mutable, false) => ImageTagMutability::MutableWithExclusion,
        (TagMutability::Immutable, true) => ImageTagMutability::Immutable,
        (TagMutability::Immutable, false) => ImageTagMutability::ImmutableWithExclusion,
    }
}

fn exceptions(
    operation: Operation,
    rule: &TagRule,
) -> Result<Option<Vec<ImageTagMutabilityExclusionFilter>>, CallError> {
    let filter = |pattern: &String| {
        let kind = ImageTagMutabilityExclusionFilterType::Wildcard;
        ImageTagMutabilityExclusionFilter::builder().filter_type(kind).filter(pattern).build()
    };
    let filters: Result<Vec<_>, _> = rule.except.iter().map(filter).collect();
    let filters = filters.map_err(|error| incomplete(operation, error))?;
    Ok((!filters.is_empty()).then_some(filters))
}

fn sdk_tags(operation: Operation, tags: &BTreeMap<String, String>) -> Result<Option<Vec<Tag>>, CallError> {
    let tags: Result<Vec<_>, _> =
        tags.iter().map(|(key, value)| Tag::builder().key(key).value(value).build()).collect();
    let tags = tags.map_err(|error| incomplete(operation, error))?;
    Ok((!tags.is_empty()).then_some(tags))
}

fn settings(operation: Operation, found: &types::Repository) -> Result<Settings, CallError> {
    let arn = found.repository_arn().ok_or_else(|| lacks(operation, "repositoryArn"))?.to_owned();
    let immutable = matches!(
        found.image_tag_mutability(),
        Some(ImageTagMutability::Immutable | ImageTagMutability::ImmutableWithExclusion)
    );
    let filters = found.image_tag_mutability_exclusion_filters().iter();
    let tag_rule = TagRule {
        mutability: if immutable { TagMutability::Immutable } else { TagMutability::Mutable },
        except: filters.map(|filter| filter.filter().to_owned()).collect(),
    };
    let scan_on_push = found.image_scanning_configuration().is_some_and(ImageScanningConfiguration::scan_on_push);
    let encryption = found.encryption_configuration().map_or(Encryption::Service, |configuration| {
        let key = configuration.kms_key().map(str::to_owned);
        match configuration.encryption_type() {
            EncryptionType::Kms => Encryption::Kms(key),
            EncryptionType::KmsDsse => Encryption::KmsTwice(key),
            _ => Encryption::Service,
        }
    });
    Ok(Settings { arn, tag_rule, scan_on_push, encryption, tags: BTreeMap::new() })
}

#[async_trait]
impl RepositorySettings for Ecr {
    async fn settings(&self, repository: &RepositoryName) -> Result<Option<Settings>, CallError> {
        let operation = Operation::DescribeRepositories;
        let call = self.client.describe_repositories().set_registry_id(self.registry_id());
        let result = call.repository_names(repository.as_str()).send().await;
        let found = none_for(operation, "RepositoryNotFoundException", result)?;
        found.and_then(|output| output.repositories().first().map(|found| settings(operation, found))).transpose()
    }

    async fn create_with(&self, repository: &RepositoryName, wanted: &Settings) -> Result<Settings, CallError> {
        let operation = Operation::CreateRepository;
        let encryption = match &wanted.encryption {
            Encryption::Service => None,
            Encryption::Kms(key) => Some((EncryptionType::Kms, key)),
            Encryption::KmsTwice(key) => Some((EncryptionType::KmsDsse, key)),
        };
        let encryption = encryption.map(|(kind, key)| {
            EncryptionConfiguration::builder().encryption_type(kind).set_kms_key(key.clone()).build()
        });
        let scanning = ImageScanningConfiguration::builder().scan_on_push(wanted.scan_on_push).build();
        let output = self
            .client
            .create_repository()
            .set_registry_id(self.registry_id())
            .repository_name(repository.as_str())
            .image_tag_mutability(mutability(&wanted.tag_rule))
            .set_image_tag_mutability_exclusion_filters(exceptions(operation, &wanted.tag_rule)?)
            .set_image_scanning_configuration(wanted.scan_on_push.then_some(scanning))
            .set_encryption_configuration(encryption.transpose().map_err(|error| incomplete(operation, error))?)
            .set_tags(sdk_tags(operation, &wanted.tags)?)
            .send()
            .await
            .map_err(|error| CallError::from_sdk(operation.as_str(), error))?;
        let created = settings(operation, output.repository().ok_or_else(|| lacks(operation, "repository"))?)?;
        Ok(Settings { tags: wanted.tags.clone(), ..created })
    }

    async fn put_tag_rule(&self, repository: &RepositoryName, rule: &TagRule) -> Result<(), CallError> {
        let operation = Operation::PutImageTagMutability;
        let call = self.client.put_image_tag_mutability().set_registry_id(self.registry_id());
        let call = call.repository_name(repository.as_str()).image_tag_mutability(mutability(rule));
        let call = call.set_image_tag_mutability_exclusion_filters(exceptions(operation, rule)?);
        call.send().await.map(drop).map_err(|error| CallError::from_sdk(operation.as_str(), error))
    }

    async fn put_scan_on_push(&self, repository: &RepositoryName, scan: bool) -> Result<(), CallError> {
        let operation = Operation::PutImageScanningConfiguration;
        let scanning = ImageScanningConfiguration::builder().scan_on_push(scan).build();
        let call = self.client.put_image_scanning_configuration().set_registry_id(self.registry_id());
        let call = call.repository_name(repository.as_str()).image_scanning_configuration(scanning);
        call.send().await.map(drop).map_err(|error| CallError::from_sdk(operation.as_str(), error))
    }

    async fn resource_tags(&self, arn: &str) -> Result<BTreeMap<String, String>, CallError> {
        let operation = Operation::ListTagsForResource;
        let output = self.client.list_tags_for_resource().resource_arn(arn).send().await;
        let output = output.map_err(|error| CallError::from_sdk(operation.as_str(), error))?;
        Ok(output.tags().iter().map(|tag| (tag.key().to_owned(), tag.value().to_owned())).collect())
    }

    async fn put_resource_tags(&self, arn: &str, tags: &BTreeMap<String, String>) -> Result<(), CallError> {
        let operation = Operation::TagResource;
        let call = self.client.tag_resource().resource_arn(arn).set_tags(sdk_tags(operation, tags)?);
        call.send().await.map(drop).map_err(|error| CallError::from_sdk(operation.as_str(), error))
    }
}

/// One call about a repository, with the fields given.
macro_rules! about {
    ($ecr:ident, $repository:ident, $operation:expr, $call:ident $(, $field:ident = $value:expr)*) => {
        $ecr.client
            .$call()
            .set_registry_id($ecr.registry_id())
            .repository_name($repository.as_str())
            $(.$field($value))*
            .send()
            .await
            .map(drop)
            .map_err(|error| CallError::from_sdk($operation.as_str(), error))
    };
}

#[async_trait]
impl RepositoryDocuments for Ecr {
    async fn policy(&self, repository: &RepositoryName) -> Result<Option<String>, CallError> {
        let call = self.client.get_repository_policy().set_registry_id(self.registry_id());
        let result = call.repository_name(repository.as_str()).send().await;
        let found = none_for(Operation::GetRepositoryPolicy, "RepositoryPolicyNotFoundException", result)?;
        Ok(found.and_then(|output| output.policy_text))
    }

    async fn put_policy(&self, repository: &RepositoryName, text: &str) -> Result<(), CallError> {
        about!(self, repository, Operation::SetRepositoryPolicy, set_repository_policy, policy_text = text)
    }

    async fn delete_policy(&self, repository: &RepositoryName) -> Result<(), CallError> {
        about!(self, repository, Operation::DeleteRepositoryPolicy, delete_repository_policy)
    }

    async fn lifecycle(&self, repository: &RepositoryName) -> Result<Option<String>, CallError> {
        let call = self.client.get_lifecycle_policy().set_registry_id(self.registry_id());
        let result = call.repository_name(repository.as_str()).send().await;
        let found = none_for(Operation::GetLifecyclePolicy, "LifecyclePolicyNotFoundException", result)?;
        Ok(found.and_then(|output| output.lifecycle_policy_text))
    }

    async fn put_lifecycle(&self, repository: &RepositoryName, text: &str) -> Result<(), CallError> {
        about!(self, repository, Operation::PutLifecyclePolicy, put_lifecycle_policy, lifecycle_policy_text = text)
    }

    async fn delete_lifecycle(&self, repository: &RepositoryName) -> Result<(), CallError> {
        about!(self, repository, Operation::DeleteLifecyclePolicy, delete_lifecycle_policy)
    }
}

#[async_trait]
impl RegistrySettings for Ecr {
    async fn pull_through_rules(&self) -> Result<Vec<PullThroughRule>, CallError> {
        let operation = Operation::DescribePullThroughCacheRules;
        let call = self.client.describe_pull_through_cache_rules().set_registry_id(self.registry_id());
        let mut pages = call.into_paginator().send();
        let mut rules = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| CallError::from_sdk(operation.as_str(), error))?;
            for rule in page.pull_through_cache_rules() {
                rules.push(PullThroughRule {
                    ecr_repository_prefix: rule.ecr_repository_prefix().unwrap_or_default().to_owned(),
                    upstream_registry_url: rule.upstream_registry_url().unwrap_or_default().to_owned(),
                    credential_arn: rule.credential_arn().map(str::to_owned),
                    upstream_repository_prefix: rule.upstream_repository_prefix().map(str::to_owned),
                });
            }
        }
        Ok(rules)
    }

    async fn create_pull_through_rule(&self, rule: &PullThroughRule) -> Result<(), CallError> {
        let operation = Operation::CreatePullThroughCacheRule;
        let call = self.client.create_pull_through_cache_rule().set_registry_id(self.registry_id());
        let call = call.ecr_repository_prefix(&rule.ecr_repository_prefix);
        let call = call.upstream_registry_url(&rule.upstream_registry_url);
        let call = call.set_credential_arn(rule.credential_arn.clone());
        let call = call.set_upstream_repository_prefix(rule.upstream_repository_prefix.clone());
        call.send().await.map(drop).map_err(|error| CallError::from_sdk(operation.as_str(), error))
    }

    async fn delete_pull_through_rule(&self, prefix: &str) -> Result<(), CallError> {
        let operation = Operation::DeletePullThroughCacheRule;
        let call = self.client.delete_pull_through_cache_rule().set_registry_id(self.registry_id());
        let result = call.ecr_repository_prefix(prefix).send().await;
        result.map(drop).map_err(|error| CallError::from_sdk(operation.as_str(), error))
    }

    async fn replication(&self) -> Result<Replication, CallError> {
        let operation = Operation::DescribeRegistry;
        let output = self.client.describe_registry().send().await;
        let output = output.map_err(|error| CallError::from_sdk(operation.as_str(), error))?;
        let rules = output.replication_configuration().map(types::ReplicationConfiguration::rules).unwrap_or_default();
        let wrong = |error| CallError::new(operation.as_str(), Fault::Other).with_source(error);
        let mut replication = Replication::default();
        for rule in rules {
            let mut own = ReplicationRule::new(Vec::new());
            for destination in rule.destinations() {
                let region = destination.region().parse().map_err(wrong)?;
                own.destinations.push(Destination::new(region, destination.registry_id().parse().map_err(wrong)?));
            }
            for filter in rule.repository_filters() {
                own = own.with_prefix(filter.filter());
            }
            replication.rules.push(own);
        }
        Ok(replication)
    }

    async fn put_replication(&self, replication: &Replication) -> Result<(), CallError> {
        let operation = Operation::PutReplicationConfiguration;
        let sent = configuration(replication).map_err(|error| incomplete(operation, error))?;
        let result = self.client.put_replication_configuration().replication_configuration(sent).send().await;
        result.map(drop).map_err(|error| CallError::from_sdk(operation.as_str(), error))
    }
}

fn configuration(replication: &Replication) -> Result<types::ReplicationConfiguration, aws_sdk_ecr::error::BuildError> {
    let mut configuration = types::ReplicationConfiguration::builder().set_rules(Some(Vec::new()));
    for rule in &replication.rules {
        let mut sent = types::ReplicationRule::builder().set_destinations(Some(Vec::new()));
        for destination in &rule.destinations {
            let destination = types::ReplicationDestination::builder()
                .region(destination.region.as_str())
                .registry_id(destination.registry_id.as_str());
            sent = sent.destinations(destination.build()?);
        }
        for filter in &rule.repository_filters {
            let kind = RepositoryFilterType::from(filter.filter_type.as_str());
            let filter = types::RepositoryFilter::builder().filter(&filter.filter).filter_type(kind);
            sent = sent.repository_filters(filter.build()?);
        }
        configuration = configuration.rules(sent.build()?);
    }
    configuration.build()
}
