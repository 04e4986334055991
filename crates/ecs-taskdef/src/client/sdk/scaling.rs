//! The bounds of a service's tasks through the SDK of Application Auto Scaling.

use async_trait::async_trait;
use aws_call::CallError;
use aws_sdk_applicationautoscaling::Client;
use aws_sdk_applicationautoscaling::types::{ScalableDimension, ServiceNamespace};
use serde_json::{Map, Value as Json};

use super::raw;
use crate::client::Scaling;

/// Application Auto Scaling, through the SDK.
#[derive(Clone, Debug)]
pub struct ApplicationAutoScaling {
    client: Client,
}

impl ApplicationAutoScaling {
    /// Scaling through this client, which brings region, credentials and TLS.
    #[must_use]
    pub const fn new(client: Client) -> Self {
        Self { client }
    }
}

impl From<Client> for ApplicationAutoScaling {
    fn from(client: Client) -> Self {
        Self::new(client)
    }
}

#[async_trait]
impl Scaling for ApplicationAutoScaling {
    async fn register_scalable_target(&self, resource: &str, min: u32, max: u32) -> Result<(), CallError> {
        let number = |number: u32| i32::try_from(number).unwrap_or(i32::MAX);
        let call = self
            .client
            .register_scalable_target()
            .service_namespace(ServiceNamespace::Ecs)
            .scalable_dimension(ScalableDimension::EcsServiceDesiredCount)
            .resource_id(resource)
            .min_capacity(number(min))
            .max_capacity(number(max))
            .send();
        call.await.map(drop).map_err(|error| CallError::from_sdk("RegisterScalableTarget", error))
    }

    async fn scalable_target(&self, resource: &str) -> Result<Option<(u32, u32)>, CallError> {
        let call = self
            .client
            .describe_scalable_targets()
            .service_namespace(ServiceNamespace::Ecs)
            .scalable_dimension(ScalableDimension::EcsServiceDesiredCount)
            .resource_ids(resource)
            .send();
        let answer = call.await.map_err(|error| CallError::from_sdk("DescribeScalableTargets", error))?;
        let number = |number: i32| u32::try_from(number).unwrap_or_default();
        Ok(answer.scalable_targets().first().map(|target| (number(target.min_capacity), number(target.max_capacity))))
    }

    async fn put_scaling_policy(&self, resource: &str, policy: &Json) -> Result<(), CallError> {
        let mut body: Map<String, Json> = policy.as_object().cloned().unwrap_or_default();
        for (key, value) in
            [("ServiceNamespace", "ecs"), ("ResourceId", resource), ("ScalableDimension", "ecs:service:DesiredCount")]
        {
            body.insert(key.to_owned(), value.into());
        }
        let call = self
            .client
            .put_scaling_policy()
            .policy_name(policy["PolicyName"].as_str().unwrap_or_default())
            .service_namespace(ServiceNamespace::Ecs)
            .scalable_dimension(ScalableDimension::EcsServiceDesiredCount)
            .resource_id(resource)
            .customize()
            .mutate_request(raw(Json::Object(body).to_string()))
            .send();
        call.await.map(drop).map_err(|error| CallError::from_sdk("PutScalingPolicy", error))
    }
}
