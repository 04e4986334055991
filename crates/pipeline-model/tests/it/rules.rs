//! Rules beyond their pages: run order, several findings at once, what is not judged, comments and levels.

use pipeline_model::{check, read, rules};
use spec_report::{Levels, Severity};

use crate::{BUILD, SOURCE, checked, declaration, findings};

fn action(name: &str, run_order: u32, input: &str, output: &str) -> String {
    format!(
        "      - name: {name}\n        actionTypeId: {{category: Build, owner: AWS, provider: CodeBuild, version: \"1\"}}\n        \
         runOrder: {run_order}\n        inputArtifacts: [{{name: {input}}}]\n        outputArtifacts: [{{name: {output}}}]\n        \
         configuration: {{ProjectName: shop}}\n"
    )
}

fn stage(name: &str, actions: &[String]) -> String {
    format!("  - name: {name}\n    actions:\n{}", actions.concat())
}

fn names(text: &str) -> Vec<String> {
    let (_, report) = checked("pipeline.yaml", text);
    findings(&report).iter().filter_map(|line| Some(line.split(' ').nth(2)?.to_owned())).collect()
}

#[test]
fn artifacts_flow_by_stage_and_run_order() {
    // Run orders of giver and taker in one stage, declared in this order or the other; whether it works.
    for (giver, taker, works) in [(1, 2, true), (1, 1, false), (2, 1, false), (3, 999, true)] {
        for swapped in [false, true] {
            let mut actions = vec![action("Give", giver, "Code", "Given"), action("Take", taker, "Given", "Taken")];
            if swapped {
                actions.reverse();
            }
            let text = declaration("", &format!("{SOURCE}{}", stage("Build", &actions)));
            let found = names(&text);
            let expected: &[&str] = if works { &[] } else { &["undeclared-artifact"] };
            assert_eq!(found, expected, "{giver} {taker} {swapped}");
        }
    }
    let early = stage("Early", &[action("Take", 1, "Given", "Taken")]);
    let late = stage("Late", &[action("Give", 1, "Code", "Given")]);
    assert_eq!(names(&declaration("", &format!("{SOURCE}{early}{late}"))), ["undeclared-artifact"]);
    assert_eq!(names(&declaration("", &format!("{SOURCE}{late}{early}"))), [""; 0]);
    let own = stage("Own", &[action("Own", 1, "Given", "Given")]);
    assert_eq!(names(&declaration("", &format!("{SOURCE}{own}"))), ["undeclared-artifact"]);
}

#[test]
fn variables_are_known_where_they_are() {
    let approve = |value: &str| {
        format!(
            "  - name: Gate\n    actions:\n      - name: Review\n        actionTypeId: {{category: Approval, owner: AWS, \
             provider: Manual, version: \"1\"}}\n        configuration: {{CustomData: '{value}'}}\n"
        )
    };
    let v2 = "pipelineType: V2\nvariables: [{name: Known}]\n";
    let table = [
        ("", "#{Source.VersionId}", &[][..]),
        ("", "#{codepipeline.PipelineExecutionId}", &[]),
        ("", "#{codepipeline.ExecutionId}", &["unknown-namespace"]),
        ("", "#{Later.X}", &["unknown-namespace"]),
        ("", "#{nonsense}", &["unknown-namespace"]),
        ("", "#{Source.Versionid}", &["unknown-output-variable"]),
        ("", "#{variables.Unknown}", &["unknown-namespace"]),
        (v2, "#{variables.Unknown}", &["undeclared-variable"]),
        (v2, "#{variables.Known}", &[]),
        ("", "${shell} #{", &[]),
    ];
    let later = BUILD.replace("        configuration", "        namespace: Later\n        configuration");
    for (head, value, expected) in table {
        let text = declaration(head, &format!("{SOURCE}{}{later}", approve(value)));
        assert_eq!(names(&text), *expected, "{value}");
    }
}

#[test]
fn the_captured_message_is_exact() {
    let gate = "  - name: Gate\n    actions:\n      - name: Review\n        actionTypeId: {category: Approval, owner: AWS, provider: \
                Manual, version: \"1\"}\n        configuration: {CustomData: '#{variables.Unknown}'}\n";
    let (_, report) = checked("pipeline.yaml", &declaration("", &format!("{SOURCE}{gate}{BUILD}")));
    let found = report.iter().find(|found| found.rule.name() == "unknown-namespace").unwrap();
    let (class, message) = rules::service_answer(found).unwrap();
    assert_eq!(class, "InvalidActionDeclarationException");
    assert_eq!(
        message,
        "Valid format for a pipeline execution variable reference is a namespace and a key separated by a period (.). The \
         following pipeline execution variables are referencing a namespace that does not exist.\nStageName=[Gate], \
         ActionName=[Review], ActionConfigurationKey=[CustomData], VariableReferenceText=[variables.Unknown]"
    );
}

#[test]
fn types_of_partners_and_accounts_are_not_judged() {
    for (owner, provider) in [("Custom", "Jenkins"), ("ThirdParty", "Runscope"), ("Custom", "AnythingAtAll")] {
        let text = BUILD.replace("owner: AWS", &format!("owner: {owner}")).replace("CodeBuild", provider);
        assert_eq!(names(&declaration("", &format!("{SOURCE}{text}"))), [""; 0], "{owner} {provider}");
    }
}

#[test]
fn a_wrong_owner_gets_the_right_one_proposed() {
    let text = SOURCE.replace("provider: S3", "provider: GitHub");
    let (_, report) = checked("pipeline.yaml", &declaration("", &format!("{text}{BUILD}")));
    let found = report.iter().find(|found| found.rule.name() == "unknown-action-type").unwrap();
    assert_eq!(found.help.as_deref(), Some("did you mean Source/ThirdParty/GitHub/1?"));
}

#[test]
fn several_mistakes_are_all_found_at_their_places() {
    let text = "name: shop\nroleArn: r\nartifactStore: {type: S3, location: b}\nstages:\n  - name: One\n    actions:\n      - \
                name: A\n        actionTypeId: {category: Build, owner: AWS, provider: CodeBuild, version: \"1\"}\n        \
                configuration: {Projectname: x}\n";
    let (_, report) = checked("pipeline.yaml", text);
    assert_eq!(
        findings(&report),
        [
            "4:1 error too-few-stages",
            "7:15 error artifact-count",
            "7:15 error first-stage-not-source",
            "9:9 error missing-configuration",
            "9:25 error unknown-configuration"
        ]
    );
    let unknown = report.iter().find(|found| found.rule.name() == "unknown-configuration").unwrap();
    assert_eq!(unknown.help.as_deref(), Some("did you mean `ProjectName`?"));
}

#[test]
fn comments_and_levels_silence_rules() {
    let bad = declaration("", &format!("{SOURCE}{}", BUILD.replace("ProjectName: shop-build", "ProjectNam: x")));
    let silenced = bad.replace(
        "        configuration: {ProjectNam: x}",
        "        configuration: {ProjectNam: x} # pipeline-model: allow(unknown-configuration, missing-configuration)",
    );
    assert_eq!(names(&bad), ["missing-configuration", "unknown-configuration"]);
    assert_eq!(names(&silenced), [""; 0]);
    let reading = read("pipeline.yaml", &bad);
    let levels =
        Levels::default().allow("pipeline-model/unknown-configuration").warn("pipeline-model/missing-configuration");
    let report = check(&reading, &levels);
    assert_eq!(report.count(Severity::Error), 0);
    assert_eq!(report.count(Severity::Warning), 1);
}

#[test]
fn conditional_settings() {
    let deploy = |configuration: &str| {
        let stage = BUILD.replace("category: Build", "category: Deploy").replace("CodeBuild", "CloudFormation");
        declaration("", &format!("{SOURCE}{}", stage.replace("ProjectName: shop-build", configuration)))
    };
    let table: [(&str, &[&str]); 6] = [
        ("ActionMode: CREATE_UPDATE, StackName: s, RoleArn: r, TemplatePath: 'Code::t.yml'", &[]),
        ("ActionMode: CREATE_UPDATE, StackName: s, TemplatePath: 'Code::t.yml'", &["missing-configuration"]),
        ("ActionMode: CREATE_UPDATE, StackName: s, RoleArn: r, TemplatePath: 'Other::t.yml'", &["configuration-value"]),
        ("ActionMode: CREATE_UPDATE, StackName: s, RoleArn: r, TemplatePath: t.yml", &["configuration-value"]),
        ("ActionMode: CHANGE_SET_EXECUTE, StackName: s, ChangeSetName: c", &["change-set-order"]),
        ("ActionMode: CREATE, StackName: s", &["configuration-value"]),
    ];
    for (configuration, expected) in table {
        assert_eq!(names(&deploy(configuration)), *expected, "{configuration}");
    }
}

#[test]
fn settings_of_builds() {
    let build = |outputs: &str, configuration: &str| {
        let stage = BUILD
            .replace(
                "[{name: Code}]",
                &format!("[{{name: Code}}, {{name: Docs}}]\n        outputArtifacts: [{outputs}]"),
            )
            .replace("ProjectName: shop-build", &format!("ProjectName: shop-build, {configuration}"));
        declaration("", &format!("{}{stage}", SOURCE.replace("{name: Code}", "{name: Code}, {name: Docs}")))
    };
    let batch = "PrimarySource: Docs, BatchEnabled: 'true'";
    let combined = "PrimarySource: Docs, BatchEnabled: 'true', CombineArtifacts: 'true'";
    let table: [(&str, &str, &[&str]); 9] = [
        ("", "", &["missing-configuration"]),
        ("", "PrimarySource: Docs", &[]),
        ("", "PrimarySource: Other", &["configuration-value"]),
        ("", "PrimarySource: Docs, CombineArtifacts: 'true'", &["configuration-value"]),
        ("", "PrimarySource: Docs, CombineArtifacts: 'true', BatchEnabled: 'false'", &["configuration-value"]),
        ("", combined, &[]),
        ("{name: A}", combined, &[]),
        ("{name: A}, {name: B}", combined, &["configuration-value"]),
        ("{name: A}, {name: B}", batch, &[]),
    ];
    for (outputs, configuration, expected) in table {
        let mut found = names(&build(outputs, configuration));
        // A source has one artifact, and nobody reads what is built.
        found.retain(|name| name != "artifact-count" && name != "unused-artifact");
        assert_eq!(found, *expected, "{outputs} {configuration}");
    }
}

#[test]
fn a_large_file_of_mistakes_is_checked_in_linear_time() {
    // With work that grows with the square of the size, this would take minutes.
    let mut text = String::from("name: x\nroleArn: r\nartifactStore: {type: S3, location: b}\nstages:\n");
    for stage in 0..20 {
        text.push_str(&format!("  - name: S{stage}\n    actions:\n"));
        for at in 0..200 {
            text.push_str(&action(
                &format!("A{at}"),
                1 + at % 3,
                &format!("in{stage}-{at}"),
                &format!("out{stage}-{at}"),
            ));
            text.push_str(&format!("        namespace: N{stage}-{at}\n        commands: ['#{{Q{at}.x}}']\n"));
        }
    }
    let (reading, report) = checked("pipeline.yaml", &text);
    assert_eq!(reading.pipeline().unwrap().actions().count(), 4000);
    assert!(report.len() > 12_000, "{}", report.len());
}
