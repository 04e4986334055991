//! Templates: functions are evaluated, the unknown stays symbolic and is listed, fragments are read.

use pipeline_model::format::cloudformation::Reason;
use pipeline_model::{ReadOptions, Reading, Values, read, read_with};
use spec_report::Source;

use crate::{checked, findings};

/// A template whose build action has this configuration.
fn template(head: &str, configuration: &str) -> String {
    format!(
        r#"AWSTemplateFormatVersion: 2010-09-09
{head}Resources:
  Bucket:
    Type: AWS::S3::Bucket
  Pipeline:
    Type: AWS::CodePipeline::Pipeline
    Properties:
      RoleArn: !GetAtt Role.Arn
      ArtifactStore: {{Type: S3, Location: !Ref Bucket}}
      Stages:
        - Name: Source
          Actions:
            - Name: Source
              ActionTypeId: {{Category: Source, Owner: AWS, Provider: S3, Version: 1}}
              OutputArtifacts: [{{Name: Code}}]
              RunOrder: "1"
              Configuration: {{S3Bucket: !Ref Bucket, S3ObjectKey: shop.zip, PollForSourceChanges: false}}
        - Name: Build
          Actions:
            - Name: Build
              ActionTypeId: {{Category: Build, Owner: AWS, Provider: CodeBuild, Version: "1"}}
              InputArtifacts: [{{Name: Code}}]
              Configuration:
{configuration}  Role:
    Type: AWS::IAM::Role
"#
    )
}

/// The value of `ProjectName` for an expression, with the reasons of what is unresolved in it.
fn project(head: &str, expression: &str, values: Values) -> (Option<String>, Vec<Reason>) {
    let text = template(head, &format!("                ProjectName: {expression}\n"));
    let reading = read_with(Source::new("template.yaml", text.as_str()), &ReadOptions::default().with_values(values));
    assert!(!reading.report.has_errors(), "{:?}\n{text}", reading.report);
    let declaration = &reading.declarations[0];
    let action = &declaration.pipeline.stages[1].actions[0];
    let place = declaration.places.get("/stages/1/actions/0/configuration/ProjectName");
    let inside =
        |span: spec_report::Span| place.is_some_and(|place| place.value == span || span.contains(place.value.start));
    let reasons =
        reading.unresolved().filter(|unresolved| inside(unresolved.span)).map(|unresolved| unresolved.reason.clone());
    (action.config("ProjectName").map(str::to_owned), reasons.collect())
}

const HEAD: &str = r#"Parameters:
  Stage: {Type: String, Default: test}
  Open: {Type: String}
  Names: {Type: CommaDelimitedList, Default: "a, b,c"}
  Stored: {Type: "AWS::SSM::Parameter::Value<String>", Default: /shop/name}
  Count: {Type: Number, Default: 3}
Mappings:
  Projects:
    test: {name: shop-test, number: 5}
    production: {name: shop-production}
Conditions:
  IsTest: !Equals [!Ref Stage, test]
  IsOpen: !Equals [!Ref Open, x]
  Neither: !Not [!Or [!Condition IsTest, !Condition IsOpen]]
  Both: {"Fn::And": [{Condition: IsTest}, {"Fn::Not": [{Condition: IsTest}]}]}
"#;

#[test]
fn functions_have_the_values_of_the_template() {
    // Expression, value.
    let table = [
        ("!Ref Stage", "test"),
        ("{Ref: Stage}", "test"),
        ("!Ref Count", "3"),
        ("true", "true"),
        ("0010", "0010"),
        ("!Sub 'shop-${Stage}-${!Literal}'", "shop-test-${Literal}"),
        ("!Sub ['${A}-${Stage}', {A: !Ref Count}]", "3-test"),
        ("{'Fn::Sub': 'x${Names}'}", "xa, b,c"),
        ("!Join ['-', [shop, !Ref Stage, {Ref: Count}]]", "shop-test-3"),
        ("!Join [',', !Ref Names]", "a, b,c"),
        ("!Select [1, !Split ['-', 'a-b-c']]", "b"),
        ("!Select ['2', !Ref Names]", "c"),
        ("{'Fn::Select': [0, {'Fn::Split': [',', !Join [',', [p, q]]]}]}", "p"),
        ("!FindInMap [Projects, !Ref Stage, name]", "shop-test"),
        ("!FindInMap [Projects, test, number]", "5"),
        ("!If [IsTest, yes-it-is, no]", "yes-it-is"),
        ("{'Fn::If': [Both, a, b]}", "b"),
        ("!If [Neither, a, !Sub '${Stage}!']", "test!"),
    ];
    for (expression, value) in table {
        let (found, reasons) = project(HEAD, expression, Values::default());
        assert_eq!(found.as_deref(), Some(value), "{expression}");
        assert_eq!(reasons, [], "{expression}");
    }
}

#[test]
fn the_unknown_stays_symbolic_and_is_listed() {
    let table = [
        ("!Ref Open", "${Open}", Reason::Parameter),
        ("!Ref Stored", "${Stored}", Reason::ParameterStore),
        ("!Ref Bucket", "${Bucket}", Reason::Resource),
        ("!GetAtt Bucket.Arn", "${Bucket.Arn}", Reason::Resource),
        ("{'Fn::GetAtt': [Bucket, Arn]}", "${Bucket.Arn}", Reason::Resource),
        ("!Ref Nothing", "${Nothing}", Reason::Undefined),
        ("!Sub '${AWS::Region}-x'", "${AWS::Region}-x", Reason::Pseudo),
        ("!ImportValue shared-name", "${Fn::ImportValue:shared-name}", Reason::Import),
        ("!FindInMap [Projects, !Ref Open, name]", "${Projects.${Open}.name}", Reason::Mapping),
        ("!Select [0, !GetAZs '']", "${Fn::Select}", Reason::Function),
        ("'{{resolve:ssm:/shop/name}}'", "{{resolve:ssm:/shop/name}}", Reason::Dynamic),
        ("!If [IsOpen, a, b]", "a", Reason::Condition),
        ("!If [Missing, a, b]", "a", Reason::Condition),
    ];
    for (expression, value, reason) in table {
        let (found, reasons) = project(HEAD, expression, Values::default());
        assert_eq!(found.as_deref(), Some(value), "{expression}");
        assert!(reasons.contains(&reason), "{expression}: {reasons:?}");
    }
}

#[test]
fn given_values_win() {
    let values = Values::default()
        .with_parameter("Stage", "production")
        .with_parameter("Open", "x")
        .with_parameter("AWS::Region", "eu-central-1")
        .with_export("shared-name", "shop-shared");
    for (expression, value) in [
        ("!FindInMap [Projects, !Ref Stage, name]", "shop-production"),
        ("!If [IsOpen, open, closed]", "open"),
        ("!Sub '${AWS::Region}-${Open}'", "eu-central-1-x"),
        ("!ImportValue {'Fn::Sub': 'shared-name'}", "shop-shared"),
    ] {
        assert_eq!(project(HEAD, expression, values.clone()).0.as_deref(), Some(value), "{expression}");
    }
}

#[test]
fn no_value_drops_keys_and_items() {
    let text = template(
        HEAD,
        "                ProjectName: shop\n                PrimarySource: !If [IsTest, !Ref 'AWS::NoValue', Code]\n",
    )
    .replace(
        "[{Name: Code}]\n              Configuration:\n",
        "[{Name: Code}, !Ref AWS::NoValue]\n              Configuration:\n",
    );
    let (reading, report) = checked("template.yaml", &text);
    assert_eq!(findings(&report), [""; 0]);
    let action = &reading.pipeline().unwrap().stages[1].actions[0];
    assert_eq!(action.configuration.len(), 1);
    assert_eq!(action.input_artifacts.len(), 1);
}

#[test]
fn a_template_without_a_name_is_called_by_its_logical_id() {
    let (reading, report) = checked("template.yaml", &template("", "                ProjectName: shop\n"));
    assert_eq!(findings(&report), [""; 0]);
    assert_eq!(reading.pipeline().unwrap().name, "${Pipeline}");
    assert_eq!(reading.declarations[0].logical_id.as_deref(), Some("Pipeline"));
    assert_eq!(reading.pipeline().unwrap().stages[0].actions[0].run_order, Some(1));
}

#[test]
fn the_same_template_in_json() {
    let text = r#"{"Resources": {"P": {"Type": "AWS::CodePipeline::Pipeline", "Properties": {
      "Name": {"Fn::Sub": "shop-${AWS::StackName}"}, "RoleArn": {"Fn::GetAtt": ["Role", "Arn"]},
      "RestartExecutionOnUpdate": true, "Tags": [{"Key": "a", "Value": "b"}],
      "DisableInboundStageTransitions": [{"StageName": "Build", "Reason": "later"}],
      "ArtifactStores": [{"Region": "eu-central-1", "ArtifactStore": {"Type": "S3", "Location": "shop"}}],
      "Stages": [
        {"Name": "Source", "Actions": [{"Name": "Source", "ActionTypeId": {"Category": "Source", "Owner": "AWS", "Provider": "S3", "Version": 1},
          "OutputArtifacts": [{"Name": "Code"}], "Configuration": {"S3Bucket": "b", "S3ObjectKey": "k", "PollForSourceChanges": false}}]},
        {"Name": "Build", "Actions": [{"Name": "Build", "ActionTypeId": {"Category": "Build", "Owner": "AWS", "Provider": "CodeBuild", "Version": "1"},
          "InputArtifacts": [{"Name": "Code"}], "Region": "eu-west-1", "Configuration": {"ProjectName": "shop"}}]}
      ]}}, "Role": {"Type": "AWS::IAM::Role"}}}"#;
    let (reading, report) = checked("template.json", text);
    let pipeline = reading.pipeline().unwrap();
    assert_eq!(pipeline.name, "shop-${AWS::StackName}");
    assert_eq!(pipeline.role_arn, "${Role.Arn}");
    assert_eq!(pipeline.artifact_stores.as_ref().unwrap()["eu-central-1"].location, "shop");
    assert_eq!(reading.declarations[0].beside.len(), 3);
    assert_eq!(pipeline.stages[0].actions[0].config("PollForSourceChanges"), Some("false"));
    // The one mistake in it: no store where the build runs.
    assert_eq!(findings(&report).iter().filter(|line| line.ends_with("cross-region-store")).count(), 1);
    assert_eq!(findings(&report).len(), 1, "{report:?}");
}

/// Fragments of a page put one after the other: no `Resources`, no parameters, and a file of another kind behind.
const FRAGMENT: &str = r#"Hook:
  Type: "AWS::CodePipeline::Webhook"
  Properties:
    Authentication: "GITHUB_HMAC"
    AuthenticationConfiguration: {SecretToken: !Ref HostToken}
    TargetPipeline: !Ref Delivery
    TargetPipelineVersion: !GetAtt Delivery.Version
    Filters: [{JsonPath: "$.ref", MatchEquals: "refs/heads/{Branch}"}]
Images:
  Type: AWS::ECR::Repository
  Properties:
    RepositoryName: !Ref ImageName
Delivery:
  Type: AWS::CodePipeline::Pipeline
  Properties:
    Name: HarbourDelivery
    RoleArn: !GetAtt DeliveryRole.Arn
    ArtifactStore:
      Type: S3
      Location: !Ref Artifacts
    Stages:
      - Name: Fetch
        Actions:
          - Name: Fetch
            ActionTypeId:
              Category: Source
              Owner: ThirdParty
              Provider: GitHub
              Version: "1"
            OutputArtifacts:
              - Name: Sources
            Configuration:
              Owner: !Ref HostAccount
              Repo: !Ref ImageName
              PollForSourceChanges: false
              Branch: !Ref HostBranch
              OAuthToken: !Ref HostToken
      - Name: Image
        Actions:
          - Name: Image
            ActionTypeId:
              Category: Build
              Owner: AWS
              Provider: CodeBuild
              Version: "1"
            InputArtifacts:
              - Name: Sources
            Configuration:
              ProjectName: !Ref ImageProject
  DependsOn: Images
ImageProject:
  Type: AWS::CodeBuild::Project
  Properties:
    Artifacts: {Type: CODEPIPELINE}
    Environment:
      ComputeType: !FindInMap [ComputeMap, !Ref HostBranch, type]
      Type: "LINUX_CONTAINER"
    Source: {Type: "CODEPIPELINE", BuildSpec: ci/buildspec.yml}
version: 0.2

phases:
  build:
    commands:
      - echo build
"#;

fn fragment() -> (Reading, spec_report::Report) {
    checked("fragment.yml", FRAGMENT)
}

#[test]
fn a_fragment_is_read_checked_and_drawn() {
    let (reading, report) = fragment();
    assert_eq!(findings(&report), [""; 0]);
    let infos: Vec<_> = report.iter().map(|found| found.rule.name()).collect();
    assert_eq!(infos, ["github-v1-deprecated"]);
    let mut names: Vec<_> = reading.unresolved().map(|unresolved| unresolved.expression.as_str()).collect();
    names.sort_unstable();
    assert_eq!(
        names,
        [
            "${Artifacts}",
            "${DeliveryRole.Arn}",
            "${HostAccount}",
            "${HostBranch}",
            "${HostToken}",
            "${ImageName}",
            "${ImageProject}"
        ]
    );
    let picture = pipeline_model::draw::mermaid(reading.pipeline().unwrap());
    assert!(picture.contains("-- \"Sources\" -->"), "{picture}");
}

#[test]
fn a_finding_in_a_template_points_into_it_in_its_own_words() {
    let text = FRAGMENT
        .replace("RepositoryName", "Name")
        .replace("              Repo: !Ref", "              Repository: !Ref");
    let (_, report) = checked("fragment.yml", &text);
    assert_eq!(findings(&report), ["32:13 error missing-configuration", "34:15 error unknown-configuration"]);
    let text = FRAGMENT.replace("            InputArtifacts:", "            InputArtefacts:");
    let (_, report) = checked("fragment.yml", &text);
    let unknown = report.iter().find(|found| found.rule.name() == "unknown-key").unwrap();
    assert_eq!(unknown.help.as_deref(), Some("did you mean `InputArtifacts`?"));
}

#[test]
fn several_pipelines_in_one_file() {
    let second = "Other:\n  Type: AWS::CodePipeline::Pipeline\n  Properties: {RoleArn: x, Stages: []}\nThird:\n  Type: AWS::CodePipeline::Pipeline\n";
    let (reading, report) = checked("fragment.yml", &format!("{FRAGMENT}{second}"));
    assert_eq!(reading.declarations.len(), 2);
    assert!(findings(&report).iter().any(|line| line.ends_with("too-few-stages")));
    assert!(findings(&report).iter().any(|line| line.ends_with("missing-key")), "{report:?}");
}

#[test]
fn a_template_without_a_pipeline_says_so() {
    let (_, report) = checked("template.yaml", "Resources:\n  Bucket:\n    Type: AWS::S3::Bucket\n");
    assert_eq!(findings(&report), ["1:1 error no-pipeline"]);
}

#[test]
fn hostile_templates_end() {
    // Conditions that double at each step, text that is repeated beyond measure, and a long chain.
    let mut conditions = String::from("Conditions:\n  C0: !Equals [a, b]\n");
    for at in 1..200 {
        conditions.push_str(&format!("  C{at}: !Or [!Condition C{0}, !Condition C{0}]\n", at - 1));
    }
    let (found, _) = project(&conditions, "!If [C199, a, b]", Values::default());
    assert!(found.is_some());

    let long = "x".repeat(1 << 20);
    let head = format!("Parameters:\n  Long: {{Type: String, Default: {long}}}\n");
    let many = "${Long}".repeat(1000);
    let (found, reasons) = project(&head, &format!("!Sub '{many}'"), Values::default());
    assert!(found.unwrap().len() < 64 << 20);
    assert!(reasons.contains(&Reason::Limit));

    let list = ",".repeat(3 << 20);
    let head = format!("Parameters:\n  Long: {{Type: CommaDelimitedList, Default: \"{list}\"}}\n");
    let text = template(&head, "                ProjectName: !Select [0, !Ref Long]\n");
    let reading = read("template.yaml", &text);
    assert!(reading.unresolved().any(|unresolved| unresolved.reason == Reason::Limit));
}
