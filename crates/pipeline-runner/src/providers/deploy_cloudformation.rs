//! `Deploy/AWS/CloudFormation`: refused by name. A stack is what CloudFormation makes of a template, and nothing on this
//! machine can.

use std::sync::Arc;

use async_trait::async_trait;
use pipeline_model::model::ActionTypeId;

use crate::backends::Backends;
use crate::job::{ActionJob, ActionOutcome, ActionProvider, JobContext};

pub(super) fn provider(_: &Backends) -> Arc<dyn ActionProvider> {
    Arc::new(CloudFormation)
}

#[derive(Debug)]
struct CloudFormation;

#[async_trait]
impl ActionProvider for CloudFormation {
    fn action_types(&self) -> Vec<ActionTypeId> {
        vec![ActionTypeId::new("Deploy", "AWS", "CloudFormation", "1")]
    }

    async fn run(&self, job: ActionJob, _: &JobContext) -> ActionOutcome {
        if let Err(outcome) = job.check_required() {
            return outcome;
        }
        let stack = job.config("StackName").unwrap_or_default().escape_debug().to_string();
        let mode = job.config("ActionMode").unwrap_or_default().escape_debug().to_string();
        ActionOutcome::misconfigured(format!(
            "{mode} of the stack `{stack}` needs CloudFormation, which cannot run on this machine: script the action's \
             outcome for a local run"
        ))
    }
}
