//! Pipelines that are made, changed and deleted through the API.

use pipeline_model::format::json::{Secrets, to_json};
use serde_json::json;

use super::{served, shop};

#[tokio::test]
async fn a_pipeline_is_made_runs_once_is_changed_and_goes() {
    let served = served([]).await;
    assert_eq!(served.ask("ListPipelines", json!({})).await, json!({ "pipelines": [] }));
    let declared = to_json(&shop("lie"), Secrets::Expose);
    let made = served.ask("CreatePipeline", json!({ "pipeline": declared })).await;
    let checkout = &made["pipeline"]["stages"][0]["actions"][0];
    assert_eq!((&made["pipeline"]["version"], &checkout["runOrder"]), (&json!(1), &json!(1)));
    assert_eq!((&checkout["configuration"]["OAuthToken"], &checkout["inputArtifacts"]), (&json!("****"), &json!([])));
    let first = served.host.read("shop", |state| state.executions[0].clone()).await.unwrap();
    assert_eq!(first.trigger.kind, "CreatePipeline");

    let (code, message) = served.api("CreatePipeline", json!({ "pipeline": declared })).await.unwrap_err();
    assert_eq!(code, "PipelineNameInUseException");
    assert_eq!(message, "A pipeline with the name 'shop' already exists in account '123456789012'");

    // What was got is sent back with a change: the hidden secret is still the old one.
    served.later(10);
    let mut got = served.ask("GetPipeline", json!({ "name": "shop" })).await;
    assert_eq!(got["metadata"]["pipelineArn"], "arn:aws:codepipeline:us-east-1:123456789012:shop");
    assert!(!got.to_string().contains("obviously-false"));
    got["pipeline"]["stages"][2]["name"] = json!("Send");
    let changed = served.ask("UpdatePipeline", json!({ "pipeline": got["pipeline"] })).await;
    assert_eq!(changed["pipeline"]["version"], 2);
    let secret = served
        .host
        .read("shop", |state| state.pipeline.stages[0].actions[0].config("OAuthToken") == Some("obviously-false"));
    assert!(secret.await.unwrap());
    let got = served.ask("GetPipeline", json!({ "name": "shop", "version": 1 })).await;
    assert_eq!(got["pipeline"]["stages"][2]["name"], "Ship");
    let (created, updated) = (&got["metadata"]["created"], &got["metadata"]["updated"]);
    assert!(updated.as_f64() == created.as_f64().map(|created| created + 10.0), "{created} {updated}");
    let listed = served.ask("ListPipelines", json!({})).await;
    assert_eq!(
        listed["pipelines"],
        json!([{
            "name": "shop", "version": 2, "pipelineType": "V1", "executionMode": "SUPERSEDED",
            "created": created, "updated": updated,
        }])
    );
    served.ask("DeletePipeline", json!({ "name": "shop" })).await;
    // One that is not there is none afterwards, too.
    served.ask("DeletePipeline", json!({ "name": "shop" })).await;
    assert_eq!(served.api("GetPipeline", json!({ "name": "shop" })).await.unwrap_err().0, "PipelineNotFoundException");
}

#[tokio::test]
async fn declarations_are_refused_as_by_the_service_and_what_cannot_run_here_by_name() {
    let served = served([shop("lie")]).await;
    let mut wrong = shop("lie");
    "other".clone_into(&mut wrong.name);
    wrong.stages.truncate(1);
    let create = |pipeline| json!({ "pipeline": to_json(pipeline, Secrets::Expose) });
    let (code, message) = served.api("CreatePipeline", create(&wrong)).await.unwrap_err();
    assert_eq!(code, "InvalidStructureException");
    assert_eq!(message, "Pipeline has only 1 stage(s). There should be a minimum of 2 stages in a pipeline");

    let mut foreign = shop("lie");
    "other".clone_into(&mut foreign.name);
    "Nobody".clone_into(&mut foreign.stages[2].actions[0].action_type_id.provider);
    let (code, message) = served.api("CreatePipeline", create(&foreign)).await.unwrap_err();
    assert_eq!(code, "UnsupportedOperationException");
    assert!(message.contains("Deploy Custom Nobody has no provider here"), "{message}");

    for (operation, input, code) in [
        ("CreatePipeline", json!({}), "ValidationException"),
        ("CreatePipeline", json!({ "pipeline": [] }), "SerializationException"),
        ("UpdatePipeline", create(&foreign), "PipelineNotFoundException"),
    ] {
        assert_eq!(served.api(operation, input).await.unwrap_err().0, code, "{operation}");
    }
    let tagged = json!({ "pipeline": to_json(&shop("lie"), Secrets::Expose), "tags": [{ "key": "a", "value": "b" }] });
    assert_eq!(served.api("CreatePipeline", tagged).await.unwrap_err().0, "UnsupportedOperationException");
    assert_eq!(served.host.names().await.unwrap(), ["shop"]);
}
