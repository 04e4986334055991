//! `cargo xtask examples`: runs every example offline and compares its exit code with what its documentation promises.

use std::{process::Stdio, time::Instant};

use anyhow::Context as _;

use crate::{
    Arguments,
    workspace::{Workspace, show},
};

/// An example, its arguments, and the exit code it must end with. To add an example, add a line.
const RUNS: &[(&str, &[&str], i32)] = &[
    ("appspec_check", &["--profile", "ecs", "--json", "examples/shop/appspec.yml"], 0),
    ("appspec_check", &["--profile", "agent-v2", "examples/shop/appspec.yml"], 1),
    ("deploy_service", &["--service", "svc", "--image", "app=nginx:2", "--scenario", "ok", "--json"], 0),
    ("deploy_service", &["--service", "svc", "--image", "app=nginx:1", "--scenario", "ok"], 0),
    (
        "deploy_service",
        &[
            "--service",
            "a",
            "--service",
            "b",
            "--max-parallel",
            "1",
            "--image",
            "app=nginx:2",
            "--scenario",
            "ok",
            "--json",
        ],
        0,
    ),
    ("deploy_service", &["--service", "svc", "--image", "app=nginx:2", "--scenario", "rollback", "--json"], 1),
    (
        "deploy_service",
        &["--service", "svc", "--image", "app=nginx:2", "--scenario", "failed", "--rollback-on-failure"],
        1,
    ),
    ("deploy_service", &["--service", "svc", "--image", "app=nginx:2", "--scenario", "stuck", "--timeout", "2s"], 1),
    ("deploy_service", &["--service", "svc", "--image", "wrong=nginx:2", "--scenario", "ok"], 2),
    ("iam_policy", &["examples/shop/pipeline.json", "--buildspec", "examples/shop/buildspec.yml"], 0),
    ("diff_taskdef", &["examples/shop/taskdef.json", "examples/shop/taskdef.json", "--json"], 0),
    ("diff_taskdef", &["examples/shop/taskdef.json", "examples/shop/nothing.json"], 2),
    ("job_worker", &["--demo", "--json", "--", "sh", "-c", "wc -w < \"$CONFIG_FILE\""], 0),
    ("job_worker", &["--demo", "--", "false"], 1),
    ("job_worker", &["--", "true"], 2),
    ("lambda_hook", &["--json"], 0),
    ("lambda_hook", &["--", "false"], 1),
    ("build_image", &["target/examples/image", "--add", "examples/shop=/srv", "--cmd", "/srv/serve", "--json"], 0),
    ("build_image", &["target/examples/image", "--add", "no-such=/srv"], 1),
    ("copy_image", &["127.0.0.1:9/app:1.0", "layout:target/examples/none"], 1),
    (
        "ensure_repository",
        &["shop/web", "--immutable", "--except", "latest*", "--scan-on-push", "--apply", "--json"],
        0,
    ),
    ("ensure_repository", &["shop/web", "--policy", "no-such.json"], 2),
    ("ensure_repository", &["shop/web", "--policy", "examples/shop/appspec.yml"], 2),
    ("lint", &["examples/shop"], 0),
    ("lint", &["--format", "json", "--image", "aws/codebuild/standard:7.0", "examples/shop"], 0),
    ("lint", &["--image", "nobody/knows:1", "examples/shop"], 2),
    ("lint", &["--format", "sarif", "examples/template"], 0),
    ("local_deploy", &["--root", "target/local-deploy", "examples/host"], 0),
    ("local_deploy", &["--root", "target/local-deploy", "--json", "--dry-run", "examples/host"], 0),
    ("local_deploy", &["--root", "target/local-deploy", "--json", "examples/host"], 0),
    ("local_deploy", &["--root", "target/local-deploy", "--app-spec", "appspec-broken.yml", "examples/host"], 1),
    ("local_deploy", &["--root", "target/local-deploy", "--json", "--rollback"], 0),
    ("deliver", &["--yes"], 0),
    // Without a terminal `approvals.toml` answers.
    ("deliver", &["--json"], 0),
    ("deliver", &["--break", "build"], 1),
    ("deliver", &["--break", "push"], 1),
    ("deliver", &["--break", "approval"], 1),
    ("deliver", &["--break", "deploy"], 1),
    ("deliver", &["--pipeline", "examples/template/image-pipeline.yml", "--draw"], 0),
    ("pipeline_check", &["--json", "examples/shop/pipeline.json"], 0),
    ("pipeline_check", &["examples/shop/taskdef.json"], 1),
    ("pipeline_convert", &["--to", "cloudformation", "--complete", "examples/shop/pipeline.json"], 0),
    ("pipeline_convert", &["--to", "json", "examples/template/image-pipeline.yml"], 0),
    ("pipeline_convert", &["--to", "cloudformation", "--json", "examples/template/image-pipeline.yml"], 0),
    ("pipeline_convert", &["--round-trip", "examples"], 0),
    ("pipeline_convert", &["--to", "json", "examples/shop/taskdef.json"], 2),
    ("pipeline_draw", &["--format", "svg", "examples/shop/pipeline.json"], 0),
    (
        "pipeline_remote",
        &["--memory", "examples/shop/pipeline.json", "plan", "examples/shop/pipeline.json", "--json"],
        0,
    ),
    (
        "pipeline_remote",
        &["--memory", "examples/shop/pipeline.json", "start", "shop", "--watch", "--leave-approvals"],
        1,
    ),
    ("pipeline_remote", &["--memory", "examples/shop/pipeline.json", "doctor", "shop", "--json"], 0),
    ("pipeline_remote", &["start", "shop"], 2),
    // Pushes that succeed need a registry: `cargo xtask peers ecr --small`.
    ("push_image", &["no-such.tar", "127.0.0.1:9/app:1.0", "--json"], 2),
    ("push_image", &["examples/shop", "127.0.0.1:9/app:1.0"], 2),
    ("pipeline_test", &[], 0),
    ("run_pipeline", &["examples/shop/pipeline.json", "--mocks", "examples/shop/mocks.toml", "--json"], 0),
    ("run_pipeline", &["examples/shop/pipeline.json", "--stage", "Build"], 0),
    ("run_pipeline", &["examples/shop/pipeline.json", "--stage", "Nothing"], 2),
    ("run_pipeline", &["examples/shop/pipeline.json", "--var", "Nothing=x", "--yes"], 2),
    ("run_buildspec", &["--json", "examples/shop"], 0),
    ("run_buildspec", &["--dry-run", "--phase", "build", "examples/shop"], 0),
    ("run_buildspec", &["--batch", "examples/shop"], 2),
    ("scan_gate", &["shop:1.0", "--json"], 0),
    ("scan_gate", &["shop:1.0", "--scenario", "findings", "--json"], 1),
    ("scan_gate", &["shop:1.0", "--scenario", "findings", "--most", "critical=1"], 0),
    ("scan_gate", &["shop:1.0", "--scenario", "unsupported"], 2),
    ("scan_gate", &["shop:1.0", "--scenario", "slow"], 2),
    ("serve", &["--seconds", "0", "--json"], 0),
    ("serve", &["--seconds", "0", "--out", "target/examples/served"], 0),
    // What the last one has left.
    ("serve", &["--seconds", "0", "--out", "target/examples/served"], 0),
    ("serve", &["examples/shop/taskdef.json"], 1),
    ("serve", &["--mocks", "no-such.toml"], 2),
    ("trigger_explain", &["examples/shop/pipeline.json", "--push", "main", "--json"], 0),
    ("trigger_explain", &["examples/shop/pipeline.json", "--tag", "v1"], 1),
    ("traffic_plan", &["CodeDeployDefault.ECSLinear10PercentEvery1Minutes", "--json"], 0),
    ("traffic_plan", &["--canary", "25:10", "--fail", "AfterAllowTraffic", "--roll-back"], 1),
    ("traffic_plan", &["CodeDeployDefault.NoSuchConfig"], 2),
    // A template alone can be checked and drawn, not run.
    ("deliver", &["--pipeline", "examples/template/image-pipeline.yml"], 2),
    ("memory_ecs", &["--seconds", "0"], 0),
    // The secret comes from the environment, where there is none.
    ("webhook_server", &["examples/shop/pipeline.json", "--action", "Source", "--seconds", "0"], 2),
    ("prune_revisions", &["--family", "web", "--keep", "2", "--scenario", "ok", "--apply", "--json"], 0),
    ("prune_revisions", &["--family", "web", "--scenario", "better"], 2),
    ("render_taskdef", &["examples/shop/taskdef.json", "--image", "web=shop:v2", "--env", "web:GREETING=a=b"], 0),
    ("render_taskdef", &["examples/shop/taskdef.json", "--image", "wed=shop:v2"], 2),
    ("render_taskdef", &["examples/shop", "--round-trip"], 0),
    ("run_task", &["--task-definition", "web", "--scenario", "ok", "--json"], 0),
    ("run_task", &["--task-definition", "web", "--scenario", "failed"], 1),
    ("run_task", &["--task-definition", "web", "--scenario", "stuck", "--timeout", "2s"], 1),
];

pub(crate) fn run(workspace: &Workspace, _: &Arguments) -> anyhow::Result<()> {
    check(workspace)
}

/// Runs all of them; the output of one that ends otherwise is printed.
pub(crate) fn check(workspace: &Workspace) -> anyhow::Result<()> {
    for name in declared(&workspace.read("examples/Cargo.toml")?) {
        anyhow::ensure!(
            RUNS.iter().any(|(run, ..)| *run == name),
            "the example `{name}` is never run: add it to RUNS in xtask/src/examples.rs"
        );
    }
    for (example, arguments, expected) in RUNS {
        let mut command = workspace.cargo(["run", "--quiet", "--package", "examples", "--example", example, "--"]);
        command.args(*arguments).stdin(Stdio::null());
        let started = Instant::now();
        let output = command.output().with_context(|| format!("cannot run `{}`", show(&command)))?;
        let code = output.status.code();
        if code != Some(*expected) {
            eprint!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
            let code = code.map_or_else(|| "no code".to_owned(), |code| code.to_string());
            anyhow::bail!("`{}` ended with {code}, expected {expected}", show(&command));
        }
        println!("     {example} {} -> {expected} ({:.1} s)", arguments.join(" "), started.elapsed().as_secs_f64());
    }
    Ok(())
}

/// The examples that the manifest declares.
fn declared(manifest: &str) -> Vec<&str> {
    let mut names = Vec::new();
    let mut in_example = false;
    for line in manifest.lines().map(str::trim) {
        if line.starts_with('[') {
            in_example = line == "[[example]]";
        } else if in_example
            && let Some((key, value)) = line.split_once('=')
            && key.trim() == "name"
        {
            names.push(value.trim().trim_matches('"'));
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_declared_examples() {
        let manifest = "[package]\nname = \"examples\"\n\n[[example]]\nname = \"deliver\"\npath = \"deliver.rs\"\n\n[[example]]\nname = \"lint\"\n\n[lints]\nname = \"x\"\n";
        assert_eq!(declared(manifest), ["deliver", "lint"]);
    }
}
