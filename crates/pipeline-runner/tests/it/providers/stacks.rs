//! Stacks, on a CloudFormation in memory.

use std::sync::Arc;

use aws_call::SequenceIds;
use pipeline_model::stacks::Stacks;
use pipeline_model::stacks::memory::MemoryStacks;
use pipeline_runner::core::FailureKind;
use pipeline_runner::{ActionJob, ActionOutcome};

use super::{Bench, action, failed, succeeded, text};

const TEMPLATE: &str = "Parameters: {Name: {Type: String}}\nResources:\n  Topic: {Type: 'AWS::SNS::Topic', Properties: {TopicName: !Ref Name}}\nOutputs: {Name: {Value: !Ref Name}}\n";

async fn bench() -> (Bench, Arc<MemoryStacks>) {
    let mut bench = Bench::new();
    let stacks = Arc::new(MemoryStacks::new(Arc::new(bench.clock.clone()), SequenceIds::new(7)));
    bench.backends.stacks = Some(Arc::clone(&stacks) as _);
    bench.backends.change_sets = Some(Arc::clone(&stacks) as _);
    let files = [
        ("stack.yml", TEMPLATE),
        ("broken.yml", "Resources: {A: {Type: 'AWS::SNS::Topic', Properties: {TopicName: !Ref Nobody}}}"),
        ("config.json", r#"{"Parameters": {"Name": "from-file"}, "Tags": {"team": "shop"}}"#),
        ("policy.json", r#"{"StackPolicy": {"Statement": []}}"#),
        ("values.json", r#"{"Name": "from-artifact"}"#),
    ];
    bench.artifact("job/In", &files).await;
    (bench, stacks)
}

async fn run(bench: &Bench, configuration: &[(&str, &str)]) -> ActionOutcome {
    let common = [("StackName", "shop"), ("RoleArn", "arn:aws:iam::123456789012:role/stack")];
    let configuration: Vec<_> = common.iter().chain(configuration).copied().collect();
    let action = action("Deploy", "CloudFormation", &configuration).with_input("In").with_output("Out");
    bench.run(ActionJob::of("job", &action)).await
}

#[tokio::test]
async fn a_stack_is_created_updated_and_deleted() {
    let (bench, stacks) = bench().await;
    let deploy = |overrides: &'static str| {
        [
            ("ActionMode", "CREATE_UPDATE"),
            ("TemplatePath", "In::stack.yml"),
            ("TemplateConfiguration", "In::config.json"),
            ("OutputFileName", "out/values.json"),
            ("ParameterOverrides", overrides),
        ]
    };
    let created = run(&bench, &deploy("{}")).await;
    assert_eq!(succeeded(&created)["Name"], "from-file");
    assert!(format!("{created:?}").contains("stack `shop` created"), "{created:?}");
    assert!(text(&bench.unpacked("job/Out").await.join("out/values.json")).contains("from-file"));
    assert!(bench.lines().iter().any(|line| line.contains("CREATE_COMPLETE")), "{:?}", bench.lines());

    let overrides = r#"{"Name": {"Fn::GetParam": ["In", "values.json", "Name"]}}"#;
    let updated = run(&bench, &deploy(overrides)).await;
    assert_eq!(succeeded(&updated)["Name"], "from-artifact");
    let same = run(&bench, &deploy(overrides)).await;
    assert!(format!("{same:?}").contains("as it should be already"), "{same:?}");

    succeeded(&run(&bench, &[("ActionMode", "DELETE_ONLY")]).await);
    assert!(stacks.describe("shop").await.is_err());
}

#[tokio::test]
async fn what_cannot_be_deployed_is_told() {
    let (bench, stacks) = bench().await;
    for (configuration, says) in [
        (&[("ActionMode", "CREATE_UPDATE"), ("TemplatePath", "stack.yml")][..], "is not of the form"),
        (&[("ActionMode", "CREATE_UPDATE"), ("TemplatePath", "In::none.yml")], "File [none.yml] does not exist"),
        (&[("ActionMode", "CREATE_UPDATE"), ("TemplatePath", "In::../x")], "leaves the artifact"),
        (&[("ActionMode", "CREATE_UPDATE"), ("TemplatePath", "In::broken.yml")], "Nobody"),
        (&[("ActionMode", "CHANGE_SET_EXECUTE")], "ChangeSetName"),
        (&[("ActionMode", "CHANGE_SET_EXECUTE"), ("ChangeSetName", "release")], "does not exist"),
        (
            &[
                ("ActionMode", "CREATE_UPDATE"),
                ("TemplatePath", "In::stack.yml"),
                ("ParameterOverrides", r#"{"Name": {"Fn::GetArtifactAtt": ["In", "URL"]}}"#),
            ],
            "keep artifacts in S3",
        ),
        (
            &[
                ("ActionMode", "CREATE_UPDATE"),
                ("TemplatePath", "In::stack.yml"),
                ("TemplateConfiguration", "In::policy.json"),
            ],
            "a `StackPolicy`",
        ),
    ] {
        let (_, message) = failed(&run(&bench, configuration).await);
        assert!(message.contains(says), "{configuration:?}: {message}");
    }
    let long = format!(r#"{{"Name": "{}"}}"#, "x".repeat(1024));
    let configuration =
        [("ActionMode", "CREATE_UPDATE"), ("TemplatePath", "In::stack.yml"), ("ParameterOverrides", long.as_str())];
    let (kind, message) = failed(&run(&bench, &configuration).await);
    assert_eq!(kind, FailureKind::ConfigurationError, "{message}");
    assert!(stacks.describe("shop").await.is_err(), "nothing was begun");
}

#[tokio::test]
async fn a_failed_stack_is_replaced_where_that_is_asked_for() {
    let (bench, stacks) = bench().await;
    let deploy = |mode: &'static str| {
        [("ActionMode", mode), ("TemplatePath", "In::stack.yml"), ("TemplateConfiguration", "In::config.json")]
    };
    stacks.fail("Topic", "the name is taken");
    let (kind, message) = failed(&run(&bench, &deploy("CREATE_UPDATE")).await);
    assert_eq!(kind, FailureKind::JobFailed);
    assert!(message.contains("ROLLBACK_COMPLETE") && message.contains("the name is taken"), "{message}");
    stacks.mend("Topic");
    // What failed when it was created takes no update.
    let (_, message) = failed(&run(&bench, &deploy("CREATE_UPDATE")).await);
    assert!(message.contains("cannot be updated"), "{message}");
    let replaced = run(&bench, &deploy("REPLACE_ON_FAILURE")).await;
    assert_eq!(succeeded(&replaced)["Name"], "from-file");
    assert!(bench.lines().iter().any(|line| line.contains("deleted and made anew")), "{:?}", bench.lines());
}

/// What nearly every pipeline of stacks does: prepare, have somebody look at it, execute.
#[tokio::test]
async fn a_change_set_is_prepared_and_then_executed() {
    let (bench, stacks) = bench().await;
    let prepare = [
        ("ActionMode", "CHANGE_SET_REPLACE"),
        ("ChangeSetName", "release"),
        ("TemplatePath", "In::stack.yml"),
        ("TemplateConfiguration", "In::config.json"),
    ];
    let execute = [("ActionMode", "CHANGE_SET_EXECUTE"), ("ChangeSetName", "release")];
    let prepared = run(&bench, &prepare).await;
    assert!(format!("{prepared:?}").contains("change set `release` has 1 change\""), "{prepared:?}");
    assert!(bench.lines().contains(&"Add Topic (AWS::SNS::Topic)".to_owned()), "{:?}", bench.lines());
    assert_eq!(stacks.describe("shop").await.unwrap().status, "REVIEW_IN_PROGRESS");

    let executed = run(&bench, &execute).await;
    assert_eq!(succeeded(&executed)["Name"], "from-file");
    assert!(format!("{executed:?}").contains("stack `shop` created"), "{executed:?}");

    // The next release changes nothing: as on the service, both actions succeed.
    let prepared = run(&bench, &prepare).await;
    assert!(format!("{prepared:?}").contains("has no changes"), "{prepared:?}");
    let executed = run(&bench, &execute).await;
    assert!(format!("{executed:?}").contains("as it should be already"), "{executed:?}");

    stacks.fail("Topic", "the name is taken");
    let changed = [&prepare[..], &[("ParameterOverrides", r#"{"Name": "another"}"#)]].concat();
    succeeded(&run(&bench, &changed).await);
    let (kind, message) = failed(&run(&bench, &execute).await);
    assert!(kind == FailureKind::JobFailed && message.contains("UPDATE_ROLLBACK_COMPLETE"), "{message}");
}
