//! Says whether an event starts a pipeline, and why, as a tree.
//!
//!     cargo run -p examples --example trigger_explain -- examples/shop/pipeline.json --push main --changed src/main.rs
//!     cargo run -p examples --example trigger_explain -- pipeline.json --pull-request OPEN --into main --json
//!
//! `--json` writes one line: `{"holds":bool,"what":TEXT,"because":[…]}`, where each answer in `because` has that shape.
//!
//! Exit code: 0 when the event starts the pipeline, 1 when it does not, 2 when the file could not be read.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program prints")]

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{ArgGroup, Parser};
use pipeline_model::triggers::{Event, explain};
use pipeline_runner::preflight;
use spec_report::render;

/// Says whether an event in the source repository starts a pipeline, and why.
#[derive(Parser)]
#[command(version, group(ArgGroup::new("event").required(true).args(["push", "tag", "pull_request"])))]
struct Arguments {
    /// Pipeline declaration or CloudFormation template
    file: PathBuf,
    /// A push to this branch
    #[arg(long, value_name = "BRANCH")]
    push: Option<String>,
    /// The push made the branch
    #[arg(long, requires = "push")]
    created: bool,
    /// A push of this tag
    #[arg(long, value_name = "TAG")]
    tag: Option<String>,
    /// A pull request: OPEN, UPDATED or CLOSED
    #[arg(long, value_name = "EVENT", requires = "into", value_parser = ["OPEN", "UPDATED", "CLOSED"])]
    pull_request: Option<String>,
    /// The branch that the pull request asks to be merged into
    #[arg(long, value_name = "BRANCH", requires = "pull_request")]
    into: Option<String>,
    /// A file that the commits change; repeat it for more
    #[arg(long, value_name = "PATH", conflicts_with = "tag")]
    changed: Vec<String>,
    /// Write JSON
    #[arg(long)]
    json: bool,
}

impl Arguments {
    fn event(&self) -> Option<Event> {
        let event = match (&self.push, &self.tag, &self.pull_request, &self.into) {
            (Some(branch), ..) => Event::push(branch),
            (_, Some(tag), ..) => Event::tag(tag),
            (_, _, Some(event), Some(target)) => Event::pull_request(event, target),
            _ => return None,
        };
        let event = event.with_files(self.changed.iter().cloned());
        Some(if self.created { event.as_new_branch() } else { event })
    }
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
    let (Some(pipeline), Some(event)) = (reading.pipeline(), arguments.event()) else {
        eprint!("{}", render::text(&reading.report));
        return ExitCode::from(2);
    };
    let answer = explain(&event, pipeline);
    if arguments.json {
        match serde_json::to_string(&answer) {
            Ok(line) => println!("{line}"),
            Err(error) => {
                eprintln!("error: the answer cannot be written: {error}");
                return ExitCode::from(2);
            }
        }
    } else {
        print!("{answer}");
    }
    if answer.holds { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
