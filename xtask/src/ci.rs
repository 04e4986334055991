//! `cargo xtask ci`: everything a change must pass, in the order in which mistakes are cheapest to hear of.
//!
//! Compiling the AWS SDK takes minutes, and cargo compiles it anew for every other set of features. The steps that need
//! it therefore select packages such that all of them share two builds of it: one to check, one to test. `sdk-tests`
//! is in each selection for that reason; its manifest says more.

use std::{
    process::{Command, Stdio},
    time::Instant,
};

use anyhow::Context as _;

use crate::{
    Arguments, acceptance, codegen, crash, crash_pipeline, deps, examples, hostile_builds,
    metadata::{self, Package},
    peers, scaffold,
    selection::{Selection, libraries},
    tidy,
    workspace::{Workspace, show},
};

/// The features that every service crate names alike and that must compile without one another.
const ALONE: &[&str] = &["local", "memory", "serve"];

/// The tests against foreign programs, and those that kill processes: name of the target, and what it is told. They run when
/// they are named, so that `--all-features` alone does not need the programs; with the rest of the features, because every
/// other choice would compile everything below them anew.
const NAMED: &[(&str, &[&str])] =
    &[("chaos", &["--", "100"]), ("chromium", &[]), ("docker_registry", &[]), ("moto", &[]), ("podman", &[])];

fn named(target: &str) -> [&str; 4] {
    ["--workspace", "--all-features", "--test", target]
}

/// One thing to do.
struct Step {
    name: String,
    work: Work,
}

enum Work {
    /// Quiet unless it fails.
    Run(Command),
    /// Prints as it goes.
    Show(Command),
    /// A command of this program.
    Own(&'static str, fn(&Workspace) -> anyhow::Result<()>),
}

pub(crate) fn run(workspace: &Workspace, arguments: &Arguments) -> anyhow::Result<()> {
    let members = metadata::members(workspace)?;
    let started = Instant::now();
    for step in steps(workspace, &members, arguments.has("quick")) {
        let begun = Instant::now();
        let (result, again) = perform(workspace, step.work);
        let seconds = begun.elapsed().as_secs_f64();
        if let Err(error) = result {
            println!("FAIL {:<44} {seconds:>7.1} s", step.name);
            return Err(error.context(format!("`{}` failed; to run it again:\n    {again}", step.name)));
        }
        println!("ok   {:<44} {seconds:>7.1} s", step.name);
    }
    println!("all passed in {:.0} s", started.elapsed().as_secs_f64());
    Ok(())
}

/// Does the work; also what to type to do it again.
fn perform(workspace: &Workspace, work: Work) -> (anyhow::Result<()>, String) {
    match work {
        Work::Own(name, function) => (function(workspace), format!("cargo xtask {name}")),
        Work::Run(mut command) => {
            let again = show(&command);
            (quietly(&mut command), again)
        }
        Work::Show(mut command) => {
            let again = show(&command);
            let result = command.stdin(Stdio::null()).status().context("cannot run it").and_then(|status| {
                anyhow::ensure!(status.success(), "{status}");
                Ok(())
            });
            (result, again)
        }
    }
}

fn quietly(command: &mut Command) -> anyhow::Result<()> {
    let output = command.stdin(Stdio::null()).output().context("cannot run it")?;
    if !output.status.success() {
        eprint!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        anyhow::bail!("{}", output.status);
    }
    Ok(())
}

fn steps(workspace: &Workspace, members: &[Package], quick: bool) -> Vec<Step> {
    let mut steps = vec![
        step("fmt", Work::Run(workspace.cargo(["fmt", "--all", "--check"]))),
        step("tidy", Work::Own("tidy", tidy::check)),
        step("deps", Work::Own("deps", deps::check)),
        step("codegen", Work::Own("codegen --check", |workspace| codegen::generate(workspace, true))),
    ];
    steps.extend(clippy(workspace, members, quick));
    steps.extend(tests(workspace, members, quick));
    steps.push(step("doc", Work::Run(doc(workspace, members, quick))));
    steps.push(step("examples", Work::Own("examples", examples::check)));
    steps.push(match quick {
        true => step("crash", Work::Own("crash appspec", |workspace| crash::check(workspace, crash::QUICK_ROUNDS))),
        false => step("crash", Work::Own("crash appspec", |workspace| crash::check(workspace, crash::ROUNDS))),
    });
    steps.push(match quick {
        true => step(
            "crash pipeline",
            Work::Own("crash pipeline", |workspace| crash_pipeline::check(workspace, crash_pipeline::QUICK_ROUNDS)),
        ),
        false => step(
            "crash pipeline",
            Work::Own("crash pipeline", |workspace| crash_pipeline::check(workspace, crash_pipeline::ROUNDS)),
        ),
    });
    steps.push(step("scaffold", Work::Own("scaffold", scaffold::check)));
    if !quick {
        steps.push(step("hostile builds", Work::Own("measure buildspec", hostile_builds::check)));
        steps.push(step("acceptance", Work::Own("acceptance all", acceptance::check)));
    }
    steps
}

fn step(name: impl Into<String>, work: Work) -> Step {
    Step { name: name.into(), work }
}

fn clippy(workspace: &Workspace, members: &[Package], quick: bool) -> Vec<Step> {
    let clippy = |arguments: &[&str]| {
        Work::Run(workspace.cargo(["clippy"].iter().chain(arguments).chain(&["--", "-Dwarnings"])))
    };
    let mut steps = Vec::new();
    // Each by itself: what another package of the selection turns on would hide what is missing.
    for library in libraries(members) {
        steps.push(step(format!("clippy {}", library.name), clippy(&["--lib", "--package", &library.name])));
    }
    for feature in ALONE {
        let selection = Selection::with_feature(members, feature);
        if !selection.packages.is_empty() {
            steps.push(step(format!("clippy, feature {feature}"), clippy(&selection.arguments(&["--lib"]))));
        }
    }
    if quick {
        let selection = Selection::without_sdk(members);
        steps.push(step("clippy, all features but the SDK", clippy(&selection.arguments(&["--all-targets"]))));
    } else {
        let selection = Selection::with_sdk(members);
        steps.push(step("clippy, feature sdk", clippy(&selection.arguments(&["--lib"]))));
        steps.push(step("clippy, all features", clippy(&["--workspace", "--all-features", "--all-targets"])));
        // `--all-targets` means those that run when nobody names one.
        for (target, _) in NAMED {
            steps.push(step(format!("clippy, {target}"), clippy(&named(target))));
        }
        for (package, features) in acceptance::SUITES {
            let selected = ["--package", package, "--features", features, "--test", "acceptance"];
            steps.push(step(format!("clippy, acceptance of {package}"), clippy(&selected)));
        }
    }
    steps
}

fn tests(workspace: &Workspace, members: &[Package], quick: bool) -> Vec<Step> {
    let mut steps = vec![step("test, default members", Work::Show(workspace.cargo(["test"])))];
    let all = if quick {
        workspace.cargo(["test"].iter().chain(&Selection::without_sdk(members).arguments(&[])))
    } else {
        workspace.cargo(["test", "--workspace", "--all-features"])
    };
    steps.push(step(if quick { "test, all features but the SDK" } else { "test, all features" }, Work::Show(all)));
    if !quick {
        for (target, told) in NAMED {
            let test = workspace.cargo(["test"].iter().chain(&named(target)).chain(*told));
            steps.push(step(*target, Work::Show(test)));
        }
        steps.push(step("peers ecr", Work::Own("peers ecr --small", |workspace| peers::ecr::check(workspace, true))));
        steps.push(step("peers ecs", Work::Own("peers ecs", peers::ecs::check)));
    }
    steps
}

fn doc(workspace: &Workspace, members: &[Package], quick: bool) -> Command {
    let form = ["doc", "--no-deps", "--document-private-items"];
    let mut doc = if quick {
        workspace.cargo(form.iter().chain(&Selection::without_sdk(members).arguments(&[])))
    } else {
        workspace.cargo(form.iter().chain(&["--workspace", "--all-features"]))
    };
    doc.env("RUSTDOCFLAGS", "-Dwarnings");
    doc
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::selection::tests::members;

    #[test]
    fn quick_is_a_part_without_the_sdk() {
        let (workspace, members) = (Workspace { root: "/nowhere".into() }, members());
        let shown = |quick| {
            let lines = steps(&workspace, &members, quick).into_iter().map(|step| match step.work {
                Work::Run(command) | Work::Show(command) => show(&command),
                Work::Own(name, _) => name.to_owned(),
            });
            lines.collect::<Vec<_>>().join("\n")
        };
        assert!(!shown(true).contains("sdk") && !shown(true).contains("--workspace") && !shown(true).contains("moto"));
        assert!(shown(false).lines().any(|line| line == "acceptance all") && !shown(true).contains("acceptance"));
        for words in [
            "buildspec/sdk",
            "test --workspace --all-features",
            "test --workspace --all-features --test chromium",
            "test --workspace --all-features --test moto",
            "test --workspace --all-features --test docker_registry",
            "test --workspace --all-features --test chaos -- 100",
            "clippy --workspace --all-features --test moto",
            "RUSTDOCFLAGS=-Dwarnings cargo doc",
            "fmt --all --check",
            "clippy --package buildspec --features local --test acceptance",
        ] {
            assert!(shown(false).contains(words), "{words}");
        }
        // A warning that passes here is one that everybody gets used to.
        assert!(
            shown(false).lines().filter(|line| line.contains("clippy")).all(|line| line.ends_with("-- -Dwarnings"))
        );
    }
}
