//! Real buildspecs, run to their end with real programs: `docker` is podman, `aws` is the AWS CLI, and the registry asks
//! for a login. `cargo xtask acceptance buildspec` brings the laboratory in which this works.
//!
//! The commands are those of the files in `tests/fixtures`, word for word; only what stands in angle brackets is filled in.
#![allow(clippy::disallowed_methods, reason = "the laboratory tells its places in variables")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]
#![allow(clippy::print_stdout, reason = "the log of a build that fails is what one wants to see")]

mod registry;

use std::fs;
use std::path::Path;
use std::sync::Arc;

use aws_call::system::{SystemClock, SystemIds};
use buildspec::run::{BuildResult, Cancel, HostShell, Request, Runner};
use spec_report::Source;

use registry::Registry;

const COMMIT: &str = "4f1d2c3b5a69788796a5b4c3d2e1f00112233445";

/// An image that needs no other one.
const DOCKERFILE: &str = "FROM scratch\nCOPY greeting /greeting\nCMD [\"/greeting\"]\n";

fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| {
        panic!(
            "`{name}` is not set: these tests run in the lab of `cargo xtask acceptance buildspec`, not by themselves"
        )
    })
}

/// Builds with these variables of the project in a source of these files. The log is printed.
fn build(text: &str, files: &[(&str, &str)], project_env: &[(&str, &str)]) -> (BuildResult, tempfile::TempDir) {
    let directory = tempfile::tempdir().unwrap();
    let source = directory.path().join("source");
    for (name, text) in files {
        let path = source.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let spec = buildspec::read(Source::new("buildspec.yml", text)).value.unwrap();
    let own = |variables: &[(&str, &str)]| {
        variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect::<Vec<_>>()
    };
    // The image of a build brings its tools, its service role and its containers' configuration.
    let image = std::env::vars().filter(|(name, _)| {
        matches!(name.as_str(), "PATH" | "HOME" | "TMPDIR" | "BUILDAH_ISOLATION" | "REGISTRY_AUTH_FILE")
            || name.starts_with("CONTAINERS_")
            || matches!(name.as_str(), "AWS_ACCESS_KEY_ID" | "AWS_SECRET_ACCESS_KEY" | "AWS_ENDPOINT_URL")
            || name == "AWS_EC2_METADATA_DISABLED"
    });
    let request = Request::new(&spec, &source, directory.path().join("artifacts"), "shop")
        .with_base_env(image.collect())
        .with_project_env(own(project_env))
        .with_location(variable("AWS_REGION"), variable("AWS_ACCOUNT_ID"))
        .with_source_version(COMMIT);
    let shell = HostShell::new(directory.path().join("scratch"));
    let runner = Runner::new(Arc::new(shell), Arc::new(SystemClock), Arc::new(SystemIds));
    let result = runner.run(&request, &Cancel::new(), &mut |event| println!("{event}")).unwrap();
    (result, directory)
}

#[track_caller]
fn succeeded(result: &BuildResult) {
    assert!(result.is_success(), "{:?}", result.first_failure);
    assert!(result.phases.iter().all(|phase| phase.contexts.is_empty()), "{:?}", result.phases);
}

/// The one file of the primary artifact.
fn artifact(result: &BuildResult, name: &str) -> String {
    assert_eq!(result.artifacts.len(), 1);
    assert_eq!(result.artifacts[0].files, [Path::new(name)]);
    fs::read_to_string(result.artifacts[0].directory.join(name)).unwrap()
}

/// Logs in by `aws ecr get-login`, pulls what is not there yet, builds from a cache, pushes two tags.
#[test]
fn ecs_web_app() {
    let text = include_str!("../fixtures/ecs_web_app.yml");
    let account = variable("AWS_ACCOUNT_ID");
    let files = [("Dockerfile", DOCKERFILE), ("greeting", "web-app\n")];
    let project = [("AWS_ACCOUNT_ID", account.as_str()), ("IMAGE_REPO_NAME", "web-app"), ("CONTAINER_NAME", "web")];
    let (result, _directory) = build(text, &files, &project);
    succeeded(&result);

    let registry = Registry::of_the_lab();
    assert_eq!(registry.tags("web-app"), ["4f1d2c3", "latest"]);
    assert_eq!(registry.manifest("web-app", "4f1d2c3").layers(), 1);
    assert_eq!(registry.manifest("web-app", "latest").digest, registry.manifest("web-app", "4f1d2c3").digest);
    let uri = format!("{}/web-app:4f1d2c3", registry.host());
    assert_eq!(artifact(&result, "imagedefinitions.json"), format!(r#"[{{"name":"web","imageUri":"{uri}"}}]"#));
}

/// Logs in through a pipe, and builds in a directory that it has changed to.
#[test]
fn image_pipeline() {
    let text = include_str!("../fixtures/image_pipeline.yml");
    let account = variable("AWS_ACCOUNT_ID");
    let files = [("app/Dockerfile", DOCKERFILE), ("app/greeting", "flask-api\n")];
    let project = [("AWS_ACCOUNT_ID", account.as_str()), ("IMAGE_REPO_NAME", "flask-api"), ("IMAGE_TAG", "latest")];
    let (result, _directory) = build(text, &files, &project);
    succeeded(&result);
    assert!(result.artifacts.is_empty(), "the buildspec names none");

    let registry = Registry::of_the_lab();
    assert_eq!(registry.tags("flask-api"), ["latest"]);
    assert_eq!(registry.manifest("flask-api", "latest").layers(), 1);
}

/// Takes its version from a variable of its own, and writes definitions under another name.
#[test]
fn nginx_definitions() {
    let text = include_str!("../fixtures/nginx_definitions.yml").replace("<container-definition>", "nginx");
    let account = variable("AWS_ACCOUNT_ID");
    let files = [("nginx/Dockerfile", DOCKERFILE), ("nginx/greeting", "nginx-example\n")];
    let project = [("AWS_ACCOUNT_ID", account.as_str()), ("IMAGE_REPO_NAME1", "nginx-example")];
    let (result, _directory) = build(&text, &files, &project);
    succeeded(&result);

    let registry = Registry::of_the_lab();
    assert_eq!(registry.tags("nginx-example"), ["v0.95"]);
    assert_eq!(registry.manifest("nginx-example", "v0.95").layers(), 1);
    let uri = format!("{}/nginx-example:v0.95", registry.host());
    assert_eq!(artifact(&result, "artifacts.json"), format!(r#"[{{"name":"nginx","imageUri":"{uri}"}}]"#));
}

/// What the others prove, the other way round: without its login the same build fails, and nothing is in the registry.
#[test]
fn without_a_login_nothing_is_pushed() {
    let login = "      - aws ecr get-login-password";
    let text: String = include_str!("../fixtures/image_pipeline.yml")
        .lines()
        .filter(|line| !line.starts_with(login))
        .map(|line| line.to_owned() + "\n")
        .collect();
    let account = variable("AWS_ACCOUNT_ID");
    let files = [("app/Dockerfile", DOCKERFILE), ("app/greeting", "refused\n")];
    let project = [("AWS_ACCOUNT_ID", account.as_str()), ("IMAGE_REPO_NAME", "refused"), ("IMAGE_TAG", "latest")];
    // An earlier build may have logged in.
    fs::write(variable("REGISTRY_AUTH_FILE"), r#"{"auths": {}}"#).unwrap();
    let (result, _directory) = build(&text, &files, &project);
    assert!(!result.is_success());
    let failure = result.first_failure.unwrap_or_default();
    assert!(failure.starts_with("POST_BUILD: `docker push"), "{failure}");
    assert!(Registry::of_the_lab().tags("refused").is_empty());
}
