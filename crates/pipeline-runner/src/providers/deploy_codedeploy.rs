//! `Deploy/AWS/CodeDeploy`: deploys the artifact to the directory that stands in for the group's hosts, with every hook of
//! its AppSpec in order (`appspec::host`), or through CodeDeploy itself.

use std::path::Path;
use std::sync::Arc;
#[cfg(target_os = "linux")]
use std::time::Duration;

use appspec::client::{BundleType, CreateDeployment, RevisionLocation};
use async_trait::async_trait;
use pipeline_model::model::ActionTypeId;

use crate::artifact::s3_place;
use crate::backends::Backends;
use crate::deployment;
use crate::job::{ActionJob, ActionOutcome, ActionProvider, JobContext};

pub(super) fn provider(backends: &Backends) -> Arc<dyn ActionProvider> {
    Arc::new(CodeDeploy { backends: backends.clone() })
}

#[derive(Debug)]
struct CodeDeploy {
    backends: Backends,
}

#[async_trait]
impl ActionProvider for CodeDeploy {
    fn action_types(&self) -> Vec<ActionTypeId> {
        vec![ActionTypeId::new("Deploy", "AWS", "CodeDeploy", "1")]
    }

    async fn run(&self, job: ActionJob, cx: &JobContext) -> ActionOutcome {
        match self.deploy(&job, cx).await {
            Ok(outcome) | Err(outcome) => outcome,
        }
    }
}

impl CodeDeploy {
    async fn deploy(&self, job: &ActionJob, cx: &JobContext) -> Result<ActionOutcome, ActionOutcome> {
        let (application, group) = (job.required("ApplicationName")?, job.required("DeploymentGroupName")?);
        let (artifact, key) = job.input()?;
        let name = format!("{application}/{group}");
        match (self.backends.hosts.get(&name), &self.backends.deployments) {
            (Some(root), _) => {
                let bundle = cx.unpack(artifact, key).await?;
                to_directory(root, &bundle, (application, group), cx).await
            }
            (None, Some(deployments)) => {
                if let Some(id) = &job.continuation {
                    return deployment::follow(deployments, id, &name, cx).await;
                }
                // The service fetches it; but what is not there is told in the same words as everywhere.
                cx.unpack(artifact, key).await?;
                let (bucket, object) = s3_place(&cx.locate(key))?;
                let revision = RevisionLocation::s3(bucket, object, BundleType::Zip);
                deployment::begin(deployments, &CreateDeployment::new(application, group, revision)).await
            }
            (None, None) => Err(ActionOutcome::misconfigured(format!(
                "there is no host for the deployment group `{}` here: name a directory for it in the settings, \
                 `[codedeploy.{application}]` with `{group} = \"directory\"`",
                name.escape_debug()
            ))),
        }
    }
}

/// How often a host that somebody else deploys to is tried again, a second apart.
#[cfg(target_os = "linux")]
const TURNS: u32 = 60;

#[cfg(target_os = "linux")]
async fn to_directory(
    root: &Path,
    bundle: &Path,
    (application, group): (&str, &str),
    cx: &JobContext,
) -> Result<ActionOutcome, ActionOutcome> {
    use appspec::host::{Bundle, BundleKind, Cancel, Error, Host, Options, Outcome};

    tokio::fs::create_dir_all(root).await.map_err(|error| crate::Error::file(root, error))?;
    let host = Host::new(root, Arc::clone(&cx.clock), Arc::clone(&cx.ids));
    let options = Options::default().with_group(application, group, format!("{application}-{group}"));
    let bundle = Bundle::new(bundle, BundleKind::Directory);
    let cancel = Cancel::new();
    let mut turn = 1;
    let deployment = loop {
        let (host, bundle, options, flag, log) =
            (host.clone(), bundle.clone(), options.clone(), cancel.clone(), cx.log_sink());
        let install = tokio::task::spawn_blocking(move || {
            host.install(&bundle, &options, &flag, &mut |event| log(&event.to_string()))
        });
        tokio::pin!(install);
        let ended = tokio::select! {
            ended = &mut install => ended,
            // A deployment that is given up undoes what it has done.
            () = cx.cancel.cancelled() => {
                cancel.cancel();
                install.await
            }
        };
        match ended.map_err(|error| crate::Error::Task(error.to_string()))? {
            Ok(deployment) => break deployment,
            Err(Error::Busy { .. }) if turn < TURNS && !cx.cancel.is_cancelled() => {
                turn += 1;
                cx.clock.sleep(Duration::from_secs(1)).await;
            }
            Err(error) => return Err(ActionOutcome::failed(error.to_string())),
        }
    };
    let now = match deployment.outcome {
        Outcome::Succeeded => "the new revision runs",
        Outcome::RolledBack => "the old revision runs again",
        _ => "the host has the files that it had before",
    };
    let outcome = match &deployment.failure {
        None if deployment.is_success() => {
            ActionOutcome::succeeded().with_summary(format!("{application}/{group}: {now}"))
        }
        None => ActionOutcome::failed(format!("{application}/{group}: the deployment {}; {now}", deployment.outcome)),
        Some(failure) => ActionOutcome::failed(format!("{}: {}; {now}", failure.event, failure.message)),
    };
    Ok(outcome.with_external_id(deployment.id))
}

#[cfg(not(target_os = "linux"))]
async fn to_directory(_: &Path, _: &Path, _: (&str, &str), _: &JobContext) -> Result<ActionOutcome, ActionOutcome> {
    Err(ActionOutcome::misconfigured("deployments to a directory of this machine need Linux"))
}
