//! Pipelines of this machine behind the endpoint, asked by the AWS CLI: its own model of every answer must find what it
//! looks for.

use pipeline_runner::Host;
use pipeline_runner::core::{ActionStatus, State};
use serde_json::json;

use crate::cli::aws;
use crate::served::{endpoint, shop};

/// Waits for an approval to answer.
async fn until_asked(host: &Host) {
    let asked = |state: &State| {
        let run = state.executions.last().and_then(|execution| execution.stages.get(1)?.actions.last());
        run.is_some_and(|run| run.status == ActionStatus::InProgress)
    };
    let mut notices = host.subscribe();
    while !host.read("shop", asked).await.unwrap() {
        notices.recv().await.unwrap();
    }
}

#[tokio::test]
async fn the_cli_drives_a_pipeline_from_its_creation_to_its_deletion() {
    let (host, server, _workspace) = endpoint().await;
    let url = server.url();
    let ask = async |arguments: &[&str]| aws("codepipeline", &url, arguments).await;
    let (shop, missing) = (json!({ "pipeline": shop() }).to_string(), "11111111-1111-4111-8111-111111111111");

    let created = ask(&["create-pipeline", "--cli-input-json", &shop]).await.unwrap();
    assert_eq!(created["pipeline"]["version"], 1);
    let got = ask(&["get-pipeline", "--name", "shop"]).await.unwrap();
    assert_eq!(got["pipeline"], created["pipeline"]);
    let listed = ask(&["list-pipelines"]).await.unwrap();
    assert_eq!(
        (&listed["pipelines"][0]["name"], &listed["pipelines"][0]["executionMode"]),
        (&json!("shop"), &json!("QUEUED"))
    );

    // The execution of the creation is rejected.
    until_asked(&host).await;
    let approve = async |status: &str| {
        let state = ask(&["get-pipeline-state", "--name", "shop"]).await.unwrap();
        let token = state["stageStates"][1]["actionStates"][0]["latestExecution"]["token"].as_str().unwrap().to_owned();
        let result = format!("summary=seen,status={status}");
        let action = ["--pipeline-name", "shop", "--stage-name", "Gate", "--action-name", "Release"];
        ask(&[&["put-approval-result"], &action[..], &["--token", &token, "--result", &result]].concat()).await
    };
    // A number or a text, by version of the CLI.
    assert!(!approve("Rejected").await.unwrap()["approvedAt"].is_null());
    let executions = ask(&["list-pipeline-executions", "--pipeline-name", "shop"]).await.unwrap();
    let first = &executions["pipelineExecutionSummaries"][0];
    assert_eq!((&first["status"], &first["trigger"]["triggerType"]), (&json!("Failed"), &json!("CreatePipeline")));

    // The next one fails, is retried, and shows its runs.
    let start = ["start-pipeline-execution", "--name", "shop", "--variables", "name=Fails,value=yes"];
    let started = ask(&start).await.unwrap();
    let id = started["pipelineExecutionId"].as_str().unwrap();
    until_asked(&host).await;
    approve("Approved").await.unwrap();
    host.finished("shop", id).await.unwrap();
    let of = ["--pipeline-name", "shop", "--pipeline-execution-id", id];
    let retry = ["retry-stage-execution", "--stage-name", "Ship", "--retry-mode", "FAILED_ACTIONS"];
    assert_eq!(ask(&[&retry[..], &of[..]].concat()).await.unwrap(), started);
    host.finished("shop", id).await.unwrap();
    let filter = format!("pipelineExecutionId={id}");
    let runs = ask(&["list-action-executions", "--pipeline-name", "shop", "--filter", &filter]).await.unwrap();
    let runs = runs["actionExecutionDetails"].as_array().unwrap();
    let failed = &runs[0]["output"]["executionResult"]["errorDetails"];
    assert_eq!((runs.len(), failed), (4, &json!({ "code": "JobFailed", "message": "told to fail" })));
    assert_eq!(runs[0]["input"]["resolvedConfiguration"], json!({ "Fails": "yes" }));
    let got = ask(&[&["get-pipeline-execution"], &of[..]].concat()).await.unwrap();
    assert_eq!(got["pipelineExecution"]["variables"], json!([{ "name": "Fails", "resolvedValue": "yes" }]));

    // The source goes back to what it was, and nothing enters the gate any more.
    let rollback = ["rollback-stage", "--pipeline-name", "shop", "--stage-name", "Source"];
    let back = ask(&[&rollback[..], &["--target-pipeline-execution-id", id]].concat()).await.unwrap();
    host.finished("shop", back["pipelineExecutionId"].as_str().unwrap()).await.unwrap();
    let transition = ["--pipeline-name", "shop", "--stage-name", "Gate", "--transition-type", "Inbound"];
    ask(&[&["disable-stage-transition"], &transition[..], &["--reason", "freeze"]].concat()).await.unwrap();
    let third = ask(&["start-pipeline-execution", "--name", "shop"]).await.unwrap();
    let third = third["pipelineExecutionId"].as_str().unwrap();
    let stop =
        ["stop-pipeline-execution", "--pipeline-name", "shop", "--pipeline-execution-id", third, "--reason", "enough"];
    ask(&stop).await.unwrap();
    host.finished("shop", third).await.unwrap();
    ask(&[&["enable-stage-transition"], &transition[..]].concat()).await.unwrap();

    for (arguments, want) in [
        (
            &["get-pipeline-state", "--name", "nope"] as &[&str],
            "(PipelineNotFoundException) when calling the GetPipelineState operation: Account '123456789012' does not have a pipeline with name 'nope'",
        ),
        (
            &["get-pipeline-execution", "--pipeline-name", "shop", "--pipeline-execution-id", missing],
            "(PipelineExecutionNotFoundException)",
        ),
        (&["get-pipeline", "--name", "shop", "--pipeline-version", "7"], "(PipelineVersionNotFoundException)"),
        (&["create-pipeline", "--cli-input-json", &shop], "(PipelineNameInUseException)"),
        (&stop, "(PipelineExecutionNotStoppableException)"),
        (&["list-webhooks"], "(UnknownOperationException)"),
    ] {
        let refused = ask(arguments).await.unwrap_err();
        assert!(refused.contains(want), "{arguments:?}: {refused}");
    }
    let updated = ask(&["update-pipeline", "--cli-input-json", &shop]).await.unwrap();
    assert_eq!(updated["pipeline"]["version"], 2);
    ask(&["delete-pipeline", "--name", "shop"]).await.unwrap();
    assert_eq!(ask(&["list-pipelines"]).await.unwrap(), json!({ "pipelines": [] }));
}
