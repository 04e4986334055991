//! Compares two task definitions by meaning: what ECS fills in, units and the order of sets make no difference.
//!
//!     cargo run -p examples --example diff_taskdef -- examples/shop/taskdef.json other.yaml
//!     cargo run -p examples --example diff_taskdef -- --json old.json new.json
//!
//! Each file is bare, as `aws ecs describe-task-definition` prints it, or a plain list of containers, in JSON or YAML; `-`
//! is standard input. With `--json` one object, `{"equal", "changes": [{"path", "from", "to"}]}`.
//!
//! Exit code: 0 if they mean the same, 1 if they differ, 2 when they could not be compared.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program prints")]

use std::process::ExitCode;

use clap::Parser;
use ecs_taskdef::diff;
use examples::read_taskdef;
use serde_json::json;

/// Compares two task definitions by meaning.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// The old one; `-` is standard input
    from: String,
    /// The new one
    to: String,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    /// Both files are in CloudFormation's spelling: what stands under `Properties`
    #[arg(long)]
    cloudformation: bool,
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
    let options = examples::read_options(arguments.cloudformation, None);
    let from = read_taskdef(&arguments.from, &options)?;
    let to = read_taskdef(&arguments.to, &options)?;
    let changes = diff::files(&from, &to);
    if arguments.json {
        println!("{}", json!({ "equal": changes.is_empty(), "changes": changes }));
    } else {
        print!("{changes}");
    }
    Ok(changes.is_empty())
}
