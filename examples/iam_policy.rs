//! Writes the policies that the roles of a pipeline need, or says what a policy lacks.
//!
//!     cargo run -p examples --example iam_policy -- examples/shop/pipeline.json
//!     cargo run -p examples --example iam_policy -- pipeline.json --buildspec buildspec.yml --role build --check policy.json
//!
//! Without `--check` it writes one JSON object, from each role's ARN to its policy; the role of the build project stands
//! there as `build`. With `--check` it writes what the policy lacks, one line each, or with `--json` one object a line,
//! `{"permission","resource","because","lack":"action|resource|denied"}`.
//!
//! Exit code: 0 when nothing lacks, 1 when something does, 2 when a file could not be read.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program prints")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, ensure};
use aws_call::{AccountId, Arn, Region};
use clap::Parser;
use pipeline_model::iam::{Home, Lack, Need, Policy, build_needs, pipeline_needs};
use pipeline_model::{Pipeline, model::Category};
use pipeline_runner::preflight;
use spec_report::render;

/// Writes the policies that the roles of a pipeline need, or says what a policy lacks.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// Pipeline declaration or CloudFormation template
    file: PathBuf,
    /// The buildspec of the pipeline's build: adds the needs of the build project's role
    #[arg(long)]
    buildspec: Option<PathBuf>,
    /// The policy of a role, as JSON, to compare with what the role needs
    #[arg(long, value_name = "POLICY")]
    check: Option<PathBuf>,
    /// Whose policy it is: a role's ARN, or `build`; the pipeline's own role when absent
    #[arg(long, requires = "check")]
    role: Option<String>,
    /// Where the pipeline lives
    #[arg(long, default_value = "us-east-1")]
    region: Region,
    /// Write JSON
    #[arg(long)]
    json: bool,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(2)
        }
    }
}

fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let name = arguments.file.display().to_string();
    let reading = preflight::read_pipeline(&name, &read(&arguments.file)?);
    let Some(pipeline) = reading.pipeline() else {
        eprint!("{}", render::text(&reading.report));
        return Ok(ExitCode::from(2));
    };
    let account = Arn::parse(&pipeline.role_arn).ok().and_then(|arn| arn.account());
    let account = account.map_or_else(|| AccountId::parse("123456789012"), Ok)?;
    let home = Home::new(arguments.region.clone(), account);
    let mut needs = pipeline_needs(pipeline, &home);
    if let Some(file) = &arguments.buildspec {
        needs.insert("build".to_owned(), needs_of_build(pipeline, file, &home)?);
    }
    let Some(file) = &arguments.check else {
        let policies: BTreeMap<&String, Policy> =
            needs.iter().map(|(role, needs)| (role, Policy::granting(needs))).collect();
        println!("{}", serde_json::to_string_pretty(&policies)?);
        return Ok(ExitCode::SUCCESS);
    };
    let policy: Policy =
        serde_json::from_slice(&read(file)?).with_context(|| format!("{} is not an IAM policy", file.display()))?;
    let role = arguments.role.as_ref().unwrap_or(&pipeline.role_arn);
    let roles = || needs.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
    let needs = needs.get(role).with_context(|| format!("{name} names no role {role}; it has {}", roles()))?;
    let lacks = policy.lacks(needs);
    for lack in &lacks {
        print_lack(lack, arguments.json);
    }
    Ok(if lacks.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn needs_of_build(pipeline: &Pipeline, file: &Path, home: &Home) -> anyhow::Result<Vec<Need>> {
    let reading = buildspec::read_bytes(&file.display().to_string(), &read(file)?);
    ensure!(!reading.report.has_errors(), "{}", render::text(&reading.report));
    let build = pipeline.actions().find(|(_, action)| action.action_type_id.category == Category::Build);
    let project = build.and_then(|(_, action)| action.config("ProjectName")).unwrap_or("*");
    let phases =
        reading.value.iter().filter_map(|buildspec| buildspec.phases.as_ref()).flat_map(|phases| phases.iter());
    let commands = phases.flat_map(|(_, phase)| phase.commands.iter().chain(&phase.finally));
    Ok(build_needs(project, commands.map(|command| command.value.as_str()), home))
}

fn print_lack(lack: &Lack, json: bool) {
    if !json {
        println!("{lack}");
        return;
    }
    let word = match lack {
        Lack::Action(_) => "action",
        Lack::Resource(_) => "resource",
        _ => "denied",
    };
    let Need { permission, resource, because, .. } = lack.need();
    println!(
        "{}",
        serde_json::json!({ "permission": permission, "resource": resource, "because": because, "lack": word })
    );
}

fn read(file: &Path) -> anyhow::Result<Vec<u8>> {
    std::fs::read(file).with_context(|| format!("{} cannot be read", file.display()))
}
