//! What an account runs, and tags, through the SDK.

use std::collections::BTreeMap;

use async_trait::async_trait;
use aws_call::CallError;
use aws_sdk_ecs::types::{DesiredStatus, SettingName, Tag};

use super::Ecs;
use super::convert::snapshot;
use crate::client::{Inventory, ServiceSnapshot, Tags};

/// How many services `DescribeServices` takes at a time.
const SERVICES_PER_CALL: usize = 10;

#[async_trait]
impl Inventory for Ecs {
    async fn clusters(&self) -> Result<Vec<String>, CallError> {
        let mut pages = self.client.list_clusters().into_paginator().send();
        let mut arns = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| CallError::from_sdk("ListClusters", error))?;
            arns.extend(page.cluster_arns().iter().cloned());
        }
        Ok(arns)
    }

    async fn services(&self, cluster: &str) -> Result<Vec<ServiceSnapshot>, CallError> {
        let mut pages = self.client.list_services().cluster(cluster).into_paginator().send();
        let mut arns = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| CallError::from_sdk("ListServices", error))?;
            arns.extend(page.service_arns().iter().cloned());
        }
        let mut services = Vec::new();
        for some in arns.chunks(SERVICES_PER_CALL) {
            let call = self.client.describe_services().cluster(cluster).set_services(Some(some.to_vec())).send();
            let answer = call.await.map_err(|error| CallError::from_sdk("DescribeServices", error))?;
            services.extend(answer.services().iter().map(snapshot));
        }
        Ok(services)
    }

    async fn running_revisions(&self, cluster: &str, family: &str) -> Result<Vec<String>, CallError> {
        // Tasks that are starting have the desired status RUNNING too.
        let mut pages = self
            .client
            .list_tasks()
            .cluster(cluster)
            .family(family)
            .desired_status(DesiredStatus::Running)
            .into_paginator()
            .send();
        let mut arns = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| CallError::from_sdk("ListTasks", error))?;
            arns.extend(page.task_arns().iter().cloned());
        }
        let tasks = self.tasks(cluster, &arns).await?;
        let mut revisions: Vec<String> = tasks.into_iter().filter_map(|task| task.task_definition_arn).collect();
        revisions.sort();
        revisions.dedup();
        Ok(revisions)
    }
}

#[async_trait]
impl Tags for Ecs {
    async fn tags(&self, arn: &str) -> Result<BTreeMap<String, String>, CallError> {
        let call = self.client.list_tags_for_resource().resource_arn(arn).send();
        let answer = call.await.map_err(|error| CallError::from_sdk("ListTagsForResource", error))?;
        let tags = answer.tags.unwrap_or_default().into_iter();
        Ok(tags.filter_map(|tag| Some((tag.key?, tag.value.unwrap_or_default()))).collect())
    }

    async fn tag(&self, arn: &str, tags: &BTreeMap<String, String>) -> Result<(), CallError> {
        let tags = tags.iter().map(|(key, value)| Tag::builder().key(key).value(value).build()).collect();
        let call = self.client.tag_resource().resource_arn(arn).set_tags(Some(tags)).send();
        call.await.map(drop).map_err(|error| CallError::from_sdk("TagResource", error))
    }

    async fn untag(&self, arn: &str, keys: &[String]) -> Result<(), CallError> {
        let call = self.client.untag_resource().resource_arn(arn).set_tag_keys(Some(keys.to_vec())).send();
        call.await.map(drop).map_err(|error| CallError::from_sdk("UntagResource", error))
    }

    async fn uses_long_arns(&self, setting: &str) -> Result<bool, CallError> {
        let name = SettingName::from(setting);
        let call = self.client.list_account_settings().name(name).effective_settings(true).send();
        let answer = call.await.map_err(|error| CallError::from_sdk("ListAccountSettings", error))?;
        // Without an answer the default counts, which is the long format.
        Ok(answer.settings().iter().all(|setting| setting.value() != Some("disabled")))
    }
}
