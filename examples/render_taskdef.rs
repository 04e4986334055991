//! Edits a task definition and writes it to standard output, formatted like the input: an edit changes the bytes of one
//! value and nothing else.
//!
//!     cargo run -p examples --example render_taskdef -- examples/shop/taskdef.json --image web=shop:v2
//!     cargo run -p examples --example render_taskdef -- taskdef.yaml --image-definitions imagedefinitions.json
//!     cargo run -p examples --example render_taskdef -- - --env web:LOG=debug --unset-env web:TRACE < taskdef.json
//!
//! Settings are written `CONTAINER:NAME=VALUE` and cut at the first `:` and the first `=` only: the value may hold either.
//! What is unset goes first, then what is set comes, in the order of the options in `--help`.
//!
//! Exit code: 0, or 1 when what was written has errors (they are on standard error), 2 when it could not be written.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program prints")]

use std::process::ExitCode;
use std::str::FromStr;

use anyhow::Context as _;
use clap::Parser;
use ecs_taskdef::{Body, EditError, ImageDefinitions, ImageDetail, TaskDefinition, check, read_as};
use examples::{read_options, read_taskdef, round_trip};
use spec_report::{Levels, render};

/// Edits a task definition without touching the rest of its text.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// The task definition in JSON or YAML; `-` is standard input. With --round-trip, a directory
    file: String,
    /// Image of a container
    #[arg(long, value_name = "NAME=URI")]
    image: Vec<Pair>,
    /// imagedefinitions.json of a build
    #[arg(long, value_name = "FILE")]
    image_definitions: Option<String>,
    /// imageDetail.json of a build, for the placeholder of --placeholder
    #[arg(long, value_name = "FILE")]
    image_detail: Option<String>,
    /// Placeholder that the image of imageDetail.json replaces
    #[arg(long, value_name = "NAME", default_value = "IMAGE1_NAME")]
    placeholder: String,
    /// Remove an environment variable
    #[arg(long, value_name = "CONTAINER:NAME")]
    unset_env: Vec<Place>,
    /// Set an environment variable
    #[arg(long, value_name = "CONTAINER:NAME=VALUE")]
    env: Vec<Setting>,
    /// Remove a file of environment variables
    #[arg(long, value_name = "CONTAINER:ARN")]
    unset_env_file: Vec<Place>,
    /// Add a file of environment variables
    #[arg(long, value_name = "CONTAINER:ARN")]
    env_file: Vec<Place>,
    /// Remove a secret
    #[arg(long, value_name = "CONTAINER:NAME")]
    unset_secret: Vec<Place>,
    /// Set where a secret comes from
    #[arg(long, value_name = "CONTAINER:NAME=ARN")]
    secret: Vec<Setting>,
    /// Remove a Docker label
    #[arg(long, value_name = "CONTAINER:NAME")]
    unset_label: Vec<Place>,
    /// Set a Docker label
    #[arg(long, value_name = "CONTAINER:NAME=VALUE")]
    label: Vec<Setting>,
    /// Remove an option of the log driver
    #[arg(long, value_name = "CONTAINER:NAME")]
    unset_log_option: Vec<Place>,
    /// Set an option of the log driver
    #[arg(long, value_name = "CONTAINER:NAME=VALUE")]
    log_option: Vec<Setting>,
    /// Let the image's own command run
    #[arg(long, value_name = "CONTAINER")]
    unset_command: Vec<String>,
    /// Set the command, a JSON list: nothing is split
    #[arg(long, value_name = "CONTAINER=[\"ARG\",…]")]
    command: Vec<Pair>,
    /// CPU of the task: 512, or 0.5 vCPU
    #[arg(long)]
    cpu: Option<String>,
    /// Memory of the task: 1024, or 1GB
    #[arg(long)]
    memory: Option<String>,
    /// Family, for a plain list of containers
    #[arg(long)]
    family: Option<String>,
    /// The file is in CloudFormation's spelling: what stands under `Properties`
    #[arg(long)]
    cloudformation: bool,
    /// Write the request of RegisterTaskDefinition as JSON instead of the file
    #[arg(long)]
    json: bool,
    /// Read, write and read again every task definition of a directory, and tell which are not the same
    #[arg(long)]
    round_trip: bool,
}

/// `NAME=VALUE`, cut at the first `=`.
#[derive(Clone)]
struct Pair(String, String);

impl FromStr for Pair {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (name, value) = text.split_once('=').ok_or("there is no `=` between name and value")?;
        Ok(Self(name.to_owned(), value.to_owned()))
    }
}

/// `CONTAINER:NAME`, cut at the first `:`.
#[derive(Clone)]
struct Place(String, String);

impl FromStr for Place {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (container, name) = text.split_once(':').ok_or("there is no `:` between container and name")?;
        Ok(Self(container.to_owned(), name.to_owned()))
    }
}

/// `CONTAINER:NAME=VALUE`.
#[derive(Clone)]
struct Setting(Place, String);

impl FromStr for Setting {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let Pair(place, value) = text.parse()?;
        Ok(Self(place.parse()?, value))
    }
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
        return round_trip(arguments.file.as_ref());
    }
    let options = read_options(arguments.cloudformation, arguments.family.as_deref());
    let edited = edit(arguments, read_taskdef(&arguments.file, &options)?)?;
    match arguments.json {
        true => println!("{}", Body::of(&edited)?.to_text()),
        false => print!("{}", edited.source().text()),
    }
    // The text has the API's spelling by now.
    let report = check(&read_as(edited.source().clone(), &read_options(false, None)), &Levels::default());
    eprint!("{}", render::text(&report));
    Ok(if report.has_errors() { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn edit(arguments: &Arguments, mut task: TaskDefinition) -> anyhow::Result<TaskDefinition> {
    if let Some(file) = &arguments.image_definitions {
        let text = std::fs::read_to_string(file).with_context(|| file.clone())?;
        task = task.with_image_definitions(&ImageDefinitions::parse(file, &text)?)?;
    }
    if let Some(file) = &arguments.image_detail {
        let text = std::fs::read_to_string(file).with_context(|| file.clone())?;
        task = task.with_placeholder(&arguments.placeholder, &ImageDetail::parse(file, &text)?.image_uri)?;
    }
    for Pair(container, image) in &arguments.image {
        task = task.with_image(container, image)?;
    }
    type Remove = fn(&TaskDefinition, &str, &str) -> Result<TaskDefinition, EditError>;
    type Set = fn(&TaskDefinition, &str, &str, &str) -> Result<TaskDefinition, EditError>;
    let removals: [(&[Place], Remove); 6] = [
        (&arguments.unset_env, TaskDefinition::without_env),
        (&arguments.unset_env_file, TaskDefinition::without_env_file),
        (&arguments.env_file, TaskDefinition::with_env_file),
        (&arguments.unset_secret, TaskDefinition::without_secret),
        (&arguments.unset_label, TaskDefinition::without_label),
        (&arguments.unset_log_option, TaskDefinition::without_log_option),
    ];
    for (places, remove) in removals {
        for Place(container, name) in places {
            task = remove(&task, container, name)?;
        }
    }
    let settings: [(&[Setting], Set); 4] = [
        (&arguments.env, TaskDefinition::with_env),
        (&arguments.secret, TaskDefinition::with_secret),
        (&arguments.label, TaskDefinition::with_label),
        (&arguments.log_option, TaskDefinition::with_log_option),
    ];
    for (all, set) in settings {
        for Setting(Place(container, name), value) in all {
            task = set(&task, container, name, value)?;
        }
    }
    for container in &arguments.unset_command {
        task = task.without_command(container)?;
    }
    for Pair(container, list) in &arguments.command {
        let items: Vec<String> =
            serde_json::from_str(list).with_context(|| format!("`{list}` is no JSON list of texts"))?;
        task = task.with_command(container, &items.iter().map(String::as_str).collect::<Vec<_>>())?;
    }
    if let Some(cpu) = &arguments.cpu {
        task = task.with_cpu(cpu)?;
    }
    if let Some(memory) = &arguments.memory {
        task = task.with_memory(memory)?;
    }
    Ok(task)
}
