//! Checks pipelines, from declarations or CloudFormation templates, and says what is wrong with file, line and column.
//!
//!     cargo run -p examples --example pipeline_check -- examples/shop/pipeline.json
//!     cargo run -p examples --example pipeline_check -- --json *.yml
//!     cargo run -p examples --example pipeline_check -- --action-types
//!
//! `--json` writes one object a line, `{"file","kind","rule","severity","line","column","message","fix"}`, and nothing
//! else on standard output.
//!
//! Exit code: 0 when there are no errors, 1 when there are, 2 when the check itself could not be done.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program prints")]

use std::io::IsTerminal;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use examples::findings;
use pipeline_model::actions::{Catalogue, page};
use pipeline_runner::preflight::{Checker, Kind};
use spec_report::Levels;
use spec_report::render::{self, Color, TextOptions};

/// Checks pipelines before CodePipeline sees them.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// Pipeline declarations and CloudFormation templates
    #[arg(required_unless_present = "action_types")]
    files: Vec<PathBuf>,
    /// Levels of rules, such as `deny=pipeline-model/polling-source`
    #[arg(long, default_value = "")]
    levels: String,
    /// Write JSON
    #[arg(long)]
    json: bool,
    /// Write what is known of every action type, in Markdown, and check nothing
    #[arg(long)]
    action_types: bool,
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
    if arguments.action_types {
        print!("{}", page(&Catalogue::builtin()));
        return Ok(ExitCode::SUCCESS);
    }
    let checker = Checker::default().with_levels(Levels::parse(&arguments.levels)?);
    let color = if std::io::stdout().is_terminal() { Color::Always } else { Color::Never };
    let mut code = ExitCode::SUCCESS;
    for file in &arguments.files {
        let checked = checker.file_of(Kind::Pipeline, file)?;
        if arguments.json {
            print!("{}", findings::json_lines(&checked));
        } else {
            print!("{}", render::text_with(&checked.report, &TextOptions::default().with_color(color)));
        }
        if checked.report.has_errors() {
            code = ExitCode::FAILURE;
        }
    }
    Ok(code)
}
