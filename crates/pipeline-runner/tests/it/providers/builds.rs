//! Builds: a project with several inputs, and the commands of a compute action.

use std::collections::BTreeMap;
use std::time::Duration;

use pipeline_model::model::{Action, EnvironmentVariable, OutputArtifact};
use pipeline_runner::core::FailureKind;
use pipeline_runner::{ActionJob, Cancel, Project, Providers};

use super::{Bench, action, failed, succeeded, text};

fn bench() -> Bench {
    let mut bench = Bench::new();
    let project = Project { buildspec: "buildspec.yml".into(), environment: BTreeMap::new() };
    bench.backends.projects.insert("shop".to_owned(), project);
    bench
}

const TWO_SOURCES: &str = "version: 0.2
env:
  exported-variables: [WORDS]
phases:
  build:
    commands:
      - WORDS=\"$(cat word) $(cat $CODEBUILD_SRC_DIR_Other/word)\"
      - echo \"$WORDS\" > words
artifacts:
  files: [words]
";

#[tokio::test]
async fn a_build_starts_in_its_primary_source_and_finds_the_others() {
    let bench = bench();
    let build = action("Build", "CodeBuild", &[("ProjectName", "shop"), ("PrimarySource", "Main")])
        .with_input("Other")
        .with_input("Main")
        .with_output("Out");
    bench.artifact("b/Main", &[("buildspec.yml", TWO_SOURCES), ("word", "hello")]).await;
    bench.artifact("b/Other", &[("word", "world")]).await;
    let variables = succeeded(&bench.run(ActionJob::of("b", &build)).await);
    assert_eq!(variables["WORDS"], "hello world");
    assert_eq!(text(&bench.unpacked("b/Out").await.join("words")), "hello world\n");
    for (configuration, says) in [
        (vec![("ProjectName", "shop")], "needs `PrimarySource`"),
        (vec![("ProjectName", "shop"), ("PrimarySource", "Nothing")], "is none of the action's input artifacts"),
        (vec![("ProjectName", "shop"), ("PrimarySource", "Main"), ("BatchEnabled", "true")], "no `batch`"),
        (vec![("ProjectName", "nobody"), ("PrimarySource", "Main")], "no CodeBuild project `nobody`"),
    ] {
        let build = action("Build", "CodeBuild", &configuration).with_input("Other").with_input("Main");
        let (kind, message) = failed(&bench.run(ActionJob::of("b", &build)).await);
        assert!(kind == FailureKind::ConfigurationError && message.contains(says), "{message}");
    }
}

#[tokio::test]
async fn the_action_brings_its_own_buildspec() {
    let bench = bench();
    bench
        .artifact("b/In", &[("ci/other.yml", "version: 0.2\nphases:\n  build:\n    commands: [echo from a file]\n")])
        .await;
    let inline = "version: 0.2\nphases:\n  build:\n    commands: [echo inline]\n";
    for (spec, says) in [(inline, "inline"), ("ci/other.yml", "from a file")] {
        let configuration = [("ProjectName", "shop"), ("BuildspecOverride", spec)];
        let build = action("Build", "CodeBuild", &configuration).with_input("In");
        succeeded(&bench.run(ActionJob::of("b", &build)).await);
        assert!(bench.lines().contains(&says.to_owned()), "{:?}", bench.lines());
    }
}

/// The two examples of the CodeBuild User Guide, "CodePipeline/CodeBuild integration and batch builds", in one buildspec.
const BATCH: &str = "version: 0.2
batch:
  build-list:
    - identifier: build1
    - identifier: build2
env:
  exported-variables: [WHO]
phases:
  build:
    commands:
      - WHO=$CODEBUILD_BATCH_BUILD_IDENTIFIER
      - echo $WHO > output_file
      - echo $WHO > of_$WHO
artifacts:
  files: [output_file, of_*]
  secondary-artifacts:
    artifact1:
      files: [of_*]
";

fn batch(configuration: &[(&str, &str)], outputs: &[&str]) -> Action {
    let configuration: Vec<_> =
        [("ProjectName", "shop"), ("BatchEnabled", "true")].iter().chain(configuration).copied().collect();
    let build = action("Build", "CodeBuild", &configuration).with_input("In");
    outputs.iter().fold(build, |build, output| build.with_output(*output))
}

#[tokio::test]
async fn the_outputs_of_a_batch_are_named_after_its_builds() {
    let bench = bench();
    bench.artifact("b/In", &[("buildspec.yml", BATCH)]).await;
    let outcome = bench.run(ActionJob::of("b", &batch(&[], &["build1", "build2_artifact1"]))).await;
    assert_eq!(succeeded(&outcome), BTreeMap::new(), "a batch hands on no variables");
    assert_eq!(text(&bench.unpacked("b/build1").await.join("output_file")), "build1\n");
    let second = bench.unpacked("b/build2_artifact1").await;
    assert_eq!(text(&second.join("of_build2")), "build2\n");
    assert!(!second.join("output_file").exists());
    let told = bench.lines().iter().filter(|line| line.contains("`WHO` stays in its build")).count();
    assert_eq!(told, 1, "{:?}", bench.lines());

    let (kind, message) = failed(&bench.run(ActionJob::of("b", &batch(&[], &["Out"]))).await);
    assert_eq!(kind, FailureKind::JobFailed);
    assert!(message.contains("`Out`") && message.contains("build1, build1_artifact1, build2,"), "{message}");
}

#[tokio::test]
async fn the_artifacts_of_a_batch_are_put_together() {
    let bench = bench();
    bench.artifact("b/In", &[("buildspec.yml", BATCH)]).await;
    succeeded(&bench.run(ActionJob::of("b", &batch(&[("CombineArtifacts", "true")], &["Out"]))).await);
    let out = bench.unpacked("b/Out").await;
    for (file, says) in [("of_build1", "build1\n"), ("of_build2", "build2\n"), ("output_file", "build2\n")] {
        assert_eq!(text(&out.join(file)), says, "{file}");
    }
    let told = "output_file in the combined artifact is that of `build2`: `build1` made one, too";
    assert!(bench.lines().iter().any(|line| line == told), "{:?}", bench.lines());

    let (kind, message) =
        failed(&bench.run(ActionJob::of("b", &batch(&[("CombineArtifacts", "true")], &["Out", "More"]))).await);
    assert!(kind == FailureKind::ConfigurationError && message.contains("has one output artifact"), "{message}");
    let bare = "version: 0.2\nbatch:\n  build-list:\n    - identifier: a\nphases:\n  build:\n    commands: [true]\n";
    bench.artifact("c/In", &[("buildspec.yml", bare)]).await;
    let (_, message) = failed(&bench.run(ActionJob::of("c", &batch(&[("CombineArtifacts", "true")], &["Out"]))).await);
    assert!(message.contains("no build of the batch has `artifacts`"), "{message}");
}

#[tokio::test]
async fn a_batch_fails_with_the_first_of_its_builds() {
    let bench = bench();
    let spec = "version: 0.2
batch:
  build-graph:
    - identifier: lint
      ignore-failure: true
    - identifier: unit
      depend-on: [lint]
    - identifier: pack
      depend-on: [unit]
phases:
  build:
    commands:
      - echo in $CODEBUILD_BATCH_BUILD_IDENTIFIER
      - exit 3
";
    bench.artifact("b/In", &[("buildspec.yml", spec)]).await;
    let (kind, message) = failed(&bench.run(ActionJob::of("b", &batch(&[], &[]))).await);
    assert_eq!(kind, FailureKind::JobFailed);
    assert!(message.starts_with("the build `unit` failed: BUILD: `exit 3`"), "{message}");
    let lines = bench.lines();
    assert!(lines.contains(&"[lint] in lint".to_owned()) && lines.contains(&"[unit] in unit".to_owned()), "{lines:?}");
    assert!(!lines.iter().any(|line| line.starts_with("[pack]")), "{lines:?}");
}

/// Whoever gives the action up gets an answer when the commands have ended, not when they would have.
#[tokio::test]
async fn a_batch_that_is_given_up_stops_its_builds() {
    let bench = bench();
    let spec = "version: 0.2
batch:
  build-list:
    - identifier: one
    - identifier: two
phases:
  build:
    commands:
      - echo begun
      - sleep 600
";
    bench.artifact("b/In", &[("buildspec.yml", spec)]).await;
    let mut context = bench.context();
    context.cancel = Cancel::new();
    let cancel = context.cancel.clone();
    let job = ActionJob::of("b", &batch(&[], &[]));
    let provider = Providers::builtin(&bench.backends).get(&job.action_type).unwrap();
    let given_up = async {
        while !bench.lines().iter().any(|line| line.ends_with("begun")) {
            tokio::task::yield_now().await;
        }
        cancel.cancel();
    };
    let ended = async { tokio::join!(provider.run(job, &context), given_up).0 };
    let outcome = tokio::time::timeout(Duration::from_secs(60), ended).await.expect("the builds go on");
    let (kind, message) = failed(&outcome);
    assert_eq!((kind, message.as_str()), (FailureKind::JobFailed, "the batch ended as STOPPED"));
}

fn commands(lines: &[&str]) -> Action {
    let mut action = action("Compute", "Commands", &[]).with_input("In");
    action.commands = lines.iter().map(|line| (*line).to_owned()).collect::<Vec<_>>().into();
    action
}

#[tokio::test]
async fn commands_take_files_and_give_files_and_variables() {
    let bench = bench();
    bench.artifact("c/In", &[("name", "shop")]).await;
    let mut action = commands(&[
        "RELEASE=\"$(cat name)-$STAGE\"",
        "mkdir -p dist && echo \"$RELEASE\" > dist/release && echo no > left-out",
        "export RELEASE",
    ]);
    let mut stage = EnvironmentVariable::default();
    (stage.name, stage.value) = ("STAGE".to_owned(), "a b: #c".to_owned());
    action.environment_variables = vec![stage].into();
    action.output_variables = vec!["RELEASE".to_owned()].into();
    let mut out = OutputArtifact::new("Out");
    out.files = vec!["dist/*".to_owned()].into();
    action.output_artifacts = vec![out].into();
    let variables = succeeded(&bench.run(ActionJob::of("c", &action)).await);
    assert_eq!(variables, BTreeMap::from([("RELEASE".to_owned(), "shop-a b: #c".to_owned())]));
    let files = bench.unpacked("c/Out").await;
    assert_eq!(text(&files.join("dist/release")), "shop-a b: #c\n");
    assert!(!files.join("left-out").exists());
}

#[tokio::test]
async fn commands_that_fail_or_cannot_be_are_told() {
    let bench = bench();
    bench.artifact("c/In", &[("name", "shop")]).await;
    let (kind, message) = failed(&bench.run(ActionJob::of("c", &commands(&["true", "exit 7", "echo never"]))).await);
    assert!(kind == FailureKind::JobFailed && message.contains("exit 7"), "{message}");
    assert!(!bench.lines().contains(&"never".to_owned()));
    for (action, says) in [
        (commands(&[]), "has 0 commands"),
        (commands(&["true"; 51]), "has 51 commands"),
        (commands(&["one\ntwo"]), "several lines"),
        (commands(&["true"]).with_config("EnvironmentType", "WINDOWS_SERVER_2022_CONTAINER"), "Windows"),
        (commands(&["true"]).with_output("Out"), "needs `files`"),
    ] {
        let (kind, message) = failed(&bench.run(ActionJob::of("c", &action)).await);
        assert!(kind == FailureKind::ConfigurationError && message.contains(says), "{message}");
    }
}
