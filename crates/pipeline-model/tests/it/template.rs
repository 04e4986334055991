//! What stands beside a pipeline in a template, read and written.

use std::collections::BTreeMap;

use pipeline_model::format::cloudformation::{as_written, rewrite, to_json, to_json_text, to_yaml};
use pipeline_model::format::json::Secrets;
use pipeline_model::iam::Policy;
use pipeline_model::template::generate::{BuildProject, Plan, pipeline_only, template as generate};
use pipeline_model::template::{Buildspec, Resources, resources};
use pipeline_model::{Action, ActionTypeId, Pipeline, ReadOptions, Stage, Values, check, read, read_with};
use serde_json::{Value as Json, json};
use spec_report::{Levels, Source};

const TEMPLATE: &str = r#"Parameters:
  Token: {Type: String, NoEcho: true}
  Branch: {Type: String, Default: main}
Mappings:
  Compute: {main: {type: BUILD_GENERAL1_MEDIUM}}
Resources:
  Hook:
    Type: AWS::CodePipeline::Webhook
    Properties:
      Authentication: GITHUB_HMAC
      AuthenticationConfiguration: {SecretToken: !Ref Token}
      RegisterWithThirdParty: true
      TargetPipeline: !Ref Delivery
      TargetAction: Fetch
      TargetPipelineVersion: !GetAtt Delivery.Version
      Filters: [{JsonPath: $.ref, MatchEquals: 'refs/heads/{Branch}'}]
  Images:
    Type: AWS::ECR::Repository
    DeletionPolicy: Retain
    Properties: {RepositoryName: shop, ImageTagMutability: IMMUTABLE, ImageScanningConfiguration: {ScanOnPush: 'true'}}
  Artifacts:
    Type: AWS::S3::Bucket
    Properties:
      VersioningConfiguration: {Status: Enabled}
      BucketEncryption: {ServerSideEncryptionConfiguration: [{ServerSideEncryptionByDefault: {SSEAlgorithm: AES256}}]}
      NotificationConfiguration: {EventBridgeConfiguration: {}}
      PublicAccessBlockConfiguration: {BlockPublicAcls: true, BlockPublicPolicy: true, IgnorePublicAcls: true}
  Delivery:
    Type: AWS::CodePipeline::Pipeline
    Properties:
      RoleArn: !GetAtt DeliveryRole.Arn
      ArtifactStore: {Type: S3, Location: !Ref Artifacts}
      Stages:
        - Name: Fetch
          Actions:
            - Name: Fetch
              ActionTypeId: {Category: Source, Owner: ThirdParty, Provider: GitHub, Version: 1}
              OutputArtifacts: [{Name: Sources}]
              Configuration: {Owner: shop, Repo: web, Branch: !Ref Branch, OAuthToken: !Ref Token, PollForSourceChanges: false}
        - Name: Image
          Actions:
            - Name: Image
              ActionTypeId: {Category: Build, Owner: AWS, Provider: CodeBuild, Version: 1}
              InputArtifacts: [{Name: Sources}]
              Configuration: {ProjectName: !Ref Builds}
  Builds:
    Type: AWS::CodeBuild::Project
    Properties:
      Artifacts: {Type: CODEPIPELINE}
      ServiceRole: !GetAtt BuildRole.Arn
      TimeoutInMinutes: 20
      Environment:
        Type: LINUX_CONTAINER
        ComputeType: !FindInMap [Compute, !Ref Branch, type]
        Image: aws/codebuild/standard:7.0
        PrivilegedMode: true
        EnvironmentVariables: [{Name: URI, Value: !Sub '${AWS::AccountId}.dkr.ecr.${AWS::Region}.amazonaws.com/${Images}'}]
      Source:
        Type: CODEPIPELINE
        BuildSpec: |
          version: 0.2
          phases: {build: {commands: [make]}}
  DeliveryRole:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument: {Statement: [{Effect: Allow, Principal: {Service: codepipeline.amazonaws.com}, Action: sts:AssumeRole}]}
  BuildRole:
    Type: AWS::IAM::Role
    Properties:
      RoleName: builds
      AssumeRolePolicyDocument: {Statement: [{Effect: Allow, Principal: {Service: codebuild.amazonaws.com}, Action: sts:AssumeRole}]}
      Policies: [{PolicyName: logs, PolicyDocument: {Version: 2012-10-17, Statement: [{Effect: Allow, Action: logs:*, Resource: '*'}]}}]
  BuildPolicy:
    Type: AWS::IAM::Policy
    Properties: {PolicyName: push, Roles: [!Ref BuildRole], PolicyDocument: {Statement: {Effect: Allow, Action: ecr:PutImage, Resource: !GetAtt Images.Arn}}}
  Changes:
    Type: AWS::Events::Rule
    Properties:
      EventPattern: {source: [aws.ecr]}
      Targets: [{Id: pipeline, Arn: !Sub 'arn:aws:codepipeline:x:1:${Delivery}', RoleArn: !GetAtt DeliveryRole.Arn}]
  Topic: {Type: AWS::SNS::Topic}
"#;

fn of(text: &str) -> Resources {
    resources(&read("template.yaml", text).document, &ReadOptions::default())
}

#[test]
fn each_resource_has_its_values() {
    let found = of(TEMPLATE);
    let ids: Vec<_> = found.all.iter().map(|resource| resource.logical_id.as_str()).collect();
    let all = [
        "Hook",
        "Images",
        "Artifacts",
        "Delivery",
        "Builds",
        "DeliveryRole",
        "BuildRole",
        "BuildPolicy",
        "Changes",
        "Topic",
    ];
    assert_eq!(ids, all);

    let hook = found.called("${Hook}").unwrap().definition.webhook().unwrap();
    assert_eq!(hook.target_pipeline.as_ref().unwrap().text, "${Delivery}");
    assert_eq!(hook.filters[0].match_equals.as_ref().unwrap().text, "refs/heads/{Branch}");
    assert!(!hook.secret_token.as_ref().unwrap().1);

    let images = found.called("shop").unwrap();
    assert_eq!(images.deletion_policy.as_deref(), Some("Retain"));
    assert_eq!(images.definition.repository().unwrap().scan_on_push, Some(true));

    let bucket = found.called("${Artifacts}").unwrap().definition.bucket().unwrap();
    assert!(bucket.is_versioned && bucket.notifies_event_bridge);
    assert_eq!(
        (bucket.encryption.as_ref().unwrap().text.as_str(), bucket.blocks_public_access),
        ("AES256", Some(false))
    );

    let reading = read("template.yaml", TEMPLATE);
    let build = &reading.pipeline().unwrap().stages[1].actions[0];
    let project = found.called(build.config("ProjectName").unwrap()).unwrap().project().unwrap();
    assert_eq!(project.environment.compute_type.as_ref().unwrap().text, "BUILD_GENERAL1_MEDIUM");
    assert_eq!((project.environment.privileged, project.timeout_in_minutes), (Some(true), Some(20)));
    let Some(Buildspec::Inline(spec)) = &project.buildspec else { panic!("{project:?}") };
    assert!(spec.text.starts_with("version: 0.2") && spec.is_known());
    let uri = &project.environment.variables[0].value;
    assert_eq!(uri.text, "${AWS::AccountId}.dkr.ecr.${AWS::Region}.amazonaws.com/${Images}");
    assert!(!uri.is_known());

    let role = found.called(&project.service_role.as_ref().unwrap().text).unwrap();
    assert_eq!(role.logical_id, "BuildRole");
    let names: Vec<_> =
        found.policies_of(role).filter_map(|policy| Some(policy.name.as_ref()?.text.as_str())).collect();
    assert_eq!(names, ["logs", "push"]);
    let rule = found.called("${Changes}").unwrap().definition.event_rule().unwrap();
    assert_eq!(rule.targets[0].arn.text, "arn:aws:codepipeline:x:1:${Delivery}");
    assert_eq!(rule.event_pattern, Some(json!({ "source": ["aws.ecr"] })));
}

#[test]
fn a_secret_in_a_template_is_not_shown() {
    let found = of(&TEMPLATE.replace("SecretToken: !Ref Token", "SecretToken: not-a-real-secret"));
    let hook = found.called("${Hook}").unwrap().definition.webhook().unwrap();
    assert!(hook.secret_token.as_ref().unwrap().1);
    assert!(!format!("{found:?}").contains("not-a-real-secret"));
}

fn json_of(text: &str) -> Json {
    to_json(&as_written(&read("template.yaml", text).document).unwrap())
}

#[test]
fn a_template_comes_out_as_it_went_in() {
    let reading = read("template.yaml", TEMPLATE);
    let value = rewrite(&reading, &ReadOptions::default(), Secrets::Hide).unwrap();
    assert_eq!(to_json(&value), json_of(TEMPLATE));
    assert_eq!(json_of(&to_yaml(&value)), json_of(TEMPLATE));
    let again: Json = serde_json::from_str(&to_json_text(&value)).unwrap();
    assert_eq!(again, json_of(TEMPLATE));
}

#[test]
fn a_change_is_written_and_functions_stay() {
    let conditions = "Conditions:\n  Live: !Equals [!Ref Branch, live]\n";
    let text = format!("{conditions}{TEMPLATE}")
        .replace(
            "InputArtifacts: [{Name: Sources}]",
            "InputArtifacts: [{Name: Sources}, !If [Live, {Name: More}, !Ref AWS::NoValue]]",
        )
        .replace(
            "      RoleArn: !GetAtt DeliveryRole.Arn\n      ArtifactStore",
            "      Name: !If [Live, shop-live, shop]\n      RoleArn: !GetAtt DeliveryRole.Arn\n      ArtifactStore",
        );
    let options = ReadOptions::default();
    let mut reading = read("template.yaml", &text);
    let pipeline = &mut reading.declarations[0].pipeline;
    pipeline.name = "web".to_owned();
    pipeline.stages[0].actions[0].configuration.insert("Branch".to_owned(), "next".into());
    pipeline.stages[1].actions[0].namespace = Some("Image".to_owned());
    pipeline.stages[1].actions[0].input_artifacts.clear();
    pipeline.stages.push(Stage::new("More"));
    let written = to_json(&rewrite(&reading, &options, Secrets::Hide).unwrap());
    let mut expected = json_of(&text);
    let properties = &mut expected["Resources"]["Delivery"]["Properties"];
    // The branch of the function that is taken has the new name.
    properties["Name"]["Fn::If"][2] = json!("web");
    properties["Stages"][0]["Actions"][0]["Configuration"]["Branch"] = json!("next");
    let build = &mut properties["Stages"][1]["Actions"][0];
    build["Namespace"] = json!("Image");
    // What is not there in this world stays for the other one.
    build["InputArtifacts"].as_array_mut().unwrap().remove(0);
    properties["Stages"].as_array_mut().unwrap().push(json!({ "Name": "More", "Actions": [] }));
    assert_eq!(written, expected);
}

#[test]
fn a_written_secret_is_hidden() {
    let text = TEMPLATE.replace("OAuthToken: !Ref Token", "OAuthToken: not-a-real-token");
    let reading = read("template.yaml", &text);
    let written = |secrets| to_yaml(&rewrite(&reading, &ReadOptions::default(), secrets).unwrap());
    assert!(written(Secrets::Hide).contains("OAuthToken: \"****\""), "{}", written(Secrets::Hide));
    assert!(written(Secrets::Expose).contains("OAuthToken: not-a-real-token"));
}

/// Sources of all kinds, a build that pushes, and a deployment.
fn delivery() -> Pipeline {
    let id = |category: &str, owner: &str, provider: &str| ActionTypeId::new(category, owner, provider, "1");
    let source = |name: &str, owner: &str, provider: &str| {
        Action::new(name, id("Source", owner, provider)).with_output(format!("{name}Out"))
    };
    let sources = Stage::new("Source")
        .with_action(
            source("Commit", "AWS", "CodeCommit")
                .with_config("RepositoryName", "shop")
                .with_config("BranchName", "main")
                .with_config("PollForSourceChanges", "false"),
        )
        .with_action(
            source("Object", "AWS", "S3")
                .with_config("S3Bucket", "shop-sources")
                .with_config("S3ObjectKey", "shop.zip")
                .with_config("PollForSourceChanges", "false"),
        )
        .with_action(source("Image", "AWS", "ECR").with_config("RepositoryName", "base"))
        .with_action(
            source("Hub", "ThirdParty", "GitHub")
                .with_config("Owner", "shop")
                .with_config("Repo", "web")
                .with_config("Branch", "main")
                .with_config("PollForSourceChanges", "false")
                .with_config("OAuthToken", "not-a-real-token"),
        );
    let build = Action::new("Build", id("Build", "AWS", "CodeBuild"))
        .with_config("ProjectName", "shop-build")
        .with_config("PrimarySource", "HubOut")
        .with_input("HubOut")
        .with_output("Definitions");
    let deploy = Action::new("Deploy", id("Deploy", "AWS", "ECS"))
        .with_config("ClusterName", "shop")
        .with_config("ServiceName", "web")
        .with_input("Definitions");
    let mut pipeline = Pipeline::new("shop", "arn:aws:iam::123456789012:role/pipeline");
    pipeline.stages = vec![sources, Stage::new("Build").with_action(build), Stage::new("Deploy").with_action(deploy)];
    pipeline
}

#[test]
fn a_whole_delivery_path_is_written() {
    let project = BuildProject::default()
        .with_repository("shop")
        .with_buildspec("version: 0.2\nphases:\n  build:\n    commands: [make]\n");
    let value = generate(&delivery(), &Plan::default().with_project("shop-build", project));
    let text = to_yaml(&value);
    assert!(
        !text.contains("not-a-real-token") && !text.contains("123456789012") && !text.contains("000000000000"),
        "{text}"
    );
    let reading = read("template.yaml", &text);
    let report = check(&reading, &Levels::default());
    assert!(!report.has_errors(), "{report:?}\n{text}");
    let found = resources(&reading.document, &ReadOptions::default());
    let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
    found.all.iter().for_each(|resource| *kinds.entry(&resource.kind).or_default() += 1);
    let expected = [
        ("AWS::CodeBuild::Project", 1),
        ("AWS::CodePipeline::Pipeline", 1),
        ("AWS::CodePipeline::Webhook", 1),
        ("AWS::ECR::Repository", 1),
        ("AWS::Events::Rule", 3),
        ("AWS::IAM::Role", 3),
        ("AWS::S3::Bucket", 1),
        ("AWS::S3::BucketPolicy", 1),
    ];
    assert_eq!(kinds.into_iter().collect::<Vec<_>>(), expected);
    let bucket = found.called("${ArtifactBucket}").unwrap();
    assert_eq!(bucket.deletion_policy.as_deref(), Some("Retain"));
    let values = bucket.definition.bucket().unwrap();
    assert!(values.is_versioned && values.encryption.is_some() && values.blocks_public_access == Some(true));

    // The pipeline says what the declaration said, but for its role, its bucket and its secret.
    let mut written = reading.pipeline().unwrap().clone();
    assert_eq!(
        (written.role_arn.as_str(), written.artifact_store.as_ref().unwrap().location.as_str()),
        ("${PipelineRole.Arn}", "${ArtifactBucket}")
    );
    assert_eq!(written.stages[0].actions[3].config("OAuthToken"), Some("${HubOAuthToken}"));
    written.role_arn = delivery().role_arn;
    written.artifact_store = None;
    for action in written.stages.iter_mut().flat_map(|stage| &mut stage.actions) {
        if let Some(token) = action.configuration.get_mut("OAuthToken") {
            *token = pipeline_model::model::ConfigValue::secret("not-a-real-token");
        }
    }
    assert_eq!(written, delivery());
}

#[test]
fn roles_of_a_written_template_have_what_is_needed_and_no_more() {
    let value = generate(
        &delivery(),
        &Plan::default().with_project("shop-build", BuildProject::default().with_repository("shop")),
    );
    let values = [("AWS::Partition", "aws"), ("AWS::Region", "eu-central-1"), ("AWS::AccountId", "123456789012")];
    let values = values.into_iter().fold(Values::default(), |all, (name, value)| all.with_parameter(name, value));
    let values = values.with_attribute("ArtifactBucket.Arn", "arn:aws:s3:::artifacts");
    let options = ReadOptions::default().with_values(values);
    let reading = read_with(Source::new("template.yaml", to_yaml(&value)), &options);
    let found = resources(&reading.document, &options);
    let policy = |role: &str| -> Policy {
        let role = found.called(&format!("${{{role}}}")).unwrap();
        found.policies_of(role).next().unwrap().document.clone()
    };
    let mut pipeline = delivery();
    pipeline.artifact_store = Some(pipeline_model::model::ArtifactStore::s3("artifacts"));
    let home = pipeline_model::iam::Home::new("eu-central-1".parse().unwrap(), "123456789012".parse().unwrap());
    let needs = &pipeline_model::iam::pipeline_needs(&pipeline, &home)[&pipeline.role_arn];
    assert_eq!(policy("PipelineRole").lacks(needs), []);
    assert_eq!(policy("PipelineRole"), Policy::granting(needs));

    let build = serde_json::to_value(policy("ShopBuildRole")).unwrap().to_string();
    assert!(
        build.contains("ecr:PutImage") && build.contains("arn:aws:ecr:eu-central-1:123456789012:repository/shop\""),
        "{build}"
    );
    assert!(!build.contains("repository/*") && build.contains("log-group:/aws/codebuild/shop-build"), "{build}");
    let events = serde_json::to_value(policy("EventsRole")).unwrap();
    assert_eq!(events["Statement"][0]["Resource"], json!(["arn:aws:codepipeline:eu-central-1:123456789012:shop"]));
    // What the registry as a whole does is nothing that a repository could allow.
    let repository = found.called("shop").unwrap().definition.repository().unwrap();
    let text = serde_json::to_value(repository.policy.as_ref().unwrap()).unwrap().to_string();
    assert!(text.contains("ecr:PutImage") && !text.contains("GetAuthorizationToken"), "{text}");
}

#[test]
fn a_pipeline_alone_keeps_its_names() {
    let text = to_yaml(&pipeline_only(&delivery()));
    let reading = read("template.yaml", &text);
    let written = reading.pipeline().unwrap();
    assert_eq!(written.role_arn, "arn:aws:iam::123456789012:role/pipeline");
    assert!(text.contains("NoEcho: true") && !text.contains("not-a-real-token"));
    assert_eq!(resources(&reading.document, &ReadOptions::default()).all.len(), 1);
}
