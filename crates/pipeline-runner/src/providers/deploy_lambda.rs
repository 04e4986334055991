//! `Deploy/AWS/Lambda`: publishes the artifact as a new version of a function and points an alias at it.

use std::sync::Arc;

use async_trait::async_trait;
use pipeline_model::model::ActionTypeId;

use super::call_failed;
use crate::artifact::pack;
use crate::backends::Backends;
use crate::job::{ActionJob, ActionOutcome, ActionProvider, JobContext};
use crate::{Error, Result};

pub(super) fn provider(backends: &Backends) -> Arc<dyn ActionProvider> {
    Arc::new(DeployLambda { backends: backends.clone() })
}

#[derive(Debug)]
struct DeployLambda {
    backends: Backends,
}

#[async_trait]
impl ActionProvider for DeployLambda {
    fn action_types(&self) -> Vec<ActionTypeId> {
        vec![ActionTypeId::new("Deploy", "AWS", "Lambda", "1")]
    }

    async fn run(&self, job: ActionJob, cx: &JobContext) -> ActionOutcome {
        match self.deploy(&job, cx).await {
            Ok(outcome) | Err(outcome) => outcome,
        }
    }
}

impl DeployLambda {
    async fn deploy(&self, job: &ActionJob, cx: &JobContext) -> Result<ActionOutcome, ActionOutcome> {
        let name = job.required("FunctionName")?;
        let (alias, published) = (job.config("FunctionAlias"), job.config("PublishedTargetVersion"));
        if published.is_some() && alias.is_none() {
            return Err(ActionOutcome::misconfigured(
                "`PublishedTargetVersion` needs `FunctionAlias`: a published version is reached through an alias",
            ));
        }
        // Traffic is shifted over minutes and alarms are watched by CodePipeline itself.
        if let Some(strategy) = job.config("DeployStrategy").filter(|strategy| *strategy != "AllAtOnce") {
            return Err(ActionOutcome::misconfigured(format!(
                "`DeployStrategy` `{}` does not run here, only CodePipeline shifts traffic step by step: set it to AllAtOnce",
                strategy.escape_debug()
            )));
        }
        let functions = &self.backends.functions;
        let version = match published {
            Some(version) => version.to_owned(),
            None => {
                let (artifact, key) = job.input()?;
                let code = cx.unpack(artifact, key).await?;
                let archive = cx.workspace().join("code.zip");
                let to = archive.clone();
                let packed = tokio::task::spawn_blocking(move || {
                    let file = std::fs::File::create(&to).map_err(|error| Error::file(&to, error))?;
                    pack(&code, file)
                });
                packed.await.map_err(|error| Error::Task(error.to_string()))??;
                functions.publish(name, &archive).await.map_err(|error| call_failed(name, &error))?
            }
        };
        let mut summary = format!("{name} has version {version}");
        if let Some(alias) = alias {
            let pointed = functions.point_alias(name, alias, &version).await;
            pointed.map_err(|error| call_failed(&format!("{name}:{alias}"), &error))?;
            summary.push_str(&format!(", and `{alias}` points at it"));
        }
        Ok(ActionOutcome::succeeded().with_variable("FunctionVersion", version).with_summary(summary))
    }
}
