//! Templates whose conditions are open: each way they can turn out is checked, and nothing that cannot be.

use pipeline_model::{ReadOptions, Reading, Values, check, read_with};
use spec_report::{Levels, Source};

/// A template with these conditions, and in its build stage these lines for actions.
fn template(conditions: &str, actions: &str) -> String {
    format!(
        r#"Parameters:
  Stage: {{Type: String}}
  Region: {{Type: String, AllowedValues: [here, there]}}
Conditions:
{conditions}
Resources:
  Pipeline:
    Type: AWS::CodePipeline::Pipeline
    Properties:
      RoleArn: arn:aws:iam::123456789012:role/pipeline
      ArtifactStore: {{Type: S3, Location: shop-artifacts}}
      Stages:
        - Name: Source
          Actions:
            - Name: Source
              ActionTypeId: {{Category: Source, Owner: AWS, Provider: S3, Version: 1}}
              OutputArtifacts: [{{Name: Code}}]
              Configuration: {{S3Bucket: b, S3ObjectKey: shop.zip, PollForSourceChanges: false}}
        - Name: Build
          Actions:
{actions}"#
    )
}

/// A build action under a condition.
fn build(name: &str, condition: &str) -> String {
    format!(
        "            - Fn::If:\n                - {condition}\n                - Name: {name}\n                  \
         ActionTypeId: {{Category: Build, Owner: AWS, Provider: CodeBuild, Version: 1}}\n                  \
         InputArtifacts: [{{Name: Code}}]\n                  Configuration: {{ProjectName: shop}}\n                \
         - !Ref AWS::NoValue\n"
    )
}

fn reading(text: &str, values: Values) -> Reading {
    read_with(Source::new("template.yaml", text), &ReadOptions::default().with_values(values))
}

/// The names of the actions of the build stage, world by world.
fn worlds(reading: &Reading) -> Vec<String> {
    let names = reading.declarations[0].worlds().map(|world| {
        let actions = world.pipeline.stages[1].actions.iter();
        actions.map(|action| action.name.as_str()).collect::<Vec<_>>().join("+")
    });
    names.collect()
}

#[test]
fn a_condition_and_its_opposite_are_never_both_true() {
    let conditions = "  IsTest: !Equals [!Ref Stage, test]\n  IsNot: !Not [!Condition IsTest]";
    let text = template(conditions, &(build("A", "IsTest") + &build("B", "IsNot")));
    assert_eq!(worlds(&reading(&text, Values::default())), ["A", "B"]);
    assert_eq!(worlds(&reading(&text, Values::default().with_parameter("Stage", "test"))), ["A"]);
    let declaration = &reading(&text, Values::default()).declarations[0];
    assert_eq!(declaration.assumed["IsTest"], true);
    assert_eq!(declaration.others[0].assumed["IsNot"], true);
}

#[test]
fn a_parameter_has_one_value() {
    let conditions = "  IsTest: !Equals [!Ref Stage, test]\n  IsLive: !Equals [live, !Ref Stage]\n  \
                      Either: {Fn::Or: [{Condition: IsTest}, {Condition: IsLive}]}";
    let text = template(conditions, &(build("A", "IsTest") + &build("B", "IsLive") + &build("C", "Either")));
    assert_eq!(worlds(&reading(&text, Values::default())), ["B+C", "A+C", ""]);
    // With all allowed values asked for there is no other one.
    let conditions = "  Here: !Equals [!Ref Region, here]\n  There: !Equals [!Ref Region, there]";
    let text = template(conditions, &(build("A", "Here") + &build("B", "There")));
    assert_eq!(worlds(&reading(&text, Values::default())), ["A", "B"]);
}

#[test]
fn branches_that_no_world_takes_are_not_read() {
    let conditions = "  IsTest: !Equals [!Ref Stage, test]\n  Both: !And [!Condition IsTest, !Not [!Condition IsTest]]";
    let text = template(conditions, &(build("A", "Both") + &build("B", "IsTest")));
    // Whether `Both` holds is not known before it is looked at; no world has it.
    assert_eq!(worlds(&reading(&text, Values::default())), ["B", ""]);
}

#[test]
fn what_cannot_be_known_is_a_question_of_its_own() {
    let conditions = "  Loop: !Not [!Condition Loop]\n  Pair: !Equals [!Ref Stage, !Ref Region]\n  \
                      Same: !Equals [!Ref Stage, !Ref Stage]";
    for condition in ["Loop", "Missing", "Pair"] {
        let text = template(conditions, &(build("A", condition) + &build("B", condition)));
        assert_eq!(worlds(&reading(&text, Values::default())), ["A+B", ""], "{condition}");
    }
    assert_eq!(worlds(&reading(&template(conditions, &build("A", "Same")), Values::default())), ["A"]);
}

#[test]
fn the_condition_of_the_resource_holds_in_it() {
    let text = template("  IsTest: !Equals [!Ref Stage, test]", &build("A", "IsTest"))
        .replace("    Properties:", "    Condition: IsTest\n    Properties:");
    assert_eq!(worlds(&reading(&text, Values::default())), ["A"]);
}

#[test]
fn findings_of_all_worlds_are_merged() {
    let action = |name: &str, project: &str| {
        format!(
            "            - Name: {name}\n              ActionTypeId: {{Category: Build, Owner: AWS, Provider: CodeBuild, Version: 1}}\n              \
             InputArtifacts: [{{Name: !If [IsTest, Code, Coda]}}]\n              Configuration: {{{project}: shop}}\n"
        )
    };
    let text = template("  IsTest: !Equals [!Ref Stage, test]", &action("A", "ProjectNam"));
    let reading = reading(&text, Values::default());
    let report = check(&reading, &Levels::default());
    let found: Vec<_> = report.iter().map(|found| (found.rule.name(), found.help.as_deref())).collect();
    let here = |name: &str| found.iter().filter(|(rule, _)| *rule == name).map(|(_, help)| *help).collect::<Vec<_>>();
    // Of both worlds alike: once, and without a word about them.
    assert_eq!(here("missing-configuration").len(), 1, "{found:?}");
    assert!(here("missing-configuration")[0].is_none_or(|help| !help.contains("IsTest")), "{found:?}");
    // Of the second world only.
    let help = here("undeclared-artifact")[0].unwrap();
    assert!(help.ends_with("this is so where condition `IsTest` is false"), "{help}");
}

/// Thirty independent conditions, each in an action of its own: 2^30 worlds.
#[test]
fn too_many_worlds_end_with_a_diagnostic() {
    let mut conditions = String::new();
    let mut actions = String::new();
    for at in 0..30 {
        conditions += &format!("  C{at}: !Equals [!Ref P{at}, x]\n");
        actions += &build(&format!("A{at}"), &format!("C{at}"));
    }
    let mut text = template(conditions.trim_end(), &actions);
    for at in 0..30 {
        text = text.replace("Parameters:\n", &format!("Parameters:\n  P{at}: {{Type: String}}\n"));
    }
    let reading = reading(&text, Values::default());
    let limits: Vec<_> = reading.report.iter().map(|found| (found.rule.name(), found.severity)).collect();
    assert_eq!(limits, [("limit", spec_report::Severity::Warning)]);
    let seen = worlds(&reading);
    // Each action is there in some world, and missing in some other.
    assert!((2..=64).contains(&seen.len()), "{}", seen.len());
    for at in 0..30 {
        let name = format!("A{at}");
        let has = |world: &&String| world.split('+').any(|action| action == name);
        assert!(seen.iter().any(|world| has(&world)) && seen.iter().any(|world| !has(&world)), "{name}");
    }
}

#[test]
fn worlds_share_one_budget() {
    // Each world repeats a megabyte of text: two or three of the 64 fit.
    let mut conditions = String::new();
    let mut keys = String::new();
    for at in 0..6 {
        conditions += &format!("  C{at}: !Equals [!Ref P{at}, x]\n");
        keys += &format!("                K{at}: !If [C{at}, a, b]\n");
    }
    let long = "x".repeat(1 << 20);
    let actions = format!(
        "            - Name: A\n              ActionTypeId: {{Category: Build, Owner: AWS, Provider: CodeBuild, Version: 1}}\n              \
         InputArtifacts: [{{Name: Code}}]\n              Configuration:\n                ProjectName: !Sub '${{Long}}${{Long}}${{Long}}${{Long}}'\n{keys}"
    );
    let text = template(conditions.trim_end(), &actions)
        .replace("Parameters:\n", &format!("Parameters:\n  Long: {{Type: String, Default: {long}}}\n"));
    let reading = reading(&text, Values::default());
    assert!(reading.declarations[0].worlds().count() < 8);
    assert!(reading.report.iter().any(|found| found.rule.name() == "limit"));
}

#[test]
fn circles_and_lost_names_are_found() {
    let resources = |lines: &str| format!("Resources:\n{lines}");
    let table = [
        ("  A: {Type: 'X::Y::Z', Properties: {P: !Ref B}}\n  B: {Type: 'X::Y::Z', DependsOn: [A]}\n", "[A, B]"),
        ("  A: {Type: 'X::Y::Z', Properties: {P: !Sub 'x${A.Arn}'}}\n", "[A]"),
        (
            "  A: {Type: 'X::Y::Z', Properties: {P: {'Fn::GetAtt': [B, Arn]}}}\n  B: {Type: 'X::Y::Z', Properties: {P: !GetAtt 'C.Arn'}}\n  \
             C: {Type: 'X::Y::Z', DependsOn: A}\n  D: {Type: 'X::Y::Z', DependsOn: A}\n",
            "[A, B, C]",
        ),
    ];
    for (lines, names) in table {
        let report = check(&reading(&resources(lines), Values::default()), &Levels::default());
        let found: Vec<_> = report.iter().filter(|found| found.rule.name() == "circular-dependency").collect();
        assert_eq!(found.len(), 1, "{lines}");
        assert_eq!(found[0].message, format!("Circular dependency between resources: {names}"));
    }
    let lost = |text: &str| {
        let report = check(&reading(text, Values::default()), &Levels::default());
        report
            .iter()
            .filter(|found| found.rule.name() == "unresolved-dependency")
            .map(|found| found.message.clone())
            .collect::<Vec<_>>()
    };
    let text = resources(
        "  A: {Type: 'X::Y::Z', Condition: No, Properties: {P: !Sub ['${Own}${AWS::Region}${Gone}${!Kept}', {Own: x}], Q: !If [Nay, 1, 2]}}\n",
    );
    assert_eq!(
        lost(&text),
        [
            "the template has no condition `No`",
            "the template has no parameter or resource `Gone`",
            "the template has no condition `Nay`"
        ]
    );
    // A transform may add what is missing.
    assert_eq!(lost(&format!("Transform: AWS::Serverless-2016-10-31\n{text}")), [""; 0]);
    let loops = format!(
        "Conditions:\n  L: !Not [!Condition M]\n  M: {{Condition: L}}\n{}",
        resources("  A: {Type: 'X::Y::Z'}\n")
    );
    let report = check(&reading(&loops, Values::default()), &Levels::default());
    assert!(report.iter().any(|found| found.message == "Circular dependency between conditions: [L, M]"), "{report:?}");
}
