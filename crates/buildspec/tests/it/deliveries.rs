//! Buildspecs from real deliveries: what a reviewer would say to each, and nothing else. `tests/acceptance` runs them.

use spec_report::{Levels, Safety, Source, apply_fixes, render};

/// Each finding on a line of its own, without the name of the file.
fn findings(text: &str) -> Vec<String> {
    let parsed = buildspec::read(Source::new("", text));
    let report = buildspec::check(&parsed, &Levels::default());
    render::concise(&report).lines().map(|line| line.trim_start_matches(':').to_owned()).collect()
}

#[test]
fn ecs_web_app() {
    assert_eq!(
        findings(include_str!("../fixtures/ecs_web_app.yml")),
        [
            "7:16: error[buildspec/ecr-get-login-removed]: `aws ecr get-login` was removed in version 2 of the AWS CLI",
            "8:48: info[buildspec/hardcoded-region]: `us-west-2` is written out, and other commands take it from the build",
            "22:9: warning[buildspec/post-build-unguarded]: this runs even if the phase `build` has failed",
        ]
    );
}

#[test]
fn image_pipeline() {
    assert_eq!(
        findings(include_str!("../fixtures/image_pipeline.yml")),
        ["19:9: warning[buildspec/post-build-unguarded]: this runs even if the phase `build` has failed"]
    );
}

#[test]
fn nginx_definitions() {
    let text = include_str!("../fixtures/nginx_definitions.yml");
    let unguarded = "26:9: warning[buildspec/post-build-unguarded]: this runs even if the phase `build` has failed";
    let file_name =
        "info[buildspec/definitions-file-name]: a deployment looks for `imageUri` in `imagedefinitions.json`";
    assert_eq!(
        findings(text),
        [
            unguarded,
            "27:27: warning[buildspec/definitions-placeholder]: `<container-definition>` is a placeholder, and no container has this name",
            &format!("27:157: {file_name}"),
        ]
    );
    let filled = text.replace("<container-definition>", "nginx");
    assert_eq!(findings(&filled), [unguarded, &format!("27:140: {file_name}")]);
}

/// With its one error mended as proposed, the oldest of them is fit for today's images.
#[test]
fn ecs_web_app_mended() {
    let source = Source::new("buildspec.yml", include_str!("../fixtures/ecs_web_app.yml"));
    let report = buildspec::check(&buildspec::read(source.clone()), &Levels::default());
    let fixed = apply_fixes(&source, &report, Safety::Unsafe);
    let report = buildspec::check(&buildspec::read(Source::new("buildspec.yml", fixed.text)), &Levels::default());
    assert!(fixed.applied > 0 && !report.has_errors(), "{report:?}");
}
