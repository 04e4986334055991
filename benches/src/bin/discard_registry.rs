//! A registry on loopback that takes every push and keeps nothing, so that what is measured is the client alone.
//!
//!     cargo run --release -p benches --bin discard_registry -- [--rate MEBIBYTES] [--latency MILLISECONDS]
//!
//! It speaks the OCI Distribution API and the operations of a push of ECR's own. `--rate` bounds how fast each request is
//! read, as a connection over the internet does, and `--latency` is waited before each answer. The first line it prints is its
//! address; it ends when its standard input does.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program prints")]
#![allow(clippy::disallowed_methods, reason = "a program: its clock is the real one")]

use std::{
    io,
    process::ExitCode,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use async_trait::async_trait;
use aws_call::serve::{AwsJson, AwsJsonService, HttpService, Refusal, Request, Response, Server, full, read_body};
use ecr_push::Digest;
use http_body_util::BodyExt as _;
use hyper::{Method, StatusCode, header};
use serde_json::{Value, json};

const MANIFEST_LIMIT: usize = 4 << 20;
const PART_SIZE: u64 = 10 << 20;

#[derive(Clone, Copy, Default)]
struct Pace {
    /// Bytes a second of each request; zero for as fast as it goes.
    rate: u64,
    latency: Duration,
}

struct Discard {
    pace: Pace,
    uploads: AtomicU64,
    api: AwsJson<Api>,
}

/// ECR's own API, as far as a push needs it.
struct Api;

fn main() -> ExitCode {
    match pace(std::env::args().skip(1)).and_then(serve) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn pace(mut arguments: impl Iterator<Item = String>) -> io::Result<Pace> {
    let mut pace = Pace::default();
    while let Some(name) = arguments.next() {
        let number = arguments.next().and_then(|text| text.parse::<u64>().ok());
        match (name.as_str(), number) {
            ("--rate", Some(mebibytes)) => pace.rate = mebibytes << 20,
            ("--latency", Some(milliseconds)) => pace.latency = Duration::from_millis(milliseconds),
            _ => return Err(io::Error::other("usage: discard_registry [--rate MEBIBYTES] [--latency MILLISECONDS]")),
        }
    }
    Ok(pace)
}

fn serve(pace: Pace) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(async {
        let discard = Discard { pace, uploads: AtomicU64::new(0), api: AwsJson::new(Api) };
        let server = Server::start(Arc::new(discard)).await?;
        println!("{}", server.url());
        // Whoever started it holds the other end.
        let closed = tokio::task::spawn_blocking(|| io::copy(&mut io::stdin().lock(), &mut io::sink()));
        closed.await.map_err(io::Error::other)?.map(drop)
    })
}

impl Discard {
    /// Reads a body at the pace of this registry; how many bytes it had.
    async fn swallow(&self, request: Request) -> io::Result<u64> {
        let (begun, mut body, mut bytes) = (Instant::now(), request.into_body(), 0_u64);
        while let Some(frame) = body.frame().await {
            bytes += frame.map_err(io::Error::other)?.data_ref().map_or(0, |data| data.len() as u64);
            if let Some(milliseconds) = (bytes * 1000).checked_div(self.pace.rate) {
                let due = Duration::from_millis(milliseconds);
                tokio::time::sleep(due.saturating_sub(begun.elapsed())).await;
            }
        }
        Ok(bytes)
    }
}

#[async_trait]
impl HttpService for Discard {
    async fn answer(&self, request: Request) -> io::Result<Response> {
        if !self.pace.latency.is_zero() {
            tokio::time::sleep(self.pace.latency).await;
        }
        if request.headers().contains_key("x-amz-target") {
            return self.api.answer(request).await;
        }
        let (method, path) = (request.method().clone(), request.uri().path().to_owned());
        let is_upload = path.contains("/blobs/uploads/");
        let (status, name, value) = match method {
            Method::GET if path == "/v2/" => (StatusCode::OK, header::CONTENT_TYPE, "application/json".to_owned()),
            Method::POST if is_upload => {
                let id = self.uploads.fetch_add(1, Ordering::Relaxed);
                (StatusCode::ACCEPTED, header::LOCATION, format!("{}/{id}", path.trim_end_matches('/')))
            }
            Method::PATCH | Method::PUT if is_upload => {
                let bytes = self.swallow(request).await?;
                if method == Method::PATCH {
                    let last = bytes.saturating_sub(1);
                    let range = (header::RANGE, format!("0-{last}"));
                    return answer(StatusCode::ACCEPTED, &[(header::LOCATION, path), range]);
                }
                (StatusCode::CREATED, header::LOCATION, path)
            }
            Method::PUT if path.contains("/manifests/") => {
                let digest = Digest::of(&read_body(request, MANIFEST_LIMIT).await?).to_string();
                (StatusCode::CREATED, header::HeaderName::from_static("docker-content-digest"), digest)
            }
            _ => (StatusCode::NOT_FOUND, header::CONTENT_TYPE, "application/json".to_owned()),
        };
        answer(status, &[(name, value)])
    }
}

fn answer(status: StatusCode, headers: &[(header::HeaderName, String)]) -> io::Result<Response> {
    let mut answer = hyper::Response::builder().status(status);
    for (name, value) in headers {
        answer = answer.header(name, value);
    }
    answer.body(full("")).map_err(io::Error::other)
}

#[async_trait]
impl AwsJsonService for Api {
    fn target_prefix(&self) -> &'static str {
        "AmazonEC2ContainerRegistry_V20150921"
    }

    async fn call(&self, operation: &str, input: Value) -> Result<Value, Refusal> {
        let missing = json!({ "failureCode": "ImageNotFound", "failureReason": "Requested image not found" });
        match operation {
            "BatchCheckLayerAvailability" => Ok(json!({ "layers": [], "failures": [] })),
            "BatchGetImage" => Ok(json!({ "images": [], "failures": [missing] })),
            "InitiateLayerUpload" => Ok(json!({ "uploadId": "upload", "partSize": PART_SIZE })),
            "UploadLayerPart" => Ok(json!({ "lastByteReceived": input["partLastByte"] })),
            "CompleteLayerUpload" => Ok(json!({ "layerDigest": input["layerDigests"][0] })),
            "PutImage" => Ok(json!({ "image": { "imageId": { "imageDigest": input["imageDigest"] } } })),
            other => Err(Refusal::unknown_operation(other)),
        }
    }
}
