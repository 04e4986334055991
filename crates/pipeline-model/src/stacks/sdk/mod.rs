//! The real service, through `aws_sdk_cloudformation` (feature `sdk`).

mod change_sets;

use std::time::SystemTime;

use async_trait::async_trait;
use aws_call::{CallError, Fault};
use aws_sdk_cloudformation::Client;
use aws_sdk_cloudformation::primitives::DateTime;
use aws_sdk_cloudformation::types::{Capability, Parameter as SdkParameter, Tag};

use super::{Parameter, Stack, StackEvent, StackInput, Stacks};

/// CloudFormation in one account and region.
#[derive(Clone, Debug)]
pub struct CloudFormation {
    client: Client,
}

impl CloudFormation {
    /// The service that a client talks to.
    #[must_use]
    pub const fn new(client: Client) -> Self {
        Self { client }
    }
}

impl From<Client> for CloudFormation {
    fn from(client: Client) -> Self {
        Self::new(client)
    }
}

fn parameters(input: &StackInput) -> Vec<SdkParameter> {
    let parameters = input.parameters.iter().map(|(name, value)| {
        let parameter = SdkParameter::builder().parameter_key(name);
        match value {
            Parameter::Given(value) => parameter.parameter_value(value.expose()),
            Parameter::Previous => parameter.use_previous_value(true),
        }
        .build()
    });
    parameters.collect()
}

/// An absent list leaves the tags of a stack as they are, an empty one removes them.
fn tags(input: &StackInput) -> Option<Vec<Tag>> {
    let tags = input.tags.iter().map(|(key, value)| Tag::builder().key(key).value(value).build());
    (!input.tags.is_empty()).then(|| tags.collect())
}

fn capabilities(input: &StackInput) -> Vec<Capability> {
    input.capabilities.iter().map(|capability| Capability::from(capability.as_str())).collect()
}

fn time(at: Option<&DateTime>) -> SystemTime {
    at.and_then(|at| SystemTime::try_from(*at).ok()).unwrap_or(SystemTime::UNIX_EPOCH)
}

/// Without its id nobody can follow a stack, so an answer that lacks it is no success.
fn id(operation: &'static str, id: Option<&str>) -> Result<String, CallError> {
    id.map(str::to_owned).ok_or_else(|| {
        CallError::new(operation, Fault::Other).with_message("the answer does not say which stack it is about")
    })
}

#[async_trait]
impl Stacks for CloudFormation {
    async fn create(&self, input: &StackInput) -> Result<String, CallError> {
        const OPERATION: &str = "CreateStack";
        let call = self
            .client
            .create_stack()
            .stack_name(&input.name)
            .template_body(&input.template)
            .set_parameters(Some(parameters(input)))
            .set_capabilities(Some(capabilities(input)))
            .set_tags(tags(input))
            .set_role_arn(input.role_arn.clone())
            .set_client_request_token(input.client_request_token.clone());
        let sent = call.send().await.map_err(|error| CallError::from_sdk(OPERATION, error))?;
        id(OPERATION, sent.stack_id())
    }

    async fn update(&self, input: &StackInput) -> Result<String, CallError> {
        const OPERATION: &str = "UpdateStack";
        let call = self
            .client
            .update_stack()
            .stack_name(&input.name)
            .template_body(&input.template)
            .set_parameters(Some(parameters(input)))
            .set_capabilities(Some(capabilities(input)))
            .set_tags(tags(input))
            .set_role_arn(input.role_arn.clone())
            .set_client_request_token(input.client_request_token.clone());
        let sent = call.send().await.map_err(|error| CallError::from_sdk(OPERATION, error))?;
        id(OPERATION, sent.stack_id())
    }

    async fn delete(&self, stack: &str) -> Result<(), CallError> {
        let sent = self.client.delete_stack().stack_name(stack).send().await;
        sent.map(|_| ()).map_err(|error| CallError::from_sdk("DeleteStack", error))
    }

    async fn describe(&self, stack: &str) -> Result<Stack, CallError> {
        const OPERATION: &str = "DescribeStacks";
        let sent = self.client.describe_stacks().stack_name(stack).send().await;
        let sent = sent.map_err(|error| CallError::from_sdk(OPERATION, error))?;
        let Some(found) = sent.stacks().first() else {
            return Err(CallError::new(OPERATION, Fault::Other).with_message("the answer holds no stack"));
        };
        let status = found.stack_status().map(|status| status.as_str()).unwrap_or_default();
        let mut out = Stack::new(id(OPERATION, found.stack_id())?, found.stack_name().unwrap_or(stack), status);
        out.reason = found.stack_status_reason().map(str::to_owned);
        for output in found.outputs() {
            if let (Some(key), Some(value)) = (output.output_key(), output.output_value()) {
                out.outputs.insert(key.to_owned(), value.to_owned());
            }
        }
        Ok(out)
    }

    async fn events(&self, stack: &str, after: Option<&str>) -> Result<Vec<StackEvent>, CallError> {
        let mut pages = self.client.describe_stack_events().stack_name(stack).into_paginator().send();
        let mut out = Vec::new();
        // The service begins with the newest.
        'pages: while let Some(page) = pages.next().await {
            let page = page.map_err(|error| CallError::from_sdk("DescribeStackEvents", error))?;
            for event in page.stack_events() {
                let found = event.event_id().unwrap_or_default();
                if after == Some(found) {
                    break 'pages;
                }
                let logical_id = event.logical_resource_id().unwrap_or_default();
                let status = event.resource_status().map(|status| status.as_str()).unwrap_or_default();
                let mut own = StackEvent::new(
                    found,
                    time(event.timestamp()),
                    logical_id,
                    event.resource_type().unwrap_or_default(),
                    status,
                );
                own.physical_id = event.physical_resource_id().map(str::to_owned);
                own.reason = event.resource_status_reason().map(str::to_owned);
                out.push(own);
            }
        }
        out.reverse();
        Ok(out)
    }
}
