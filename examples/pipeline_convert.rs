//! Converts a pipeline between the JSON of the API and CloudFormation, on standard output.
//!
//!     cargo run -p examples --example pipeline_convert -- --to cloudformation examples/shop/pipeline.json
//!     cargo run -p examples --example pipeline_convert -- --to cloudformation --complete pipeline.json > template.yml
//!     cargo run -p examples --example pipeline_convert -- --to json examples/template/image-pipeline.yml
//!     cargo run -p examples --example pipeline_convert -- --round-trip DIRECTORY
//!
//! A declaration becomes a template of the pipeline alone, or with `--complete` of what it needs around it: roles, bucket,
//! build projects, repositories, event rules, a webhook. A template that stays one keeps its functions. Of a template,
//! the JSON of the API has what is known; `${LogicalId}` stands for the rest, and each such place is told on standard
//! error. Secret values are `****` in JSON, and parameters without echo in a new template.
//!
//! Exit code: 0, or 1 when the pipeline has errors (they are on standard error), 2 when nothing could be converted.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program prints")]

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, bail, ensure};
use clap::{Parser, ValueEnum};
use examples::pipeline_round_trip;
use pipeline_model::format::cloudformation::{rewrite, to_json_text, to_yaml};
use pipeline_model::format::json::{Secrets, to_text};
use pipeline_model::template::generate::{BuildProject, Plan, pipeline_only, template};
use pipeline_model::{Declaration, ReadOptions, Reading, Values, check, read_bytes};
use spec_report::{Levels, render};

/// Converts a pipeline between the JSON of the API and CloudFormation.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// Pipeline declaration or CloudFormation template. With --round-trip, a directory
    file: PathBuf,
    /// What to write
    #[arg(long, required_unless_present = "round_trip")]
    to: Option<To>,
    /// Write a template as JSON
    #[arg(long)]
    json: bool,
    /// Write what a pipeline needs around it, too
    #[arg(long)]
    complete: bool,
    /// With --complete: the buildspec that build projects have
    #[arg(long, value_name = "FILE", requires = "complete")]
    buildspec: Option<PathBuf>,
    /// With --complete: a repository of ECR that builds push to
    #[arg(long, value_name = "NAME", requires = "complete")]
    repository: Vec<String>,
    /// Value of a parameter of the template
    #[arg(long, value_name = "NAME=VALUE")]
    parameter: Vec<String>,
    /// Which pipeline of a template with several
    #[arg(long, value_name = "LOGICAL_ID")]
    pipeline: Option<String>,
    /// Read, write and read again every pipeline of a directory, and tell which are not the same
    #[arg(long)]
    round_trip: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum To {
    /// The declaration, as the API takes it
    Json,
    /// A template
    Cloudformation,
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
    if arguments.round_trip {
        return pipeline_round_trip(&arguments.file);
    }
    let mut values = Values::default();
    for parameter in &arguments.parameter {
        let (name, value) = parameter.split_once('=').with_context(|| format!("`{parameter}` has no `=`"))?;
        values = values.with_parameter(name, value);
    }
    let options = ReadOptions::default().with_values(values);
    let bytes = std::fs::read(&arguments.file).with_context(|| arguments.file.display().to_string())?;
    let reading = read_bytes(&arguments.file.display().to_string(), &bytes, &options);
    if reading.declarations.is_empty() || !reading.document.is_complete() {
        eprint!("{}", render::text(&reading.report));
        bail!("{} holds no whole pipeline", arguments.file.display());
    }
    let value = match arguments.to {
        Some(To::Cloudformation) => match rewrite(&reading, &options, Secrets::Hide) {
            Some(value) => value,
            None if arguments.complete => template(&one(&reading, arguments)?.pipeline, &plan(&reading, arguments)?),
            None => pipeline_only(&one(&reading, arguments)?.pipeline),
        },
        _ => {
            let declaration = one(&reading, arguments)?;
            for unresolved in &declaration.unresolved {
                let at = declaration.source.position(unresolved.span.start);
                let name = declaration.source.name();
                eprintln!("{name}:{}:{}: {}: {}", at.line, at.column, unresolved.expression, unresolved.reason);
            }
            print!("{}", to_text(&declaration.pipeline, Secrets::Hide));
            return Ok(code(&reading));
        }
    };
    print!("{}", if arguments.json { to_json_text(&value) } else { to_yaml(&value) });
    Ok(code(&reading))
}

/// The pipeline that is meant.
fn one<'r>(reading: &'r Reading, arguments: &Arguments) -> anyhow::Result<&'r Declaration> {
    let ids =
        || reading.declarations.iter().filter_map(|found| found.logical_id.as_deref()).collect::<Vec<_>>().join(", ");
    match &arguments.pipeline {
        Some(id) => {
            let found = reading.declarations.iter().find(|found| found.logical_id.as_ref() == Some(id));
            found.with_context(|| format!("there is no pipeline `{id}`; there are: {}", ids()))
        }
        None => {
            ensure!(
                reading.declarations.len() == 1,
                "the template has several pipelines, choose one with --pipeline: {}",
                ids()
            );
            Ok(&reading.declarations[0])
        }
    }
}

/// Every build project gets the same buildspec and repositories.
fn plan(reading: &Reading, arguments: &Arguments) -> anyhow::Result<Plan> {
    let mut project = BuildProject::default();
    for repository in &arguments.repository {
        project = project.with_repository(repository);
    }
    if let Some(file) = &arguments.buildspec {
        let bytes = std::fs::read(file).with_context(|| file.display().to_string())?;
        let spec = buildspec::read_bytes(&file.display().to_string(), &bytes);
        ensure!(!spec.report.has_errors(), "{}", render::text(&spec.report));
        let phases = spec.value.iter().filter_map(|spec| spec.phases.as_ref()).flat_map(|phases| phases.iter());
        let commands = phases.flat_map(|(_, phase)| phase.commands.iter().chain(&phase.finally));
        project = project.with_commands(commands.map(|command| command.value.clone()));
        project = project.with_buildspec(String::from_utf8_lossy(&bytes));
    }
    let actions = one(reading, arguments)?.pipeline.actions();
    let names = actions.filter_map(|(_, action)| action.config("ProjectName"));
    Ok(names.fold(Plan::default(), |plan, name| plan.with_project(name, project.clone())))
}

/// Errors do not keep anybody from converting, but they are told.
fn code(reading: &Reading) -> ExitCode {
    let report = check(reading, &Levels::default());
    if report.has_errors() {
        eprint!("{}", render::text(&report));
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}
