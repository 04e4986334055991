//! Draws a pipeline from its declaration or CloudFormation template.
//!
//!     cargo run -p examples --example pipeline_draw -- examples/shop/pipeline.json
//!     cargo run -p examples --example pipeline_draw -- --format svg template.yml > pipeline.svg
//!
//! Exit code: 0 when it was drawn, 1 when the file holds no pipeline, 2 when it could not be read.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program prints")]

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, ValueEnum};
use pipeline_model::draw;
use pipeline_runner::preflight;
use spec_report::render;

/// Draws a pipeline: stages, actions, artifacts.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// Pipeline declaration or CloudFormation template
    file: PathBuf,
    /// In which notation
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    Mermaid,
    Dot,
    Text,
    Svg,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let name = arguments.file.display().to_string();
    let bytes = match std::fs::read(&arguments.file) {
        Ok(bytes) => bytes,
        Err(error) => {
            eprintln!("error: {name}: {error}");
            return ExitCode::from(2);
        }
    };
    let reading = preflight::read_pipeline(&name, &bytes);
    let Some(pipeline) = reading.pipeline() else {
        eprint!("{}", render::text(&reading.report));
        return ExitCode::FAILURE;
    };
    let picture = match arguments.format {
        Format::Mermaid => draw::mermaid(pipeline),
        Format::Dot => draw::dot(pipeline),
        Format::Text => draw::text(pipeline),
        Format::Svg => draw::svg(pipeline),
    };
    print!("{picture}");
    ExitCode::SUCCESS
}
