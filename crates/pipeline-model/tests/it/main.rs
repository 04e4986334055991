//! The integration tests, in one binary.

mod actions;
mod build;
mod change_sets;
mod client;
mod cloudformation;
mod draw;
mod exercise;
mod iam;
mod intrinsics;
mod json;
mod pages;
mod properties;
mod providers;
mod remote;
mod rules;
mod secrets;
mod stacks;
mod template;
mod triggers;
mod webhook;
mod worlds;

use pipeline_model::{Reading, read};
use spec_report::{Levels, Report, Severity};

/// A whole declaration: two good stages, with other lines in place of the parts that a test is about.
fn declaration(head: &str, stages: &str) -> String {
    format!(
        "name: shop\nroleArn: arn:aws:iam::123456789012:role/pipeline\n\
         artifactStore: {{type: S3, location: shop-artifacts}}\n{head}stages:\n{stages}"
    )
}

const SOURCE: &str = r#"  - name: Source
    actions:
      - name: Source
        actionTypeId: {category: Source, owner: AWS, provider: S3, version: "1"}
        outputArtifacts: [{name: Code}]
        namespace: Source
        configuration: {PollForSourceChanges: "false", S3Bucket: shop-sources, S3ObjectKey: shop.zip}
"#;

const BUILD: &str = r#"  - name: Build
    actions:
      - name: Build
        actionTypeId: {category: Build, owner: AWS, provider: CodeBuild, version: "1"}
        inputArtifacts: [{name: Code}]
        configuration: {ProjectName: shop-build}
"#;

fn checked(name: &str, text: &str) -> (Reading, Report) {
    let reading = read(name, text);
    let report = pipeline_model::check(&reading, &Levels::default());
    (reading, report)
}

/// `line:column severity rule` of each finding above info.
fn findings(report: &Report) -> Vec<String> {
    report
        .iter()
        .filter(|found| found.severity != Severity::Info)
        .map(|found| {
            let at = found.primary.source.position(found.primary.span.start);
            format!("{}:{} {} {}", at.line, at.column, found.severity, found.rule.name())
        })
        .collect()
}
