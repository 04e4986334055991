//! Sources: a git repository, a directory, a bucket, a registry.

use std::path::Path;
use std::process::Command;

use ecr_push::{
    Image, ImageBuilder, ImageRef, Platform, PushOptions, PushRequest, Pusher, Registry, RepositoryName, Tag,
};
use pipeline_runner::ActionJob;
use pipeline_runner::artifact::ArtifactStore as _;
use pipeline_runner::core::FailureKind;

use super::{Bench, action, are_in_the_catalogue, failed, succeeded, text};

/// Runs `git` with a person and a time that are always the same.
fn git(directory: &Path, arguments: &[&str]) -> String {
    let mut command = Command::new("git");
    command.arg("-C").arg(directory).args(arguments);
    for (name, value) in [
        ("GIT_AUTHOR_NAME", "A"),
        ("GIT_AUTHOR_EMAIL", "a@example.com"),
        ("GIT_AUTHOR_DATE", "2024-01-02T03:04:05Z"),
        ("GIT_COMMITTER_NAME", "C"),
        ("GIT_COMMITTER_EMAIL", "c@example.com"),
        ("GIT_COMMITTER_DATE", "2024-02-03T04:05:06Z"),
        ("GIT_CONFIG_GLOBAL", "/dev/null"),
    ] {
        command.env(name, value);
    }
    let output = command.output().unwrap();
    assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// A repository with a first and a second commit on `main`, and a third on `topic`.
fn repository(bench: &Bench) -> [String; 3] {
    let root = bench.write("source", &[("app.txt", "one\n")]);
    git(&root, &["init", "--quiet", "--initial-branch=main"]);
    let mut commits = Vec::new();
    for (name, content, message, branch) in [
        ("app.txt", "one\n", "first", None),
        ("app.txt", "two\n", "second\n\nwith a body", None),
        ("topic.txt", "three\n", "third", Some("topic")),
    ] {
        if let Some(branch) = branch {
            git(&root, &["checkout", "--quiet", "-b", branch]);
        }
        std::fs::write(root.join(name), content).unwrap();
        git(&root, &["add", "."]);
        git(&root, &["commit", "--quiet", "-m", message]);
        commits.push(git(&root, &["rev-parse", "HEAD"]));
    }
    commits.try_into().unwrap()
}

const CONNECTION: &str = "arn:aws:codeconnections:eu-central-1:123456789012:connection/0";

#[tokio::test]
async fn a_repository_gives_the_commit_of_the_branch() {
    let bench = Bench::new();
    let [_, second, third] = repository(&bench);
    // What lies there uncommitted is nobody's revision.
    std::fs::write(bench.path("source/app.txt"), "uncommitted\n").unwrap();
    let actions = [
        action("Source", "CodeCommit", &[("RepositoryName", "shop"), ("BranchName", "main")]),
        action("Source", "GitHub", &[("Owner", "o"), ("Repo", "r"), ("Branch", "main"), ("OAuthToken", "****")]),
        action(
            "Source",
            "CodeStarSourceConnection",
            &[("ConnectionArn", CONNECTION), ("FullRepositoryId", "o/r"), ("BranchName", "main")],
        ),
    ];
    for action in actions {
        let action = action.with_output("Code");
        let outcome = bench.run(ActionJob::of(action.action_type_id.provider.clone(), &action)).await;
        let variables = succeeded(&outcome);
        are_in_the_catalogue(&action, &variables);
        assert_eq!((variables["CommitId"].as_str(), variables["BranchName"].as_str()), (second.as_str(), "main"));
        assert_eq!(variables["CommitMessage"], "second\n\nwith a body");
        assert!(variables["AuthorDate"].starts_with("2024-01-02T03:04:05"), "{variables:?}");
        let files = bench.unpacked(&format!("{}/Code", action.action_type_id.provider)).await;
        assert_eq!(text(&files.join("app.txt")), "two\n");
        assert!(!files.join(".git").exists() && !files.join("topic.txt").exists());
    }
    assert!(bench.lines().iter().any(|line| line.contains("not committed")));
    let topic = action("Source", "CodeCommit", &[("RepositoryName", "shop"), ("BranchName", "topic")]);
    let variables = succeeded(&bench.run(ActionJob::of("topic", &topic.with_output("Code"))).await);
    assert_eq!(variables["CommitId"], third);
}

#[tokio::test]
async fn a_revision_that_is_asked_for_is_what_comes_or_nothing() {
    let bench = Bench::new();
    let [first, _, third] = repository(&bench);
    let source =
        action("Source", "CodeCommit", &[("RepositoryName", "shop"), ("BranchName", "main")]).with_output("Code");
    let at = |id: &str, revision: &str| {
        let mut job = ActionJob::of(id, &source);
        job.revision = Some(revision.to_owned());
        job
    };
    let variables = succeeded(&bench.run(at("old", &first)).await);
    assert_eq!(variables["CommitId"], first);
    assert_eq!(text(&bench.unpacked("old/Code").await.join("app.txt")), "one\n");
    // A commit of another branch, none at all, and an option of git.
    for revision in [third.as_str(), "0000000000000000000000000000000000000000", "--all"] {
        let (kind, message) = failed(&bench.run(at("none", revision)).await);
        assert_eq!(kind, FailureKind::RevisionUnavailable, "{message}");
        assert!(message.contains("branch `main`"), "{message}");
    }
    let gone = action("Source", "CodeCommit", &[("RepositoryName", "shop"), ("BranchName", "gone")]).with_output("C");
    let (kind, message) = failed(&bench.run(ActionJob::of("gone", &gone)).await);
    assert!(kind == FailureKind::ConfigurationError && message.starts_with("there is no branch `gone`"), "{message}");
}

#[tokio::test]
async fn a_full_clone_has_the_history() {
    let bench = Bench::new();
    let [first, second, _] = repository(&bench);
    let configuration =
        [("RepositoryName", "shop"), ("BranchName", "main"), ("OutputArtifactFormat", "CODEBUILD_CLONE_REF")];
    let source = action("Source", "CodeCommit", &configuration).with_output("Code");
    succeeded(&bench.run(ActionJob::of("full", &source)).await);
    let files = bench.unpacked("full/Code").await;
    assert_eq!(git(&files, &["log", "--format=%H"]), format!("{second}\n{first}"));
    assert_eq!(git(&files, &["status", "--porcelain"]), "");
    let other = action(
        "Source",
        "CodeCommit",
        &[("RepositoryName", "shop"), ("BranchName", "main"), ("OutputArtifactFormat", "TAR")],
    );
    assert_eq!(
        failed(&bench.run(ActionJob::of("tar", &other.with_output("C"))).await).0,
        FailureKind::ConfigurationError
    );
}

#[tokio::test]
async fn repositories_have_directories_of_their_own_by_name() {
    let mut bench = Bench::new();
    bench.write("source", &[("which", "the default")]);
    let shop = bench.write("shop", &[("which", "the shop")]);
    bench.backends.sources.insert("example/shop".to_owned(), shop);
    for (owner, repository, which) in [("example", "shop", "the shop"), ("other", "shop", "the default")] {
        let configuration = [("Owner", owner), ("Repo", repository), ("Branch", "main"), ("OAuthToken", "****")];
        let source = action("Source", "GitHub", &configuration).with_output("Code");
        let variables = succeeded(&bench.run(ActionJob::of(owner, &source)).await);
        assert_eq!(variables["CommitUrl"], format!("https://github.com/{owner}/shop/commit/{}", variables["CommitId"]));
        assert_eq!(text(&bench.unpacked(&format!("{owner}/Code")).await.join("which")), which);
    }
}

#[tokio::test]
async fn an_archive_in_a_bucket() {
    let bench = Bench::new();
    bench.artifact("made", &[("app.txt", "from S3")]).await;
    let bucket = bench.write("bucket", &[("no.zip", "text")]);
    std::fs::create_dir_all(bucket.join("builds")).unwrap();
    std::fs::write(bucket.join("builds/shop.zip"), bench.store.archive("made").unwrap()).unwrap();
    let of = |bucket: &str, key: &str| {
        action("Source", "S3", &[("S3Bucket", bucket), ("S3ObjectKey", key)]).with_output("Code")
    };
    let source = of("shop-site", "builds/shop.zip");
    let outcome = bench.run(ActionJob::of("s3", &source)).await;
    let variables = succeeded(&outcome);
    are_in_the_catalogue(&source, &variables);
    assert_eq!((variables["BucketName"].as_str(), variables["ObjectKey"].as_str()), ("shop-site", "builds/shop.zip"));
    assert_eq!(text(&bench.unpacked("s3/Code").await.join("app.txt")), "from S3");
    let version = variables["VersionId"].clone();
    assert!(format!("{outcome:?}").contains(&format!("Amazon S3 version id: {version}")));

    for (source, revision, kind, says) in [
        (of("nobody", "x.zip"), None, FailureKind::ConfigurationError, "NoSuchBucket"),
        (of("shop-site", "x.zip"), None, FailureKind::ConfigurationError, "NoSuchKey"),
        (of("shop-site", "../source/x"), None, FailureKind::JobFailed, "leaves the bucket"),
        (of("shop-site", "no.zip"), None, FailureKind::JobFailed, "zip archive"),
        (of("shop-site", "builds/shop.zip"), Some("v0"), FailureKind::RevisionUnavailable, "NoSuchVersion"),
        (of("shop-site", "builds/shop.zip"), Some(version.as_str()), FailureKind::JobFailed, ""),
    ] {
        let mut job = ActionJob::of("bad", &source);
        job.revision = revision.map(str::to_owned);
        let outcome = bench.run(job).await;
        if says.is_empty() {
            succeeded(&outcome);
            continue;
        }
        let (got, message) = failed(&outcome);
        assert!(got == kind && message.contains(says), "{got:?} {message}");
    }
    bench.store.unpack("bad/Code", &bench.path("pinned")).await.unwrap();
}

fn image() -> Image {
    ImageBuilder::new(Platform::linux("amd64")).build().unwrap()
}

#[tokio::test]
async fn an_image_of_the_registry() {
    let bench = Bench::new();
    let registry = Registry::ecr_private(&bench.backends.account, &bench.backends.region);
    let request = PushRequest::to(&ImageRef::new(registry, RepositoryName::parse("shop").unwrap()))
        .with_tag(Tag::parse("1.0").unwrap());
    let pusher = Pusher::new(
        std::sync::Arc::clone(&bench.backends.images),
        std::sync::Arc::new(bench.clock.clone()),
        std::sync::Arc::new(aws_call::SequenceIds::new(3)),
    );
    let pushed = pusher.push(&image(), &request, &PushOptions::default(), &ecr_push::Silent).await.unwrap();
    let source = action("Source", "ECR", &[("RepositoryName", "shop"), ("ImageTag", "1.0")]).with_output("Image");
    let variables = succeeded(&bench.run(ActionJob::of("ecr", &source)).await);
    are_in_the_catalogue(&source, &variables);
    let uri = format!("123456789012.dkr.ecr.eu-central-1.amazonaws.com/shop@{}", pushed.digest);
    assert_eq!((&variables["ImageURI"], &variables["ImageDigest"]), (&uri, &pushed.digest.to_string()));
    let detail = text(&bench.unpacked("ecr/Image").await.join("imageDetail.json"));
    let detail: serde_json::Value = serde_json::from_str(&detail).unwrap();
    assert_eq!(
        (detail["ImageURI"].as_str(), detail["RegistryId"].as_str()),
        (Some(uri.as_str()), Some("123456789012"))
    );
    assert_eq!(detail["ImageTags"], serde_json::json!(["1.0"]));

    let mut pinned = ActionJob::of("pin", &source);
    pinned.revision = Some(pushed.digest.to_string());
    assert_eq!(succeeded(&bench.run(pinned.clone()).await)["ImageURI"], uri);
    pinned.revision = Some("latest".to_owned());
    assert_eq!(failed(&bench.run(pinned).await).0, FailureKind::RevisionUnavailable);
    let untagged = action("Source", "ECR", &[("RepositoryName", "shop")]).with_output("Image");
    let (kind, message) = failed(&bench.run(ActionJob::of("latest", &untagged)).await);
    assert!(kind == FailureKind::RevisionUnavailable && message.contains("`latest`"), "{message}");
    let nowhere = action("Source", "ECR", &[("RepositoryName", "nowhere")]).with_output("Image");
    let (kind, message) = failed(&bench.run(ActionJob::of("nowhere", &nowhere)).await);
    assert!(kind == FailureKind::ConfigurationError && message.contains("RepositoryNotFoundException"), "{message}");
}
