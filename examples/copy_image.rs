//! Copies an image from one registry into another, or into an OCI layout, with its bytes and digests as they are.
//!
//!     cargo run -p examples --example copy_image -- 127.0.0.1:5000/app:1.0 127.0.0.1:5001/app:1.0
//!     cargo run -p examples --example copy_image -- 127.0.0.1:5000/app:1.0 layout:image/ --platform linux/arm64
//!
//! Layers stream from one registry to the other; no disk is between.
//!
//! Exit code: 0 when the copy is there, 1 when it is not.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program prints")]

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use aws_call::{SystemClock, SystemIds};
use clap::Parser;
use ecr_push::image::layout;
use ecr_push::login::Anonymous;
use ecr_push::oci::{OciOptions, OciRegistry};
use ecr_push::{Digest, Image, ImageRef, Platform, PushOptions, PushRequest, Pusher, pull};
use examples::LayerBars;
use serde_json::json;

/// Copies an image with everything that refers to it.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// Host, repository and tag or digest
    source: ImageRef,
    /// Host, repository and tag; or `layout:` and a directory
    target: String,
    /// Copy the image for one platform alone, such as linux/arm64
    #[arg(long)]
    platform: Option<Platform>,
    /// Speak plain HTTP with registries that are not on this machine
    #[arg(long)]
    insecure: bool,
    /// Print the result as one line of JSON
    #[arg(long)]
    json: bool,
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let bars = LayerBars::default();
    let done = tokio::select! {
        done = copy(&arguments, &bars) => done,
        _ = tokio::signal::ctrl_c() => {
            eprintln!("interrupted: the tag was not written; copy again, and only what is missing is sent");
            return ExitCode::from(130);
        }
    };
    bars.clear();
    match done {
        Ok(digest) => {
            if arguments.json {
                println!("{}", json!({"digest": digest}));
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

async fn copy(arguments: &Arguments, bars: &LayerBars) -> anyhow::Result<Digest> {
    let source = &arguments.source;
    let from = registry(arguments, source)?;
    let image = pull::image(&from, source, arguments.platform.as_ref()).await?;
    let referrers = pull::referrers(&from, source.repository(), &image).await?;
    if let Some(directory) = arguments.target.strip_prefix("layout:") {
        let (directory, name) = (PathBuf::from(directory), source.tag().map(ToString::to_string));
        let digest = image.digest();
        let written = tokio::task::spawn_blocking(move || save(&image, &referrers, &directory, name.as_deref()));
        written.await.context("writing the layout was broken off")??;
        return Ok(digest);
    }
    let target: ImageRef = arguments.target.parse()?;
    let to = registry(arguments, &target)?;
    let pusher = Pusher::through(Arc::new(to), Arc::new(SystemClock), Arc::new(SystemIds));
    let (options, mut request) = (PushOptions::default(), PushRequest::to(&target));
    if source.registry() == target.registry() {
        request = request.with_mount_from(source.repository().clone());
    }
    let report = pusher.push(&image, &request, &options, bars).await?;
    (request.tags, request.digest) = (Vec::new(), None);
    for referrer in &referrers {
        pusher.push(referrer, &request, &options, bars).await?;
    }
    Ok(report.digest)
}

fn save(image: &Image, referrers: &[Image], directory: &std::path::Path, name: Option<&str>) -> ecr_push::Result<()> {
    layout::write(image, directory, name)?;
    referrers.iter().try_for_each(|referrer| layout::write(referrer, directory, None))
}

fn registry(arguments: &Arguments, image: &ImageRef) -> anyhow::Result<OciRegistry> {
    let mut options = OciOptions::default();
    if arguments.insecure {
        options = options.with_plain_http();
    }
    Ok(OciRegistry::new(image.registry(), Arc::new(Anonymous), Arc::new(SystemClock), &options)?)
}
