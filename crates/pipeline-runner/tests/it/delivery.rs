//! Rules about several files: their pages tell the truth, beside files that the pages describe.

use std::path::Path;

use pipeline_runner::preflight::delivery::RULES;
use pipeline_runner::preflight::{Delivery, Kind, check_directory};
use spec_report::mdtest::Pages;
use spec_report::{Levels, Report};

const BUILDSPEC: &str = "version: 0.2
env: {exported-variables: [IMAGE_TAG]}
phases: {build: {commands: ['printf ''[{\"name\":\"web\",\"imageUri\":\"%s\"}]'' $IMAGE > imagedefinitions.json']}}
artifacts: {files: imagedefinitions.json}
";
const TASK: &str =
    r#"{"family": "web", "containerDefinitions": [{"name": "web", "image": "<IMAGE1_NAME>", "essential": true}]}"#;
const APP_SPEC: &str = "version: 0.0
Resources:
  - TargetService:
      Type: AWS::ECS::Service
      Properties:
        TaskDefinition: <TASK_DEFINITION>
        LoadBalancerInfo: {ContainerName: web, ContainerPort: 80}
";

fn beside(pipeline: &str, buildspec: &str, task: &str, app_spec: &str) -> Report {
    let files = [
        (Kind::Buildspec, "buildspec.yml", buildspec),
        (Kind::TaskDefinition, "taskdef.json", task),
        (Kind::AppSpec, "appspec.yml", app_spec),
    ];
    let given = files.into_iter().filter(|(.., text)| !text.is_empty());
    let delivery = Delivery::new().with(Kind::Pipeline, "pipeline.yaml", pipeline.as_bytes());
    let delivery = given.fold(delivery, |all, (kind, name, text)| all.with(kind, name, text.as_bytes()));
    delivery.check(&Levels::default())
}

fn page(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/rules/pipeline-runner").join(name);
    std::fs::read_to_string(path).unwrap()
}

/// The first example of a page.
fn bad(name: &str) -> String {
    let text = page(name);
    let start = text.find("```yaml\n").unwrap() + 8;
    text[start..start + text[start..].find("```").unwrap()].to_owned()
}

#[test]
fn pages_tell_the_truth() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/rules/pipeline-runner");
    let deploys = bad("image-definitions-not-written.md").replace("images.json", "imagedefinitions.json");
    let checked = Pages::new(&dir, RULES).check(|name, text| {
        if text.starts_with("version:") {
            let delivery = Delivery::new().with(Kind::Pipeline, "pipeline.yaml", deploys.as_bytes());
            let delivery = delivery.with(Kind::TaskDefinition, "taskdef.json", TASK.as_bytes());
            return delivery.with(Kind::Buildspec, name, text.as_bytes()).check(&Levels::default());
        }
        let delivery = Delivery::new().with(Kind::Pipeline, name, text.as_bytes());
        let delivery = delivery.with(Kind::Buildspec, "buildspec.yml", BUILDSPEC.as_bytes());
        let delivery = delivery.with(Kind::TaskDefinition, "taskdef.json", TASK.as_bytes());
        delivery.with(Kind::AppSpec, "appspec.yml", APP_SPEC.as_bytes()).check(&Levels::default())
    });
    assert_eq!(checked.unwrap(), RULES.len());
}

fn rules(report: &Report) -> Vec<&str> {
    report.iter().map(|found| found.rule.name()).collect()
}

#[test]
fn without_files_of_a_kind_nothing_is_said() {
    for name in ["image-definitions-not-written.md", "placeholder-missing.md", "variable-not-exported.md"] {
        let report = beside(&bad(name), "", "", "");
        assert_eq!(rules(&report), [""; 0], "{name}");
    }
}

#[test]
fn an_artifact_may_hold_the_file_in_several_ways() {
    let pipeline = bad("image-definitions-not-written.md");
    for (artifacts, found) in [
        ("{files: images.json}", false),
        ("{files: ./images.json}", false),
        ("{files: '**/*'}", false),
        ("{files: $NAME}", false),
        ("{files: out/images.json, discard-paths: yes}", false),
        ("{files: out/images.json}", true),
        ("{files: other.json, secondary-artifacts: {Image: {files: images.json}}}", false),
        ("{files: other.json}", true),
    ] {
        let text = BUILDSPEC.replace("{files: imagedefinitions.json}", artifacts);
        let report = beside(&pipeline, &text, "", "");
        assert_eq!(report.iter().count() == 1, found, "{artifacts}: {:?}", rules(&report));
    }
}

#[test]
fn an_output_is_what_the_buildspec_makes() {
    let secondary = "{files: a, secondary-artifacts: {Image: {files: a}, Report: {files: b}}}";
    let list = "build-list: [{identifier: Image}, {identifier: other, buildspec: other.yml}]";
    let batch = "BatchEnabled: 'true'";
    let combined = "BatchEnabled: 'true', CombineArtifacts: 'true'";
    for (outputs, configuration, artifacts, batches, found) in [
        ("{name: Image}", "", "{files: a}", "", 0),
        ("{name: Image}", "", "{files: []}", "", 1),
        ("{name: Image}", "BuildspecOverride: ci/other.yml", "{files: []}", "", 0),
        ("{name: Image}, {name: Report}", "", "{files: a}", "", 2),
        ("{name: Image}, {name: Report}", "", secondary, "", 0),
        ("{name: Image}, {name: Docs}", "", secondary, "", 1),
        ("{name: Image}", batch, "{files: a}", list, 0),
        ("{name: Image}", batch, "{files: []}", list, 1),
        ("{name: Image}", batch, "{files: a}", "", 1),
        ("{name: Image_Report}, {name: other_x}, {name: other}", batch, secondary, list, 0),
        ("{name: Image_Docs}, {name: Images}", batch, secondary, list, 2),
        ("{name: anything}", batch, "{files: a}", "build-fanout: {parallelism: 2}", 0),
        ("{name: Out}", combined, "{files: a}", list, 0),
        ("{name: Out}", combined, "{files: []}", list, 1),
    ] {
        let outputs = format!("outputArtifacts: [{outputs}]");
        let pipeline = bad("variable-not-exported.md")
            .replace("outputArtifacts: [{name: Image}]", &outputs)
            .replace("shop-build}", &format!("shop-build, {configuration}}}"))
            .replace("#{Build.TAG}", "");
        let mut text = BUILDSPEC.replace("{files: imagedefinitions.json}", artifacts);
        if !batches.is_empty() {
            text.push_str(&format!("batch: {{{batches}}}\n"));
        }
        let report = beside(&pipeline, &text, "", "");
        assert_eq!(rules(&report), vec!["artifact-not-built"; found], "{outputs} {configuration} of {text}");
    }
}

#[test]
fn an_app_spec_needs_its_placeholder() {
    let pipeline = bad("placeholder-missing.md").replace("WEB_IMAGE", "IMAGE1_NAME");
    assert_eq!(rules(&beside(&pipeline, "", TASK, APP_SPEC)), [""; 0]);
    let named = APP_SPEC.replace("<TASK_DEFINITION>", "web:1");
    assert_eq!(rules(&beside(&pipeline, "", TASK, &named)), ["placeholder-missing"]);
}

#[test]
fn a_directory_is_looked_at_as_a_whole() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("pipeline.yaml"), bad("image-definitions-not-written.md")).unwrap();
    std::fs::write(dir.path().join("buildspec.yml"), BUILDSPEC).unwrap();
    let checked = check_directory(dir.path(), &Levels::default()).unwrap();
    let pipeline = checked.iter().find(|file| file.kind == Kind::Pipeline).unwrap();
    assert!(rules(&pipeline.report).contains(&"image-definitions-not-written"));
    let silent = Levels::default().allow("pipeline-runner/image-definitions-not-written");
    let checked = check_directory(dir.path(), &silent).unwrap();
    assert!(checked.iter().all(|file| !rules(&file.report).contains(&"image-definitions-not-written")));
}
