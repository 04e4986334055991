//! The operations that tell and steer, and their refusals.

use pipeline_runner::core::StageStatus;
use serde_json::{Value as Json, json};

use super::{BEGIN, served, shop};

#[tokio::test]
async fn an_execution_from_its_start_to_its_end() {
    let served = served([shop("lie")]).await;
    let started = served.ask("StartPipelineExecution", json!({ "name": "shop", "clientRequestToken": "t-1" })).await;
    let again = served.ask("StartPipelineExecution", json!({ "name": "shop", "clientRequestToken": "t-1" })).await;
    assert_eq!(started, again);
    let id = started["pipelineExecutionId"].as_str().unwrap();
    let token = served.token().await;
    served.later(60);

    let state = served.ask("GetPipelineState", json!({ "name": "shop" })).await;
    #[allow(clippy::cast_precision_loss, reason = "small")]
    let begin = json!(BEGIN as f64);
    assert_eq!(state["pipelineVersion"], 1);
    let enabled = json!({ "enabled": true });
    let source = &state["stageStates"][0];
    let run = source["actionStates"][0]["latestExecution"]["actionExecutionId"].clone();
    assert_eq!(
        *source,
        json!({
            "stageName": "Source", "inboundExecutions": [], "inboundTransitionState": enabled,
            "actionStates": [{
                "actionName": "Checkout", "currentRevision": { "revisionId": "c0ffee" },
                "latestExecution": { "actionExecutionId": run, "status": "Succeeded", "summary": "with obviously-false", "lastStatusChange": begin },
            }],
            "latestExecution": { "pipelineExecutionId": id, "status": "Succeeded", "type": "STANDARD" },
        })
    );
    assert_eq!(
        state["stageStates"][1]["actionStates"][0]["latestExecution"],
        json!({ "actionExecutionId": token, "status": "InProgress", "lastStatusChange": begin, "token": token })
    );
    assert_eq!(state["stageStates"][2]["actionStates"], json!([{ "actionName": "Deploy" }]));
    assert!(state["stageStates"][2].get("latestExecution").is_none());

    let (code, _) = served.approve("11111111-1111-4111-8111-111111111111", "Approved").await.unwrap_err();
    assert_eq!(code, "InvalidApprovalTokenException");
    #[allow(clippy::cast_precision_loss, reason = "small")]
    let minute_later = json!((BEGIN + 60) as f64);
    assert_eq!(served.approve(&token, "Approved").await.unwrap(), json!({ "approvedAt": minute_later }));
    served.host.finished("shop", id).await.unwrap();
    assert_eq!(served.approve(&token, "Rejected").await.unwrap_err().0, "ApprovalAlreadyCompletedException");

    let one = served.ask("GetPipelineExecution", json!({ "pipelineName": "shop", "pipelineExecutionId": id })).await;
    assert_eq!(
        one,
        json!({ "pipelineExecution": {
            "pipelineName": "shop", "pipelineVersion": 1, "pipelineExecutionId": id, "status": "Succeeded",
            "artifactRevisions": [{ "name": "Src", "revisionId": "c0ffee" }],
            "trigger": { "triggerType": "StartPipelineExecution", "triggerDetail": "arn:aws:iam::123456789012:user/local" },
            "executionMode": "SUPERSEDED", "executionType": "STANDARD",
        }})
    );
    let all = served.ask("ListPipelineExecutions", json!({ "pipelineName": "shop" })).await;
    let summary = &all["pipelineExecutionSummaries"][0];
    assert_eq!((&summary["startTime"], &summary["lastUpdateTime"]), (&begin, &minute_later));
    assert_eq!(summary["sourceRevisions"], json!([{ "actionName": "Checkout", "revisionId": "c0ffee" }]));
    assert!(summary.get("stopTrigger").is_none() && summary.get("pipelineName").is_none());
}

#[tokio::test]
async fn action_executions_tell_what_was_configured_and_what_came_of_it() {
    let served = served([shop("lie")]).await;
    let id = served.start().await;
    let token = served.token().await;
    let filter = json!({ "pipelineName": "shop", "filter": { "pipelineExecutionId": id } });
    let listed = served.ask("ListActionExecutions", filter).await;
    let runs = listed["actionExecutionDetails"].as_array().unwrap();
    let names: Vec<&str> = runs.iter().map(|run| run["actionName"].as_str().unwrap()).collect();
    assert_eq!(names, ["Release", "Checkout"]);
    // The token of an approval is its run's id on the outside, too.
    assert_eq!(runs[0]["output"]["executionResult"], json!({ "externalExecutionId": token }));
    assert_eq!(runs[0]["input"]["resolvedConfiguration"]["CustomData"], "Release c0ffee?");
    assert_eq!(runs[0]["input"]["configuration"]["CustomData"], "Release #{Git.CommitId}?");
    let checkout = &runs[1];
    assert_eq!(checkout["input"]["configuration"]["OAuthToken"], "****");
    assert_eq!(checkout["input"]["resolvedConfiguration"]["OAuthToken"], "****");
    assert_eq!(checkout["input"]["namespace"], "Git");
    assert_eq!(checkout["output"]["outputVariables"], json!({ "CommitId": "c0ffee" }));
    let artifact = &checkout["output"]["outputArtifacts"][0];
    assert_eq!((&artifact["name"], &artifact["s3location"]["bucket"]), (&json!("Src"), &json!("shop-artifacts")));
    assert!(artifact["s3location"]["key"].as_str().unwrap().starts_with("shop/Src/"));
    assert!(!checkout["input"].to_string().contains("obviously-false"));
}

#[tokio::test]
async fn a_failed_stage_is_retried_and_rolled_back() {
    let served = served([shop("fall")]).await;
    let id = served.start().await;
    let token = served.token().await;
    served.approve(&token, "Approved").await.unwrap();
    served.until_in("Ship", StageStatus::Failed).await;
    let state = served.ask("GetPipelineState", json!({ "name": "shop" })).await;
    let failed = &state["stageStates"][2]["actionStates"][0]["latestExecution"];
    assert_eq!(failed["errorDetails"], json!({ "code": "JobFailed", "message": "told to fall" }));

    let retry = json!({
        "pipelineName": "shop", "stageName": "Ship", "pipelineExecutionId": id, "retryMode": "FAILED_ACTIONS",
    });
    served.later(5);
    assert_eq!(served.ask("RetryStageExecution", retry.clone()).await, json!({ "pipelineExecutionId": id }));
    served.host.finished("shop", &id).await.unwrap();
    let state = served.ask("GetPipelineState", json!({ "name": "shop" })).await;
    assert_eq!(
        state["stageStates"][2]["retryStageMetadata"],
        json!({ "manualStageRetryAttempt": 1, "latestRetryTrigger": "ManualStageRetry" })
    );
    let within = |range: &str| {
        json!({ "pipelineName": "shop", "filter": { "latestInPipelineExecution": {
            "pipelineExecutionId": id, "startTimeRange": range,
        }}})
    };
    for (range, runs) in [("All", 4), ("Latest", 3)] {
        let listed = served.ask("ListActionExecutions", within(range)).await;
        assert_eq!(listed["actionExecutionDetails"].as_array().unwrap().len(), runs, "{range}");
    }

    let rollback = |stage: &str| json!({ "pipelineName": "shop", "stageName": stage, "targetPipelineExecutionId": id });
    let (code, message) = served.api("RollbackStage", rollback("Ship")).await.unwrap_err();
    assert_eq!(code, "UnableToRollbackStageException");
    assert_eq!(message, "Target pipeline execution has not completed successfully in the stage");
    let back =
        served.ask("RollbackStage", rollback("Source")).await["pipelineExecutionId"].as_str().unwrap().to_owned();
    served.host.finished("shop", &back).await.unwrap();
    let one = served.ask("GetPipelineExecution", json!({ "pipelineName": "shop", "pipelineExecutionId": back })).await;
    let one = &one["pipelineExecution"];
    assert_eq!((&one["executionType"], &one["status"]), (&json!("ROLLBACK"), &json!("Succeeded")));
    assert_eq!(one["rollbackMetadata"], json!({ "rollbackTargetPipelineExecutionId": id }));
    assert_eq!(one["trigger"]["triggerType"], "ManualRollback");
    assert_eq!(one["trigger"]["triggerDetail"], r#"{"AwsUserArn":"arn:aws:iam::123456789012:user/local"}"#);

    let filter = json!({ "pipelineName": "shop", "filter": { "succeededInStage": { "stageName": "Gate" } } });
    let found = served.ask("ListPipelineExecutions", filter).await;
    let found = found["pipelineExecutionSummaries"].as_array().unwrap().clone();
    assert_eq!((found.len(), &found[0]["pipelineExecutionId"]), (1, &json!(id)));
}

#[tokio::test]
async fn executions_are_stopped_and_kept_out() {
    let served = served([shop("lie")]).await;
    let gate = |kind: &str, reason: Option<&str>| {
        let stage = if kind == "Inbound" { "Gate" } else { "Source" };
        json!({ "pipelineName": "shop", "stageName": stage, "transitionType": kind, "reason": reason })
    };
    for kind in ["Inbound", "Outbound"] {
        served.ask("DisableStageTransition", gate(kind, Some("freeze (until Monday)"))).await;
        let id = served.start().await;
        served.until(|state| !state.stages[1].waiting.is_empty()).await;
        let state = served.ask("GetPipelineState", json!({ "name": "shop" })).await;
        let shut = &state["stageStates"][1];
        assert_eq!(
            shut["inboundTransitionState"],
            json!({ "enabled": false, "disabledReason": "freeze (until Monday)" })
        );
        let waits = json!({ "pipelineExecutionId": id, "status": "InProgress", "type": "STANDARD" });
        assert_eq!((&shut["inboundExecution"], &shut["inboundExecutions"]), (&waits, &json!([waits])));
        served.ask("EnableStageTransition", gate(kind, None)).await;
        served.until_in("Gate", StageStatus::InProgress).await;

        let stop = |abandon: bool| json!({ "pipelineName": "shop", "pipelineExecutionId": id, "abandon": abandon, "reason": "no longer wanted" });
        assert_eq!(served.ask("StopPipelineExecution", stop(false)).await, json!({ "pipelineExecutionId": id }));
        let twice = served.api("StopPipelineExecution", stop(false)).await.unwrap_err();
        assert_eq!(twice.0, "DuplicatedStopRequestException");
        served.ask("StopPipelineExecution", stop(true)).await;
        served.host.finished("shop", &id).await.unwrap();
        let over = served.api("StopPipelineExecution", stop(true)).await.unwrap_err();
        assert_eq!(over.0, "PipelineExecutionNotStoppableException");
        let all = served.ask("ListPipelineExecutions", json!({ "pipelineName": "shop", "maxResults": 1 })).await;
        let last = &all["pipelineExecutionSummaries"][0];
        assert_eq!(
            (&last["status"], &last["stopTrigger"]),
            (&json!("Stopped"), &json!({ "reason": "no longer wanted" }))
        );
    }
}

#[tokio::test]
async fn long_lists_come_in_pages() {
    let served = served([shop("lie")]).await;
    served.host.transition("shop", "Source", Some("stay".to_owned())).await.unwrap();
    let mut ids = Vec::new();
    for _ in 0..5 {
        ids.insert(0, served.start().await);
    }
    let (mut found, mut next) = (Vec::new(), Json::Null);
    for size in [2, 2, 1] {
        let input = json!({ "pipelineName": "shop", "maxResults": 2, "nextToken": next });
        let page = served.ask("ListPipelineExecutions", input).await;
        let part = page["pipelineExecutionSummaries"].as_array().unwrap().clone();
        assert_eq!(part.len(), size);
        found.extend(part.into_iter().map(|one| one["pipelineExecutionId"].as_str().unwrap().to_owned()));
        next = page["nextToken"].clone();
        // One that comes meanwhile moves nothing.
        served.start().await;
    }
    assert!(next.is_null() && found == ids, "{found:?}");
}

#[tokio::test]
async fn conditions_are_shown_listed_and_passed_over() {
    let mut pipeline = shop("lie");
    let rule = json!({
        "name": "Check", "ruleTypeId": { "category": "Rule", "owner": "AWS", "provider": "VariableCheck", "version": "1" },
        "configuration": { "Variable": "#{Git.CommitId}", "Value": "1", "Operator": "EQ" },
    });
    let entry = json!({ "conditions": [{ "result": "FAIL", "rules": [rule] }] });
    pipeline.stages[2].before_entry = Some(serde_json::from_value(entry).unwrap());
    let served = served([pipeline]).await;
    let id = served.start().await;
    let token = served.token().await;
    let not_yet = served.ask("GetPipelineState", json!({ "name": "shop" })).await;
    assert_eq!(
        not_yet["stageStates"][2]["beforeEntryConditionState"],
        json!({ "conditionStates": [{ "ruleStates": [{ "ruleName": "Check" }] }] })
    );
    served.approve(&token, "Approved").await.unwrap();
    served.until_in("Ship", StageStatus::Failed).await;

    let listed = served.ask("ListRuleExecutions", json!({ "pipelineName": "shop" })).await;
    let run = &listed["ruleExecutionDetails"][0];
    assert_eq!(
        (&run["ruleName"], &run["status"], &run["stageName"]),
        (&json!("Check"), &json!("Failed"), &json!("Ship"))
    );
    assert_eq!(run["input"]["resolvedConfiguration"]["Variable"], "c0ffee");
    let state = served.ask("GetPipelineState", json!({ "name": "shop" })).await;
    let gate = &state["stageStates"][2]["beforeEntryConditionState"];
    let rule = &gate["conditionStates"][0]["ruleStates"][0]["latestExecution"];
    assert_eq!((&gate["latestExecution"]["status"], &rule["status"]), (&json!("Failed"), &json!("Failed")));
    assert_eq!(rule["ruleExecutionId"], run["ruleExecutionId"]);
    assert_eq!(rule["errorDetails"]["message"], "the variable has another value");

    let pass = |kind: &str| json!({ "pipelineName": "shop", "stageName": "Ship", "pipelineExecutionId": id, "conditionType": kind });
    assert_eq!(served.api("OverrideStageCondition", pass("ON_FAILURE")).await.unwrap_err().0, "ValidationException");
    let (code, _) = served.api("OverrideStageCondition", pass("ON_SUCCESS")).await.unwrap_err();
    assert_eq!(code, "ConditionNotOverridableException");
    served.ask("OverrideStageCondition", pass("BEFORE_ENTRY")).await;
    served.until_in("Ship", StageStatus::Succeeded).await;
    let state = served.ask("GetPipelineState", json!({ "name": "shop" })).await;
    assert_eq!(state["stageStates"][2]["beforeEntryConditionState"]["latestExecution"]["status"], "Overridden");
}

/// What each refusal says, before anything happens.
#[tokio::test]
async fn requests_that_cannot_be_are_refused_in_the_services_words() {
    let served = served([shop("lie")]).await;
    let id = "11111111-1111-4111-8111-111111111111";
    let start = |more: Json| {
        let mut input = json!({ "name": "shop" });
        input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        input
    };
    let approval = |stage: &str, action: &str, status: &str, summary: &str| {
        json!({
            "pipelineName": "shop", "stageName": stage, "actionName": action, "token": id,
            "result": { "status": status, "summary": summary },
        })
    };
    let retry = |stage: &str, mode: &str| json!({ "pipelineName": "shop", "stageName": stage, "pipelineExecutionId": id, "retryMode": mode });
    let transition = |stage: &str, kind: &str, reason: &str| json!({ "pipelineName": "shop", "stageName": stage, "transitionType": kind, "reason": reason });
    let long = "x".repeat(513);
    for (operation, input, code, message) in [
        (
            "GetPipelineState",
            json!({ "name": "nope" }),
            "PipelineNotFoundException",
            "Account '123456789012' does not have a pipeline with name 'nope'",
        ),
        (
            "GetPipelineState",
            json!({}),
            "ValidationException",
            "1 validation error detected: Value null at 'name' failed to satisfy constraint: Member must not be null",
        ),
        (
            "GetPipelineState",
            json!({ "name": "a b" }),
            "ValidationException",
            "Value 'a b' at 'name' failed to satisfy constraint: Member must satisfy regular expression pattern: [A-Za-z0-9.@\\-_]+",
        ),
        ("GetPipelineState", json!({ "name": 1 }), "SerializationException", "`name` is no text"),
        ("GetPipelineState", json!([]), "SerializationException", "no JSON object"),
        (
            "GetPipeline",
            json!({ "name": "shop", "version": 0 }),
            "ValidationException",
            "Member must have value greater than or equal to 1",
        ),
        ("GetPipeline", json!({ "name": "shop", "version": 9 }), "PipelineVersionNotFoundException", "no such version"),
        (
            "GetPipelineExecution",
            json!({ "pipelineName": "shop", "pipelineExecutionId": id }),
            "PipelineExecutionNotFoundException",
            id,
        ),
        (
            "GetPipelineExecution",
            json!({ "pipelineName": "shop", "pipelineExecutionId": "e" }),
            "ValidationException",
            "[0-9a-f]{8}-",
        ),
        (
            "ListPipelineExecutions",
            json!({ "pipelineName": "shop", "maxResults": 101 }),
            "ValidationException",
            "less than or equal to 100",
        ),
        (
            "ListPipelineExecutions",
            json!({ "pipelineName": "shop", "nextToken": "x" }),
            "InvalidNextTokenException",
            "invalid format",
        ),
        (
            "ListPipelineExecutions",
            json!({ "pipelineName": "shop", "filter": { "succeededInStage": { "stageName": "Nope" } } }),
            "StageNotFoundException",
            "Nope",
        ),
        (
            "ListActionExecutions",
            json!({ "pipelineName": "shop", "filter": { "pipelineExecutionId": id } }),
            "PipelineExecutionNotFoundException",
            id,
        ),
        ("ListPipelines", json!({ "nextToken": "x" }), "InvalidNextTokenException", "invalid format"),
        (
            "StartPipelineExecution",
            start(json!({ "clientRequestToken": "a_b" })),
            "ValidationException",
            "^[a-zA-Z0-9-]+$",
        ),
        (
            "StartPipelineExecution",
            start(json!({ "variables": [{ "name": "V", "value": "" }] })),
            "ValidationException",
            "'variables.1.member.value' failed to satisfy constraint: Member must have length greater than or equal to 1",
        ),
        (
            "StartPipelineExecution",
            start(json!({ "variables": [{ "name": "V", "value": "1" }] })),
            "ValidationException",
            "`V`",
        ),
        (
            "StartPipelineExecution",
            start(
                json!({ "sourceRevisions": [{ "actionName": "Deploy", "revisionType": "COMMIT_ID", "revisionValue": "1" }] }),
            ),
            "ValidationException",
            "no source action `Deploy`",
        ),
        (
            "StartPipelineExecution",
            start(
                json!({ "sourceRevisions": [{ "actionName": "Checkout", "revisionType": "TAG", "revisionValue": "1" }] }),
            ),
            "ValidationException",
            "Member must satisfy enum value set: [COMMIT_ID",
        ),
        ("PutApprovalResult", approval("Nope", "Release", "Approved", ""), "StageNotFoundException", "Nope"),
        ("PutApprovalResult", approval("Gate", "Nope", "Approved", ""), "ActionNotFoundException", "Nope"),
        ("PutApprovalResult", approval("Gate", "Release", "Approved", ""), "InvalidApprovalTokenException", "token"),
        (
            "PutApprovalResult",
            approval("Gate", "Release", "Maybe", ""),
            "ValidationException",
            "'result.status' failed to satisfy constraint: Member must satisfy enum value set: [Approved, Rejected]",
        ),
        (
            "PutApprovalResult",
            approval("Gate", "Release", "Approved", &long),
            "ValidationException",
            "Member must have length less than or equal to 512",
        ),
        ("RetryStageExecution", retry("Nope", "ALL_ACTIONS"), "StageNotFoundException", "Nope"),
        ("RetryStageExecution", retry("Gate", "SOME"), "ValidationException", "[FAILED_ACTIONS, ALL_ACTIONS]"),
        ("RetryStageExecution", retry("Gate", "ALL_ACTIONS"), "NotLatestPipelineExecutionException", id),
        ("DisableStageTransition", transition("Gate", "Sideways", "x"), "ValidationException", "[Inbound, Outbound]"),
        ("DisableStageTransition", transition("Gate", "Inbound", "a<b"), "ValidationException", "'reason'"),
        ("DisableStageTransition", transition("Nope", "Inbound", "x"), "StageNotFoundException", "Nope"),
        ("DisableStageTransition", transition("Ship", "Outbound", "x"), "ValidationException", "the last one"),
        ("PollForJobs", json!({}), "UnknownOperationException", "PollForJobs"),
    ] {
        let (got, said) = served.api(operation, input).await.unwrap_err();
        assert_eq!(got, code, "{operation}: {said}");
        assert!(said.contains(message), "{operation}: {said}");
    }
    // None of it did anything.
    assert!(served.host.read("shop", |state| state.executions.is_empty()).await.unwrap());
}
