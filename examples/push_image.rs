//! Pushes an image from a file, a directory or a pipe into a registry.
//!
//!     cargo run -p examples --example push_image -- layout/ 127.0.0.1:5000/app:1.0
//!     docker save app:1.0 | cargo run -p examples --example push_image -- - 127.0.0.1:5000/app:1.0 --json
//!
//! ECR needs the feature `aws`, for its token; the password for any other registry is taken from `REGISTRY_PASSWORD`.
//!
//! Exit code: 0 when the tag names the image, 1 when it does not, 2 when the push could not begin, 130 after Ctrl-C.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program prints")]

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use aws_call::{Env, SystemClock, SystemEnv, SystemIds};
use clap::{Parser, ValueEnum};
use ecr_push::image::layout::Select;
use ecr_push::login::{Anonymous, Login, Logins};
use ecr_push::oci::{OciOptions, OciRegistry};
use ecr_push::source::{self, ArchiveOptions, Selection, Source, push_archive};
use ecr_push::{ImageRef, Platform, PushOptions, PushReport, PushRequest, Pusher, Verify};
use examples::{LayerBars, ecr};
use serde_json::json;

/// Pushes an image: only what is missing is sent, and the tag is written last.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// OCI layout directory, OCI tar or tar of `docker save`; `-` for a tar on standard input
    source: PathBuf,
    /// Host, repository and tag, such as 127.0.0.1:5000/app:1.0
    target: ImageRef,
    /// Name of the image, where the source has several
    #[arg(long, value_name = "NAME")]
    select: Option<String>,
    /// Push the image for one platform alone, such as linux/arm64
    #[arg(long)]
    platform: Option<Platform>,
    /// Speak plain HTTP with a registry that is not on this machine
    #[arg(long)]
    insecure: bool,
    /// Through which API (native: ECR's own, needs the feature `aws`)
    #[arg(long, value_enum, default_value_t = Door::Oci)]
    door: Door,
    /// Who compares the digests of layers
    #[arg(long, value_enum, default_value_t = Check::Server)]
    verify: Check,
    /// User name; the password stands in REGISTRY_PASSWORD
    #[arg(long, value_name = "NAME")]
    username: Option<String>,
    /// Compress and send the layers of a `docker save` archive although the image under the tag has them
    #[arg(long)]
    no_reuse: bool,
    /// Create the repository in ECR if it is missing (needs the feature `aws`)
    #[arg(long)]
    create: bool,
    /// The most gibibytes read from standard input
    #[arg(long, value_name = "GIB", default_value_t = 64)]
    limit: u64,
    /// Print the result as one line of JSON
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum Door {
    Oci,
    Native,
}

#[derive(Clone, Copy, ValueEnum)]
enum Check {
    Server,
    Before,
    Sending,
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let bars = LayerBars::default();
    let work = async {
        let source = open(&arguments).map_err(|error| (2, error))?;
        if arguments.create {
            let steps = ecr::create_repository(&arguments.target).await.map_err(|error| (2, error))?;
            steps.iter().for_each(|step| eprintln!("done: {step}"));
        }
        push(&arguments, source, &bars).await
    };
    let done = tokio::select! {
        done = work => done,
        _ = tokio::signal::ctrl_c() => {
            eprintln!("interrupted: the tag was not written; push again, and only what is missing is sent");
            return ExitCode::from(130);
        }
    };
    bars.clear();
    match done {
        Ok(report) => {
            if arguments.json {
                let PushReport { digest, layers, requests, bytes_sent, .. } = &report;
                let line = json!({"digest": digest, "layers": layers, "requests": requests, "bytes_sent": bytes_sent});
                println!("{line}");
            } else {
                println!("{}", report.uri_by_digest);
            }
            ExitCode::SUCCESS
        }
        Err((code, error)) => {
            eprintln!("error: {error:#}");
            ExitCode::from(code)
        }
    }
}

fn open(arguments: &Arguments) -> anyhow::Result<Source> {
    let mut selection = Selection::new(arguments.select.clone().map_or(Select::Only, Select::Name));
    selection.platform.clone_from(&arguments.platform);
    if arguments.source == Path::new("-") {
        let limit = arguments.limit.saturating_mul(1 << 30);
        return Ok(source::open_stream(&mut std::io::stdin().lock(), &std::env::temp_dir(), limit, &selection)?);
    }
    Ok(source::open(&arguments.source, &selection)?)
}

type Failure = (u8, anyhow::Error);

async fn push(arguments: &Arguments, source: Source, bars: &LayerBars) -> Result<PushReport, Failure> {
    let verify = match arguments.verify {
        Check::Server => Verify::Server,
        Check::Before => Verify::Before,
        Check::Sending => Verify::WhileSending,
    };
    let (options, request) = (PushOptions::default().with_verify(verify), PushRequest::to(&arguments.target));
    let failed = |error: ecr_push::Error| (1, error.into());
    let (clock, ids) = (Arc::new(SystemClock), Arc::new(SystemIds));
    let threads = std::thread::available_parallelism().map_or(2, usize::from);
    let scratch = std::env::temp_dir();
    let (pusher, image, referrers) = match arguments.door {
        Door::Native => {
            let store = ecr::store(arguments.target.registry()).await.map_err(|error| (2, error))?;
            let pusher = Pusher::new(store, clock, ids);
            let (image, referrers) = source.into_image(&scratch, threads).map_err(failed)?;
            (pusher, image, referrers)
        }
        Door::Oci => {
            let registry = oci(arguments).await.map_err(|error| (2, error))?;
            match source {
                Source::Archive(archive) => {
                    let mut how = ArchiveOptions::new(scratch, threads);
                    how.reuse = !arguments.no_reuse;
                    let pushed = push_archive(&registry, clock, ids, &archive, &request, &options, &how, bars).await;
                    return pushed.map_err(failed);
                }
                source => {
                    let (image, referrers) = source.into_image(&scratch, threads).map_err(failed)?;
                    (Pusher::through(Arc::new(registry), clock, ids), image, referrers)
                }
            }
        }
    };
    let report = pusher.push(&image, &request, &options, bars).await.map_err(failed)?;
    let mut by_digest = request;
    (by_digest.tags, by_digest.digest) = (Vec::new(), None);
    for referrer in &referrers {
        pusher.push(referrer, &by_digest, &options, bars).await.map_err(failed)?;
    }
    Ok(report)
}

async fn oci(arguments: &Arguments) -> anyhow::Result<OciRegistry> {
    let mut options = OciOptions::default();
    if arguments.insecure {
        options = options.with_plain_http();
    }
    let registry = arguments.target.registry();
    let logins: Arc<dyn Logins> = match &arguments.username {
        Some(name) => {
            let password = SystemEnv.var("REGISTRY_PASSWORD").context("REGISTRY_PASSWORD is not set")?;
            Arc::new(Login::new(name, password))
        }
        None if registry.ecr().is_some() || registry.is_ecr_public() => ecr::logins(registry).await?,
        None => Arc::new(Anonymous),
    };
    Ok(OciRegistry::new(registry, logins, Arc::new(SystemClock), &options)?)
}
