//! Change sets of the real service.

use async_trait::async_trait;
use aws_call::{CallError, Fault};
use aws_sdk_cloudformation::types::ChangeSetType;

use super::{CloudFormation, capabilities, parameters, tags};
use crate::stacks::{ChangeSet, ChangeSetInput, ChangeSets, ResourceChange};

#[async_trait]
impl ChangeSets for CloudFormation {
    async fn create_change_set(&self, input: &ChangeSetInput) -> Result<String, CallError> {
        const OPERATION: &str = "CreateChangeSet";
        let kind = if input.creates { ChangeSetType::Create } else { ChangeSetType::Update };
        let stack = &input.stack;
        let call = self
            .client
            .create_change_set()
            .stack_name(&stack.name)
            .change_set_name(&input.name)
            .change_set_type(kind)
            .template_body(&stack.template)
            .set_parameters(Some(parameters(stack)))
            .set_capabilities(Some(capabilities(stack)))
            .set_tags(tags(stack))
            .set_role_arn(stack.role_arn.clone())
            .set_client_token(stack.client_request_token.clone());
        let sent = call.send().await.map_err(|error| CallError::from_sdk(OPERATION, error))?;
        id(OPERATION, sent.id())
    }

    async fn describe_change_set(&self, stack: &str, name: &str) -> Result<ChangeSet, CallError> {
        const OPERATION: &str = "DescribeChangeSet";
        let mut found: Option<ChangeSet> = None;
        let mut token = None;
        loop {
            let call = self.client.describe_change_set().stack_name(stack).change_set_name(name);
            let page = call.set_next_token(token).send().await;
            let page = page.map_err(|error| CallError::from_sdk(OPERATION, error))?;
            let set = match &mut found {
                Some(set) => set,
                empty => {
                    let status = page.status().map(|status| status.as_str()).unwrap_or_default();
                    let mut set =
                        ChangeSet::new(id(OPERATION, page.change_set_id())?, id(OPERATION, page.stack_id())?, status);
                    set.reason = page.status_reason().map(str::to_owned);
                    empty.insert(set)
                }
            };
            for change in page.changes().iter().filter_map(|change| change.resource_change()) {
                let action = change.action().map(|action| action.as_str()).unwrap_or_default();
                let (logical_id, kind) = (change.logical_resource_id(), change.resource_type());
                let mut own = ResourceChange::new(action, logical_id.unwrap_or_default(), kind.unwrap_or_default());
                own.replacement = change.replacement().map(|replacement| replacement.as_str().to_owned());
                set.changes.push(own);
            }
            token = page.next_token().map(str::to_owned);
            if let (None, Some(set)) = (&token, &found) {
                return Ok(set.clone());
            }
        }
    }

    async fn execute_change_set(&self, stack: &str, name: &str, token: &str) -> Result<(), CallError> {
        let call = self.client.execute_change_set().stack_name(stack).change_set_name(name);
        let sent = call.client_request_token(token).send().await;
        sent.map(|_| ()).map_err(|error| CallError::from_sdk("ExecuteChangeSet", error))
    }

    async fn delete_change_set(&self, stack: &str, name: &str) -> Result<(), CallError> {
        let sent = self.client.delete_change_set().stack_name(stack).change_set_name(name).send().await;
        sent.map(|_| ()).map_err(|error| CallError::from_sdk("DeleteChangeSet", error))
    }
}

fn id(operation: &'static str, id: Option<&str>) -> Result<String, CallError> {
    id.map(str::to_owned).ok_or_else(|| {
        CallError::new(operation, Fault::Other).with_message("the answer does not say which change set it is about")
    })
}
