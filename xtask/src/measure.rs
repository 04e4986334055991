//! `cargo xtask measure <what>`: the most memory and the time that a program takes for a job of a known size.
//!
//! A job is an example in release mode with its arguments; the peak is what the system says (`VmHWM`), read while the
//! program runs. To measure something else, add a line to [`JOBS`].

use std::{fs, path::Path, process::Command, time::Duration};

use anyhow::{Context as _, ensure};

use crate::{Arguments, hostile_builds, watch, workspace::Workspace};

/// Something to measure.
struct Job {
    name: &'static str,
    example: &'static str,
    /// Makes what the program works on, in an empty directory, and says with which arguments it is called.
    prepare: fn(&Path) -> anyhow::Result<Vec<String>>,
    /// How the program ends.
    code: i32,
    most_mebibytes: f64,
    most_seconds: f64,
}

/// Sorted by name.
const JOBS: &[Job] = &[
    Job {
        name: "appspec",
        example: "local_deploy",
        prepare: five_thousand_files,
        code: 0,
        most_mebibytes: 40.0,
        most_seconds: 1.0,
    },
    hostile("template-circle", circle, 1),
    hostile("template-size", fifty_megabytes, 1),
    hostile("template-worlds", worlds, 0),
];

/// A template made to be too much for a checker.
const fn hostile(name: &'static str, prepare: fn(&Path) -> anyhow::Result<Vec<String>>, code: i32) -> Job {
    Job { name, example: "pipeline_check", prepare, code, most_mebibytes: 200.0, most_seconds: 1.0 }
}

/// Time is the best of so many runs: other programs can only make it longer.
const RUNS: usize = 5;

pub(crate) fn run(workspace: &Workspace, arguments: &Arguments) -> anyhow::Result<()> {
    let [name] = arguments.values()?;
    // Whether it ends well is worth more than how fast.
    if name == "buildspec" {
        return hostile_builds::check(workspace);
    }
    let known = || JOBS.iter().map(|job| job.name).chain(["buildspec"]).collect::<Vec<_>>().join(", ");
    let job = JOBS.iter().find(|job| job.name == name).with_context(|| format!("there is only {}", known()))?;
    let program = workspace.build_example(job.example, true)?;
    let (mut peak, mut best) = (0_u64, Duration::MAX);
    let whole = workspace.path("target/measure").join(job.name);
    if whole.exists() {
        fs::remove_dir_all(&whole)?;
    }
    for run in 0..RUNS {
        // Each run beside the last one: ext4 looks long for inodes that were not freed just now.
        let directory = whole.join(run.to_string());
        fs::create_dir_all(&directory)?;
        let arguments = (job.prepare)(&directory)?;
        let spent = watch::run_to(Command::new(&program).args(arguments), job.code)?;
        (peak, best) = (peak.max(spent.peak), best.min(spent.wall));
    }
    let (mebibytes, seconds) = (peak as f64 / 1024.0, best.as_secs_f64());
    println!("{}: {mebibytes:.1} MiB of {}, {seconds:.3} s of {}", job.name, job.most_mebibytes, job.most_seconds);
    ensure!(mebibytes <= job.most_mebibytes, "{} takes more memory than it may", job.name);
    ensure!(seconds <= job.most_seconds, "{} takes longer than it may", job.name);
    Ok(())
}

/// A bundle of 5,000 files of 1 KB and one permission for all of them.
fn five_thousand_files(directory: &Path) -> anyhow::Result<Vec<String>> {
    let bundle = directory.join("bundle");
    for number in 0..5000 {
        let below = bundle.join(format!("app/{:02}", number / 100));
        if number % 100 == 0 {
            fs::create_dir_all(&below)?;
        }
        fs::write(below.join(format!("file-{number}.txt")), [b'x'; 1024])?;
    }
    let text = "version: 0.0\nos: linux\nfiles:\n  - source: app\n    destination: /srv/shop\npermissions:\n  - object: /srv/shop\n    owner: root\n    mode: 644\n    type: [file]\n";
    fs::write(bundle.join("appspec.yml"), text)?;
    let root = directory.join("root");
    Ok(["--json", "--root", &root.to_string_lossy(), &bundle.to_string_lossy()].map(str::to_owned).to_vec())
}

/// What every template needs to be looked at.
const PIPELINE: &str = "  Pipeline:\n    Type: AWS::CodePipeline::Pipeline\n    Properties:\n      RoleArn: arn:aws:iam::123456789012:role/pipeline\n      ArtifactStore: {Type: S3, Location: shop}\n      Stages:\n        - Name: Source\n          Actions:\n            - Name: Source\n              ActionTypeId: {Category: Source, Owner: AWS, Provider: S3, Version: 1}\n              OutputArtifacts: [{Name: Code}]\n              Configuration: {S3Bucket: b, S3ObjectKey: k, PollForSourceChanges: false}\n        - Name: Build\n          Actions:\n            - Name: Build\n              ActionTypeId: {Category: Build, Owner: AWS, Provider: CodeBuild, Version: 1}\n              InputArtifacts: [{Name: Code}]\n              Configuration: {ProjectName: shop}\n";

fn template(directory: &Path, text: &str) -> anyhow::Result<Vec<String>> {
    let path = directory.join("template.yml");
    fs::write(&path, text)?;
    Ok(vec!["--json".to_owned(), path.to_string_lossy().into_owned()])
}

/// As many resources as fit, each referring to the next one, and the last to the first; the same with conditions.
fn circle(directory: &Path) -> anyhow::Result<Vec<String>> {
    const MEMBERS: usize = 20_000;
    let (mut conditions, mut resources) = (String::from("Conditions:\n"), format!("Resources:\n{PIPELINE}"));
    for at in 0..MEMBERS {
        let next = (at + 1) % MEMBERS;
        conditions += &format!("  C{at}: !Not [!Condition C{next}]\n");
        resources +=
            &format!("  R{at}: {{Type: 'AWS::SNS::Topic', Properties: {{TopicName: !If [C{at}, !Ref R{next}, x]}}}}\n");
    }
    template(directory, &(conditions + &resources))
}

fn fifty_megabytes(directory: &Path) -> anyhow::Result<Vec<String>> {
    let resource = |at: usize| {
        format!("  R{at}: {{Type: 'AWS::SNS::Topic', Properties: {{TopicName: !Sub '${{AWS::StackName}}-{at}'}}}}\n")
    };
    let mut text = format!("Resources:\n{PIPELINE}");
    for at in 0.. {
        text += &resource(at);
        if text.len() > 50 << 20 {
            break;
        }
    }
    template(directory, &text)
}

/// Thirty open conditions, each of which gives or takes an action.
fn worlds(directory: &Path) -> anyhow::Result<Vec<String>> {
    let (mut parameters, mut conditions) = (String::from("Parameters:\n"), String::from("Conditions:\n"));
    let mut resources = format!("Resources:\n{PIPELINE}");
    for at in 0..30 {
        parameters += &format!("  P{at}: {{Type: String}}\n");
        conditions += &format!("  C{at}: !Equals [!Ref P{at}, x]\n");
        resources += &format!(
            "            - Fn::If:\n                - C{at}\n                - Name: A{at}\n                  ActionTypeId: {{Category: Build, Owner: AWS, Provider: CodeBuild, Version: 1}}\n                  InputArtifacts: [{{Name: Code}}]\n                  Configuration: {{ProjectName: shop}}\n                - !Ref AWS::NoValue\n"
        );
    }
    template(directory, &(parameters + &conditions + &resources))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jobs_are_sorted() {
        assert!(JOBS.is_sorted_by_key(|job| job.name));
    }
}
