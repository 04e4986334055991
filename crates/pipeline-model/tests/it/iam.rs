//! What roles need, the policies that give it, and what a policy lacks.

use std::collections::BTreeSet;

use aws_call::{AccountId, Region};
use pipeline_model::iam::{Home, Lack, Need, Policy, build_needs, pipeline_needs};
use pipeline_model::model::ArtifactStore;
use pipeline_model::{Action, ActionTypeId, Pipeline, Stage};
use proptest::prelude::*;

const ROLE: &str = "arn:aws:iam::123456789012:role/pipeline";
const DEPLOYER: &str = "arn:aws:iam::111122223333:role/deployer";

fn home() -> Home {
    let (Ok(region), Ok(account)) = (Region::parse("eu-central-1"), AccountId::parse("123456789012")) else {
        unreachable!("both are well formed")
    };
    Home::new(region, account)
}

fn pipeline(actions: impl IntoIterator<Item = Action>) -> Pipeline {
    let mut pipeline = Pipeline::new("shop", ROLE);
    pipeline.stages.push(actions.into_iter().fold(Stage::new("All"), Stage::with_action));
    pipeline
}

fn aws(category: &str, provider: &str) -> Action {
    Action::new(provider, ActionTypeId::new(category, "AWS", provider, "1"))
}

fn has(needs: &[Need], permission: &str, resource: &str) -> bool {
    needs.iter().any(|need| need.permission == permission && need.resource == resource)
}

#[test]
fn resources_come_from_the_configuration() {
    let newer = "arn:aws:codeconnections:eu-central-1:123456789012:connection/0";
    let table = [
        (
            aws("Deploy", "ECS").with_config("ClusterName", "c").with_config("ServiceName", "s"),
            "ecs:UpdateService",
            "arn:aws:ecs:eu-central-1:123456789012:service/c/s",
        ),
        (aws("Deploy", "ECS"), "iam:PassRole", "*"),
        (
            aws("Build", "CodeBuild").with_config("ProjectName", "shop-#{variables.env}"),
            "codebuild:StartBuild",
            "arn:aws:codebuild:eu-central-1:123456789012:project/*",
        ),
        (
            aws("Deploy", "CodeDeploy").with_config("ApplicationName", "a").with_config("DeploymentGroupName", "g"),
            "codedeploy:CreateDeployment",
            "arn:aws:codedeploy:eu-central-1:123456789012:deploymentgroup:a/g",
        ),
        (
            aws("Source", "CodeStarSourceConnection").with_config("ConnectionArn", newer),
            "codeconnections:UseConnection",
            newer,
        ),
        (
            aws("Source", "S3").with_config("S3Bucket", "b").with_config("S3ObjectKey", "k.zip"),
            "s3:GetObject",
            "arn:aws:s3:::b/k.zip",
        ),
        (
            aws("Build", "ECRBuildAndPublish").with_config("ECRRepositoryName", "shop"),
            "ecr:PutImage",
            "arn:aws:ecr:eu-central-1:123456789012:repository/shop",
        ),
        (aws("Approval", "Manual").with_config("NotificationArn", "arn:aws:sns:t"), "sns:Publish", "arn:aws:sns:t"),
        (aws("Build", "ECRBuildAndPublish"), "ecr:GetAuthorizationToken", "*"),
        (
            aws("Compute", "Commands"),
            "logs:PutLogEvents",
            "arn:aws:logs:eu-central-1:123456789012:log-group:/aws/codepipeline/shop:*",
        ),
    ];
    for (action, permission, resource) in table {
        let needs = pipeline_needs(&pipeline([action]), &home());
        assert!(has(&needs[ROLE], permission, resource), "{permission} on {resource}: {needs:#?}");
    }
}

#[test]
fn an_approval_that_tells_nobody_needs_nothing() {
    assert!(!pipeline_needs(&pipeline([aws("Approval", "Manual")]), &home()).contains_key(ROLE));
}

#[test]
fn the_role_of_an_action_needs_the_work_and_the_pipelines_role_may_assume_it() {
    let mut deploy = aws("Deploy", "CodeDeploy")
        .with_config("ApplicationName", "a")
        .with_config("DeploymentGroupName", "g")
        .with_input("Built");
    deploy.role_arn = Some(DEPLOYER.to_owned());
    let mut pipeline = pipeline([deploy]);
    pipeline.artifact_store = Some(ArtifactStore::s3("artifacts"));
    let needs = pipeline_needs(&pipeline, &home());
    assert!(has(&needs[ROLE], "sts:AssumeRole", DEPLOYER));
    assert!(has(&needs[ROLE], "s3:PutObject", "arn:aws:s3:::artifacts/*"));
    assert!(!needs[ROLE].iter().any(|need| need.permission.starts_with("codedeploy:")));
    assert!(has(&needs[DEPLOYER], "s3:GetObject", "arn:aws:s3:::artifacts/*"));
    // In the account of the role, not of the pipeline.
    assert!(has(
        &needs[DEPLOYER],
        "codedeploy:CreateDeployment",
        "arn:aws:codedeploy:eu-central-1:111122223333:deploymentgroup:a/g"
    ));
}

/// The commands of a build that logs in to a registry, builds and pushes, and a role that may look but not upload: the
/// policy that a well-known walkthrough adds.
#[test]
fn a_role_that_may_only_read_images_lacks_the_upload() {
    let commands = [
        "aws ecr get-login-password --region $AWS_DEFAULT_REGION | docker login --username AWS --password-stdin $HOST",
        "docker build -t $IMAGE:$TAG nginx/",
        "docker push $AWS_ACCOUNT_ID.dkr.ecr.$AWS_DEFAULT_REGION.amazonaws.com/$IMAGE:$TAG",
    ];
    let needs = build_needs("shop", commands, &home());
    let reading: Policy = serde_json::from_str(
        r#"{"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Action": ["ecr:GetAuthorizationToken", "ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage"], "Resource": "*"},
            {"Effect": "Allow", "Action": "logs:*", "Resource": "arn:aws:logs:eu-central-1:123456789012:log-group:/aws/codebuild/shop*"}
        ]}"#,
    )
    .unwrap();
    let lacks: Vec<String> = reading.lacks(&needs).iter().map(|lack| lack.need().permission.clone()).collect();
    assert_eq!(lacks, ["ecr:CompleteLayerUpload", "ecr:InitiateLayerUpload", "ecr:PutImage", "ecr:UploadLayerPart"]);
    let text = reading.lacks(&needs)[2].to_string();
    assert_eq!(
        text,
        "`ecr:PutImage` is not allowed: the command `docker push $AWS_ACCOUNT_ID.dkr.ecr.$AWS_DEFAULT_REGION.amazonaws.com/$IMAGE:$TAG` \
         needs it on `arn:aws:ecr:eu-central-1:123456789012:repository/*`"
    );
}

#[test]
fn commands_need_what_they_are_named_for() {
    let table = [
        ("aws ecs update-service --cluster c", "ecs:UpdateService"),
        ("VERSION=1 aws s3 cp a s3://b/", "s3:PutObject"),
        ("$(aws ecr get-login --no-include-email)", "ecr:GetAuthorizationToken"),
        ("make && aws cloudformation create-change-set", "cloudformation:CreateChangeSet"),
        ("docker pull 123456789012.dkr.ecr.eu-central-1.amazonaws.com/base", "ecr:BatchGetImage"),
    ];
    for (command, permission) in table {
        assert!(build_needs("p", [command], &home()).iter().any(|need| need.permission == permission), "{command}");
    }
    for harmless in ["docker push ghcr.io/shop/web", "echo aws ecs update-service", "aws --version", "true"] {
        let needs = build_needs("p", [harmless], &home());
        assert!(needs.iter().all(|need| need.permission.starts_with("logs:")), "{harmless}: {needs:?}");
    }
}

#[test]
fn statements_decide() {
    let need = |needs: &[Need]| needs.iter().find(|need| need.permission == "codebuild:StartBuild").cloned();
    let project = aws("Build", "CodeBuild").with_config("ProjectName", "shop");
    let needs = pipeline_needs(&pipeline([project]), &home());
    let need = need(&needs[ROLE]).unwrap();
    let project = "arn:aws:codebuild:eu-central-1:123456789012:project/shop";
    let table = [
        (r#"{"Effect":"Allow","Action":"*","Resource":"*"}"#, "met"),
        (r#"{"Effect":"Allow","Action":"CODEBUILD:start*","Resource":"*"}"#, "met"),
        (
            r#"{"Effect":"Allow","Action":["codebuild:StartBuild"],"Resource":["arn:aws:codebuild:*:*:project/sho?"]}"#,
            "met",
        ),
        (r#"[{"Effect":"Allow","NotAction":"iam:*","NotResource":"arn:aws:s3:::*"}]"#, "met"),
        (
            r#"{"Effect":"Allow","Action":"codebuild:StartBuild","Resource":"arn:aws:codebuild:*:*:project/other"}"#,
            "resource",
        ),
        (r#"{"Effect":"Allow","Action":"codebuild:StopBuild","Resource":"*"}"#, "action"),
        (r#"{"Effect":"Allow","NotAction":"codebuild:*","Resource":"*"}"#, "action"),
        (r#"[]"#, "action"),
        (
            r#"[{"Effect":"Allow","Action":"*","Resource":"*"},{"Effect":"Deny","Action":"codebuild:*","Resource":"*"}]"#,
            "denied",
        ),
        (
            r#"[{"Effect":"Allow","Action":"*","Resource":"*"},{"Effect":"Deny","Action":"*","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":"false"}}}]"#,
            "met",
        ),
    ];
    for (statement, expected) in table {
        let policy: Policy = serde_json::from_str(&format!(r#"{{"Statement":{statement}}}"#)).unwrap();
        let found = match policy.lacks(std::slice::from_ref(&need)).as_slice() {
            [] => "met",
            [Lack::Action(_)] => "action",
            [Lack::Resource(need)] => {
                assert_eq!(need.resource, project);
                "resource"
            }
            [Lack::Denied(_)] => "denied",
            more => panic!("{more:?}"),
        };
        assert_eq!(found, expected, "{statement}");
    }
}

fn any_action() -> impl Strategy<Value = Action> {
    let kinds = [
        ("Build", "CodeBuild"),
        ("Deploy", "ECS"),
        ("Deploy", "S3"),
        ("Invoke", "Lambda"),
        ("Deploy", "CloudFormation"),
    ];
    (prop::sample::select(kinds.to_vec()), "[a-c]", prop::bool::ANY).prop_map(
        |((category, provider), name, own_role)| {
            let mut action = aws(category, provider);
            for key in ["ProjectName", "ServiceName", "BucketName", "FunctionName", "StackName"] {
                action = action.with_config(key, &name);
            }
            action.role_arn = own_role.then(|| DEPLOYER.to_owned());
            action
        },
    )
}

proptest! {
    #[test]
    fn the_granted_policy_is_enough_and_no_statement_of_it_is_idle(actions in prop::collection::vec(any_action(), 1..5)) {
        for needs in pipeline_needs(&pipeline(actions), &home()).values() {
            let policy = Policy::granting(needs);
            prop_assert!(policy.lacks(needs).is_empty());
            let written: Policy = serde_json::from_str(&serde_json::to_string(&policy).unwrap()).unwrap();
            prop_assert_eq!(&written, &policy);
            for (at, statement) in policy.statement.items().iter().enumerate() {
                let mut less = policy.clone();
                less.statement = pipeline_model::iam::OneOrMany::Many(
                    policy.statement.items().iter().enumerate().filter(|(other, _)| *other != at).map(|(_, own)| own.clone()).collect(),
                );
                let missed: BTreeSet<_> = less.lacks(needs).iter().map(|lack| lack.need().permission.clone()).collect();
                let granted: BTreeSet<_> = statement.action.items().iter().cloned().collect();
                prop_assert_eq!(missed, granted);
            }
        }
    }

    #[test]
    fn patterns_cover_what_the_straightforward_way_says(pattern in "[ab*?]{0,7}", text in "[ab]{1,8}") {
        fn naive(pattern: &[u8], text: &[u8]) -> bool {
            match (pattern.split_first(), text.split_first()) {
                (None, None) => true,
                (Some((b'*', rest)), _) => (0..=text.len()).any(|taken| naive(rest, &text[taken..])),
                (Some((own, rest)), Some((first, others))) => (*own == b'?' || own == first) && naive(rest, others),
                _ => false,
            }
        }
        let needs = pipeline_needs(&pipeline([aws("Approval", "Manual").with_config("NotificationArn", &text)]), &home());
        let statement = serde_json::json!({ "Effect": "Allow", "Action": "*", "Resource": &pattern });
        let policy: Policy = serde_json::from_value(serde_json::json!({ "Statement": statement })).unwrap();
        prop_assert_eq!(policy.lacks(&needs[ROLE]).is_empty(), naive(pattern.as_bytes(), text.as_bytes()));
    }
}
