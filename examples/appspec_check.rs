//! Which of CodeDeploy's agents and deployment types take an AppSpec, and what each says to it.
//!
//!     cargo run -p examples --example appspec_check -- examples/shop/appspec.yml
//!     cargo run -p examples --example appspec_check -- --profile agent-v2 --json appspec.yml
//!
//! With `--json` one object a file, `{"file","ok","error","findings"}`, in the order of the files; `error` is the first
//! complaint of the profile.
//!
//! Exit code: 0 when every file is accepted, 1 when one is not, 2 when one could not be read.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program prints")]

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use appspec::compat::{Profile, compat, matrix};
use appspec::{AppSpec, Subject};
use clap::Parser;
use serde_json::{Value, json};
use spec_report::{Levels, Parsed};

/// Tells which readers of AppSpecs accept a file.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// AppSpec files
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// Ask one reader only: agent-v1-psych4, agent-v1-psych3, agent-v2, ecs or lambda
    #[arg(long)]
    profile: Option<Profile>,
    /// Print one JSON object a file; the profile is then agent-v1-psych4 unless one is named
    #[arg(long)]
    json: bool,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(2)
        }
    }
}

fn run(arguments: &Arguments) -> anyhow::Result<bool> {
    let mut all_accepted = true;
    for file in &arguments.files {
        let bytes = std::fs::read(file).with_context(|| file.display().to_string())?;
        let name = file.display().to_string();
        let parsed = appspec::read_bytes(&name, &bytes);
        let source = parsed.document.source().clone();
        all_accepted &= match (arguments.profile, arguments.json) {
            (None, false) => {
                let matrix = matrix(&source);
                print!("{name}\n{matrix}");
                matrix.accepting().next().is_some()
            }
            (profile, json) => one(file, parsed, profile.unwrap_or(Profile::ALL[0]), json),
        };
    }
    Ok(all_accepted)
}

fn one(file: &Path, parsed: Parsed<AppSpec>, profile: Profile, json: bool) -> bool {
    let source = parsed.document.source().clone();
    let verdict = compat(&source, profile);
    let error = verdict.rejection().map(|rejection| rejection.text.as_str());
    if json {
        let report = appspec::check(&Subject::new(parsed), &Levels::default());
        let findings: Vec<Value> = report
            .iter()
            .map(|found| {
                let place = source.position(found.primary.span.start);
                json!({"rule": found.rule.id, "severity": found.severity, "line": place.line, "column": place.column, "message": found.message})
            })
            .collect();
        println!("{}", json!({"file": file, "ok": error.is_none(), "error": error, "findings": findings}));
    } else {
        println!(
            "{}: {profile} {}",
            file.display(),
            error.map_or("accepts".to_owned(), |text| format!("rejects  {text}"))
        );
    }
    error.is_none()
}
