//! A pipeline that runs here behind a CodePipeline endpoint, for those who ask it over the wire.

use std::sync::Arc;

use async_trait::async_trait;
use aws_call::serve::Server;
use aws_call::{ManualClock, MapEnv, SequenceIds};
use pipeline_runner::artifact::MemoryStore;
use pipeline_runner::serve::Endpoint;
use pipeline_runner::{
    ActionJob, ActionOutcome, ActionProvider, Elsewhere, Host, JobContext, Providers, Silent, World,
};
use serde_json::{Value as Json, json};
use tempfile::TempDir;

/// Does nothing, or fails when it is told to.
#[derive(Debug)]
struct Scripted;

#[async_trait]
impl ActionProvider for Scripted {
    fn action_types(&self) -> Vec<pipeline_model::ActionTypeId> {
        let id = |category| pipeline_model::ActionTypeId::new(category, "Custom", "Scripted", "1");
        vec![id("Source"), id("Deploy")]
    }

    async fn run(&self, job: ActionJob, _: &JobContext) -> ActionOutcome {
        match job.config("Fails") {
            Some("yes") => ActionOutcome::failed("told to fail"),
            _ => ActionOutcome::succeeded().with_revision("r1"),
        }
    }
}

/// A host without pipelines, its endpoint, and the directory in which its actions run. Every host draws the same ids, so none
/// may share that directory with another.
pub(crate) async fn endpoint() -> (Host, Server, TempDir) {
    let workspace = tempfile::tempdir().unwrap();
    let (clock, ids) = (Arc::new(ManualClock::at_epoch_secs(1_700_000_000)), Arc::new(SequenceIds::new(4)));
    let world = World {
        providers: Providers::new().with(Scripted),
        artifacts: Arc::new(MemoryStore::new()),
        approver: Arc::new(Elsewhere),
        observer: Arc::new(Silent),
        clock: clock.clone(),
        ids: ids.clone(),
        env: Arc::new(MapEnv::default()),
        workspace: workspace.path().to_owned(),
    };
    let host = Host::new(world);
    let server = Endpoint::new(host.clone(), clock, ids).serve(0).await.unwrap();
    (host, server, workspace)
}

/// The declaration of the pipeline `shop`: a source, an approval, and a deployment that fails if the variable says so.
pub(crate) fn shop() -> Json {
    let action = |name: &str, category: &str, owner: &str, provider: &str| {
        json!({
            "name": name, "runOrder": 1, "configuration": {}, "inputArtifacts": [], "outputArtifacts": [],
            "actionTypeId": { "category": category, "owner": owner, "provider": provider, "version": "1" },
        })
    };
    let mut source = action("Checkout", "Source", "Custom", "Scripted");
    source["outputArtifacts"] = json!([{ "name": "Src" }]);
    let mut deploy = action("Rollout", "Deploy", "Custom", "Scripted");
    deploy["configuration"] = json!({ "Fails": "#{variables.Fails}" });
    json!({
        "name": "shop", "roleArn": "arn:aws:iam::123456789012:role/shop", "version": 1,
        "pipelineType": "V2", "executionMode": "QUEUED",
        "artifactStore": { "type": "S3", "location": "shop-artifacts" },
        "variables": [{ "name": "Fails", "defaultValue": "no" }],
        "stages": [
            { "name": "Source", "actions": [source] },
            { "name": "Gate", "actions": [action("Release", "Approval", "AWS", "Manual")] },
            { "name": "Ship", "actions": [deploy] },
        ],
    })
}
