//! Builds an image out of files of this machine, without Docker, into an OCI layout. The same files make the same digest on
//! every machine.
//!
//!     cargo run -p examples --example build_image -- target/image --add examples/shop=/srv --entrypoint /srv/serve
//!     cargo run -p examples --example build_image -- target/image --base layout/ --tar rootfs.tar --platform linux/arm64
//!
//! Exit code: 0 when the image is written, 1 when it is not.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program prints")]

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use ecr_push::image::layout::{self, Select};
use ecr_push::{Digest, ImageBuilder, Layer, Platform};
use serde_json::json;

/// Builds an image: each `--add` and each `--tar` is a layer.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// Directory of the OCI layout to write
    out: PathBuf,
    /// Tag of the image in the layout
    #[arg(long, default_value = "latest")]
    tag: String,
    /// OCI layout of the image to build on; nothing without it
    #[arg(long, value_name = "LAYOUT")]
    base: Option<PathBuf>,
    /// For which platform
    #[arg(long, default_value = "linux/amd64")]
    platform: Platform,
    /// File or directory, and where it goes
    #[arg(long, value_name = "FILE=PATH")]
    add: Vec<String>,
    /// Tar whose contents go to the root
    #[arg(long, value_name = "FILE")]
    tar: Vec<PathBuf>,
    /// Program and its fixed arguments, in words
    #[arg(long, num_args = 1..)]
    entrypoint: Vec<String>,
    /// Default arguments, in words
    #[arg(long, num_args = 1..)]
    cmd: Vec<String>,
    /// Variable
    #[arg(long, value_name = "NAME=VALUE")]
    env: Vec<String>,
    /// Label
    #[arg(long, value_name = "NAME=VALUE")]
    label: Vec<String>,
    /// User, by name or number
    #[arg(long)]
    user: Option<String>,
    /// Port, such as 8080/tcp
    #[arg(long, value_name = "PORT")]
    expose: Vec<String>,
    /// Directory in which the program starts
    #[arg(long, value_name = "PATH")]
    workdir: Option<String>,
    /// Print the result as one line of JSON
    #[arg(long)]
    json: bool,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match build(&arguments) {
        Ok(digest) => {
            if arguments.json {
                println!("{}", json!({"digest": digest, "layout": arguments.out, "tag": arguments.tag}));
            } else {
                println!("{digest}");
            }
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn build(arguments: &Arguments) -> anyhow::Result<Digest> {
    let mut builder = match &arguments.base {
        Some(base) => ImageBuilder::from_image(&layout::read_platform(base, &Select::Only, &arguments.platform)?)?,
        None => ImageBuilder::new(arguments.platform.clone()),
    };
    for add in &arguments.add {
        let (from, to) = pair(add)?;
        let from = Path::new(from);
        let layer = if from.is_dir() {
            Layer::new().directory_from(to, from)?
        } else {
            Layer::new().file_from(to, from, None)?
        };
        builder = builder.layer(layer.created_by(format!("add {to}")));
    }
    for tar in &arguments.tar {
        builder = builder.layer(Layer::new().tar_from("/", tar)?.created_by("add tar"));
    }
    for env in &arguments.env {
        let (name, value) = pair(env)?;
        builder = builder.env(name, value);
    }
    for label in &arguments.label {
        let (name, value) = pair(label)?;
        builder = builder.label(name, value);
    }
    for port in &arguments.expose {
        builder = builder.exposed_port(port);
    }
    if !arguments.entrypoint.is_empty() {
        builder = builder.entrypoint(&arguments.entrypoint);
    }
    if !arguments.cmd.is_empty() {
        builder = builder.cmd(&arguments.cmd);
    }
    if let Some(user) = &arguments.user {
        builder = builder.user(user);
    }
    if let Some(directory) = &arguments.workdir {
        builder = builder.working_dir(directory);
    }
    let image = builder.build()?;
    layout::write(&image, &arguments.out, Some(&arguments.tag))?;
    Ok(image.digest())
}

fn pair(text: &str) -> anyhow::Result<(&str, &str)> {
    text.split_once('=').ok_or_else(|| anyhow::anyhow!("`{text}` is not of the form NAME=VALUE"))
}
