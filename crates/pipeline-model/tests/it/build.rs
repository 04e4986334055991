//! The builder: what it makes is accepted, and seed pipelines can be written with it.

use aws_call::Secret;
use pipeline_model::build::{Sources, actions};
use pipeline_model::format::json::{Secrets, to_text};
use pipeline_model::model::{ArtifactStore, ExecutionMode, PipelineType};
use pipeline_model::remote::diff;
use pipeline_model::{Pipeline, read};

use crate::{checked, findings};

const ROLE: &str = "arn:aws:iam::123456789012:role/pipeline";

fn accepted(pipeline: &Pipeline) -> Vec<String> {
    let (_, report) = checked("built.json", &to_text(pipeline, Secrets::Hide));
    findings(&report)
}

/// The pipeline of the template that pushes an image for every commit on a branch of GitHub.
#[test]
fn an_image_for_every_commit() {
    let mut sources = Sources::new("PipelineForFlaskApi", ROLE, ArtifactStore::s3("artifacts"));
    let source = sources.add("Source", actions::github("owner", "api", "main", &Secret::new("not-a-real-token")));
    let mut build = sources.first_stage("Build");
    build.action("Build", actions::codebuild("api-build", &source.artifact()));
    let mut built = build.finish();
    // That its source is old is an info.
    assert_eq!(accepted(&built), [""; 0]);
    assert!(!format!("{built:?}").contains("not-a-real-token"));
    let written = r#"{
        "name": "PipelineForFlaskApi",
        "roleArn": "arn:aws:iam::123456789012:role/pipeline",
        "artifactStore": {"type": "S3", "location": "artifacts"},
        "stages": [
            {"name": "Source", "actions": [{
                "name": "Source",
                "actionTypeId": {"category": "Source", "owner": "ThirdParty", "provider": "GitHub", "version": "1"},
                "outputArtifacts": [{"name": "Source"}],
                "configuration": {
                    "Owner": "owner", "Repo": "api", "PollForSourceChanges": "false", "Branch": "main", "OAuthToken": "****"
                }
            }]},
            {"name": "Build", "actions": [{
                "name": "Build",
                "actionTypeId": {"category": "Build", "owner": "AWS", "provider": "CodeBuild", "version": "1"},
                "inputArtifacts": [{"name": "Source"}],
                "configuration": {"ProjectName": "api-build"}
            }]}
        ]
    }"#;
    let reading = read("seed.json", written);
    // The builder makes V2 pipelines and names the outputs of actions, which changes nothing of what they do.
    assert_eq!(built.pipeline_type.take(), Some(PipelineType::V2));
    for stage in &mut built.stages {
        for action in &mut stage.actions {
            action.namespace = None;
        }
    }
    assert_eq!(diff(reading.pipeline().unwrap(), &built), []);
}

#[test]
fn everything_it_makes_is_accepted() {
    let mut sources = Sources::new("shop", ROLE, ArtifactStore::s3("artifacts"));
    let code = sources.add("Code", actions::codecommit("shop", "main"));
    let base = sources.add("Base", actions::ecr_image("base", "stable"));
    let more = sources.add("Code", actions::s3_object("data", "data.zip"));
    let mut build = sources.first_stage("Build");
    let colour = build.variable("Colour", "green");
    let inputs = [base.artifact(), more.artifact()];
    let built = build.action(
        "Build",
        actions::codebuild_of("shop", &code.artifact(), &inputs)
            .outputs(["Image", "Site"])
            .with("EnvironmentVariables", format!(r#"[{{"name":"COLOUR","value":"{colour}","type":"PLAINTEXT"}}]"#)),
    );
    let [image, site] = built.artifacts();
    build.together([
        ("Lint", actions::commands(["make lint"], &code.artifact())),
        ("Test", actions::commands(["make test"], &code.artifact())),
    ]);
    let mut deploy = build.next_stage("Deploy");
    let question = format!("{} of {}?", built.variable("TAG").unwrap(), code.variable("CommitId").unwrap());
    deploy.action("Approve", actions::approval().with("CustomData", question));
    let [_, _] =
        deploy.together([("Web", actions::ecs("shop", "web", &image)), ("Site", actions::s3_files("site", &site))]);
    let stack = actions::stack("shop", "arn:aws:iam::123456789012:role/stack", &code.artifact(), "web.yml");
    deploy.action("Stack", stack);
    let mut last = deploy.next_stage("Deploy");
    last.action("Hosts", actions::codedeploy("shop", "hosts", &site));
    let pipeline = last.finish_with(ExecutionMode::Queued, Vec::new());
    assert_eq!(accepted(&pipeline), [""; 0]);
    let names: Vec<_> = pipeline.stages.iter().map(|stage| stage.name.as_str()).collect();
    assert_eq!(names, ["Source", "Build", "Deploy", "Deploy-2"]);
    let orders: Vec<_> = pipeline.stages[2].actions.iter().map(|action| action.run_order.unwrap()).collect();
    assert_eq!(orders, [1, 2, 2, 3]);
    assert_eq!(pipeline.stages[0].actions[2].name, "Code-2");
}

#[test]
fn variables_that_an_action_does_not_have_are_refused() {
    let mut sources = Sources::new("shop", ROLE, ArtifactStore::s3("artifacts"));
    let code = sources.add("Code", actions::codecommit("shop", "main"));
    let error = code.variable("CommitID").unwrap_err();
    assert_eq!(
        error.to_string(),
        "actions of type Source/AWS/CodeCommit/1 have no variable `CommitID`: did you mean `CommitId`?"
    );
    let mut stage = sources.first_stage("Gate");
    let asked = stage.action("Ask", actions::approval());
    assert!(asked.variable("Anything").is_err());
}
