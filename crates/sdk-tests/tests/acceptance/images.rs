//! A template with its parameters: from GitHub, for which a repository of this machine stands in, to an image in ECR.

use pipeline_model::{ReadOptions, Values, read_with};
use pipeline_runner::Answer;
use pipeline_runner::core::ExecutionStatus;
use spec_report::{Levels, Source};

use crate::registry::Registry;
use crate::site::{DOCKERFILE, Site};
use crate::variable;

#[tokio::test]
async fn a_template_runs_to_an_image_in_the_registry() {
    let values = Values::default()
        .with_parameter("GithubAccount", "example")
        .with_parameter("GithubRepository", "an-api")
        .with_parameter("GithubAuthToken", "not-a-token");
    let text = include_str!("../fixtures/image_pipeline_template.yml");
    let reading = read_with(Source::new("pipeline.yml", text), &ReadOptions::default().with_values(values));
    let report = pipeline_model::check(&reading, &Levels::default());
    assert!(!report.has_errors(), "{report:?}");
    let pipeline = reading.pipeline().unwrap();

    let mut site = Site::new(&[
        ("pipeline/buildspec.yml", include_str!("../../../buildspec/tests/fixtures/image_pipeline.yml")),
        ("app/Dockerfile", DOCKERFILE),
        ("app/greeting", "an api\n"),
    ]);
    let repository = site.path("repository");
    site.backends.sources.insert("example/an-api".to_owned(), repository);
    // Only the repository that the parameters name will do.
    site.backends.source = site.path("nowhere");
    let project = pipeline.stages[1].actions[0].config("ProjectName").unwrap();
    let (account, region) = (variable("AWS_ACCOUNT_ID"), variable("AWS_REGION"));
    let environment = [
        ("AWS_DEFAULT_REGION", region.as_str()),
        ("AWS_ACCOUNT_ID", account.as_str()),
        ("IMAGE_REPO_NAME", "an-api"),
        ("IMAGE_TAG", "latest"),
    ];
    site.project(project, "pipeline/buildspec.yml", &environment);

    let execution = site.run(pipeline, Answer::reject("nobody is asked")).await;
    assert_eq!(execution.status, ExecutionStatus::Succeeded, "{:?}", execution.summary);
    let registry = Registry::of_the_lab();
    assert_eq!(registry.tags("an-api"), ["latest"]);
    let manifest = registry.manifest("an-api", "latest");
    assert_eq!((manifest.layers(), manifest.digest.len()), (1, "sha256:".len() + 64));
    assert!(site.lines.lock().unwrap().iter().all(|line| !line.contains("not-a-token")));
}
