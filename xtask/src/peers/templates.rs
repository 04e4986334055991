//! `cargo xtask peers templates`: what cfn-lint says of the templates that `pipeline_convert` writes. It must find no
//! errors.

use std::{
    fs,
    process::{Command, Stdio},
};

use anyhow::Context as _;

use crate::workspace::Workspace;

/// The release that `.ci/run` installs.
const CFN_LINT: &str = "1.58.0";

/// Sources of every kind that a template has something to write for, and secret settings.
const SOURCES: &str = r#"{
  "name": "sources", "roleArn": "arn:aws:iam::123456789012:role/pipeline",
  "artifactStore": {"type": "S3", "location": "artifacts", "encryptionKey": {"type": "KMS", "id": "alias/artifacts"}},
  "stages": [
    {"name": "Source", "actions": [
      {"name": "Commit", "actionTypeId": {"category": "Source", "owner": "AWS", "provider": "CodeCommit", "version": "1"},
       "configuration": {"RepositoryName": "shop", "BranchName": "main", "PollForSourceChanges": "false"}, "outputArtifacts": [{"name": "Commit"}]},
      {"name": "Object", "actionTypeId": {"category": "Source", "owner": "AWS", "provider": "S3", "version": "1"},
       "configuration": {"S3Bucket": "sources", "S3ObjectKey": "shop.zip", "PollForSourceChanges": "false"}, "outputArtifacts": [{"name": "Object"}]},
      {"name": "Image", "actionTypeId": {"category": "Source", "owner": "AWS", "provider": "ECR", "version": "1"},
       "configuration": {"RepositoryName": "base"}, "outputArtifacts": [{"name": "Image"}]},
      {"name": "Hub", "actionTypeId": {"category": "Source", "owner": "ThirdParty", "provider": "GitHub", "version": "1"},
       "configuration": {"Owner": "shop", "Repo": "web", "Branch": "main", "OAuthToken": "not-a-real-token", "PollForSourceChanges": "false"},
       "outputArtifacts": [{"name": "Hub"}]}]},
    {"name": "Build", "actions": [
      {"name": "Build", "actionTypeId": {"category": "Build", "owner": "AWS", "provider": "CodeBuild", "version": "1"},
       "configuration": {"ProjectName": "shop-build"}, "inputArtifacts": [{"name": "Hub"}], "outputArtifacts": [{"name": "Built"}]}]},
    {"name": "Deploy", "actions": [
      {"name": "Deploy", "actionTypeId": {"category": "Deploy", "owner": "AWS", "provider": "ECS", "version": "1"},
       "configuration": {"ClusterName": "shop", "ServiceName": "web"}, "inputArtifacts": [{"name": "Built"}]}]}
  ]
}"#;

/// Writes templates and has them looked at.
pub(crate) fn check(workspace: &Workspace) -> anyhow::Result<()> {
    let linter = super::found(workspace, &[".venv/bin"], "cfn-lint").with_context(|| {
        format!(
            "the program `cfn-lint` is neither in `.venv/bin` of the workspace nor on PATH; install it with\n    \
             python3 -m venv .venv && .venv/bin/pip install cfn-lint=={CFN_LINT}"
        )
    })?;
    let convert = workspace.build_example("pipeline_convert", false)?;
    let directory = workspace.path("target/peers");
    fs::create_dir_all(&directory)?;
    let sources = directory.join("sources.json");
    fs::write(&sources, SOURCES)?;
    let sources = sources.to_string_lossy();
    let build = ["--complete", "--repository", "shop", "--buildspec", "examples/shop/buildspec.yml"];
    let complete: Vec<&str> = ["examples/shop/pipeline.json"].into_iter().chain(build).collect();
    let runs: [(&str, &[&str]); 4] = [
        ("complete.yml", &complete),
        ("sources.yml", &[&sources, "--complete"]),
        ("sources.template.json", &[&sources, "--complete", "--json"]),
        ("alone.yml", &[&sources]),
    ];
    for (name, arguments) in runs {
        let mut command = Command::new(&convert);
        command.current_dir(workspace.path("")).args(["--to", "cloudformation"]).args(arguments).stdin(Stdio::null());
        let output = command.output().with_context(|| format!("cannot run {}", convert.display()))?;
        anyhow::ensure!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
        let template = directory.join(name);
        fs::write(&template, &output.stdout)?;
        let mut command = Command::new(&linter);
        command.args(["--non-zero-exit-code", "error", "--format", "parseable"]).arg(&template).stdin(Stdio::null());
        let output = command.output().with_context(|| format!("cannot run {}", linter.display()))?;
        let said = String::from_utf8_lossy(&output.stdout);
        anyhow::ensure!(output.status.success(), "cfn-lint finds errors in {}:\n{said}", template.display());
        println!("     {name}: no errors, {} warnings and notes", said.lines().filter(|line| !line.is_empty()).count());
    }
    Ok(())
}
