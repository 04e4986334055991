//! What rules say when the caller names the build image.

use buildspec::Context;
use spec_report::{Levels, Severity, Source};

fn findings(text: &str, image: &str) -> Vec<(&'static str, Severity)> {
    let parsed = buildspec::read(Source::new("buildspec.yml", text));
    let report = buildspec::check_with(&parsed, &Levels::default(), &Context::default().with_image(image));
    report.iter().map(|found| (found.rule.name(), found.severity)).collect()
}

fn with_runtime(runtime: &str) -> String {
    format!("version: 0.2\nphases:\n  install:\n    runtime-versions:\n      {runtime}\n")
}

#[test]
fn runtime_not_in_image() {
    let error = [("runtime-not-in-image", Severity::Error)];
    assert_eq!(findings(&with_runtime("docker: 23"), "aws/codebuild/standard:7.0"), error);
    assert_eq!(findings(&with_runtime("rust: \"1.93\""), "aws/codebuild/standard:7.0"), error);
    assert_eq!(findings(&with_runtime("rust: \"1.93\""), "aws/codebuild/standard:8.0"), []);
    // Of this image it is not known what it has.
    assert_eq!(findings(&with_runtime("rust: \"1.93\""), "aws/codebuild/amazonlinux-aarch64-standard:3.0"), []);
    let known = |image: &str| Context::default().with_image(image).is_image_known();
    assert!(known("public.ecr.aws/codebuild/amazonlinux-x86_64-standard:5.0"));
    assert!(!known("example.com/builder:1"));
}

#[test]
fn runtime_version() {
    let info = [("runtime-version-unlisted", Severity::Info)];
    assert_eq!(findings(&with_runtime("nodejs: 18"), "aws/codebuild/standard:8.0"), info);
    assert_eq!(findings(&with_runtime("nodejs: 18"), "aws/codebuild/standard:7.0"), []);
    assert_eq!(findings(&with_runtime("nodejs: latest"), "aws/codebuild/standard:8.0"), []);
}

#[test]
fn dash_or_bash() {
    let text = "version: 0.2\nphases:\n  build:\n    commands:\n      - '[[ -f a ]] && make'\n";
    assert_eq!(findings(text, "aws/codebuild/standard:7.0"), [("bashism-in-sh", Severity::Warning)]);
    assert_eq!(findings(text, "aws/codebuild/amazonlinux-x86_64-standard:5.0"), []);
    assert_eq!(findings(text, "example.com/builder:1"), [("bashism-in-sh", Severity::Info)]);
}
