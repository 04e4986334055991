//! HTTP, bounded: no answer may be larger than what it is read for, none may take for ever, and a connection on which nothing
//! moves is given up. What a registry sends is not trusted.

use std::{error::Error as StdError, sync::Arc, time::Duration};

use aws_call::{CallError, Clock, Fault};
use bytes::{Bytes, BytesMut};
use futures_util::future::{BoxFuture, Either, select};
use http::{Request, Response, Uri};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::{TokioExecutor, TokioTimer},
};
use rustls::{ClientConfig, RootCertStore, crypto::ring::default_provider};
use tokio::sync::mpsc::UnboundedReceiver;

use super::{OciOptions, body::Outgoing};

/// The most bytes of a status line with its headers.
const HEAD_LIMIT: usize = 256 << 10;
const HEADERS: usize = 200;
const CONNECT_WITHIN: Duration = Duration::from_secs(15);
/// Idle connections are closed before the usual load balancer does it.
const IDLE: Duration = Duration::from_secs(45);

pub(super) struct Wire {
    client: Client<HttpsConnector<HttpConnector>, Outgoing>,
    pub(super) clock: Arc<dyn Clock>,
    options: OciOptions,
}

/// What happened first while a body was sent.
enum Step {
    Answered(Result<Response<Incoming>, hyper_util::client::legacy::Error>),
    Moved(Option<u64>),
    Quiet,
}

impl Wire {
    /// `tls` loads the certificates that this machine trusts.
    pub(super) fn new(clock: Arc<dyn Clock>, options: &OciOptions, tls: bool) -> Result<Self, CallError> {
        let mut roots = RootCertStore::empty();
        if tls {
            let found = rustls_native_certs::load_native_certs();
            roots.add_parsable_certificates(found.certs);
            if roots.is_empty() {
                let message = "this machine has no trusted certificates; install the package `ca-certificates`";
                return Err(CallError::new("connect", Fault::Other).with_message(message));
            }
        }
        let config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| CallError::new("connect", Fault::Other).with_source(error))?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let mut http = HttpConnector::new();
        http.enforce_http(false);
        http.set_nodelay(true);
        http.set_connect_timeout(Some(CONNECT_WITHIN));
        let connector =
            HttpsConnectorBuilder::new().with_tls_config(config).https_or_http().enable_http1().wrap_connector(http);
        // HTTP/1.1 on purpose: one connection per layer, and no window that bounds how fast it can be sent.
        let client = Client::builder(TokioExecutor::new())
            .timer(TokioTimer::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE)
            .http1_max_buf_size(HEAD_LIMIT)
            .http1_max_headers(HEADERS)
            .build(connector);
        Ok(Self { client, clock, options: options.clone() })
    }

    /// Sends a request without a body to speak of, and waits for the head of the answer.
    pub(super) async fn send(
        &self,
        operation: &'static str,
        request: Request<Outgoing>,
    ) -> Result<Response<Incoming>, CallError> {
        let sent = self.client.request(request);
        match select(sent, self.clock.sleep(self.options.answer_within)).await {
            Either::Left((answer, _)) => answer.map_err(|error| failed(operation, &error)),
            Either::Right(_) => Err(self.stalled(operation, "no answer", self.options.answer_within)),
        }
    }

    /// Sends a request with a body that tells in `taken` how far it has come, and waits for the head of the answer.
    pub(super) async fn send_watched(
        &self,
        operation: &'static str,
        request: Request<Outgoing>,
        size: u64,
        mut taken: UnboundedReceiver<u64>,
        mut progress: impl FnMut(u64) + Send,
    ) -> Result<Response<Incoming>, CallError> {
        let mut sent = self.client.request(request);
        let mut done = false;
        loop {
            let (patience, what) = if done {
                (self.options.answer_within, "no answer")
            } else {
                (self.options.stall, "the registry takes no bytes")
            };
            let step = {
                let quiet = self.clock.sleep(patience);
                let moved: BoxFuture<'_, Option<u64>> =
                    if done { Box::pin(std::future::pending()) } else { Box::pin(taken.recv()) };
                match select(&mut sent, select(moved, quiet)).await {
                    Either::Left((answer, _)) => Step::Answered(answer),
                    Either::Right((Either::Left((position, _)), _)) => Step::Moved(position),
                    Either::Right((Either::Right(_), _)) => Step::Quiet,
                }
            };
            match step {
                Step::Answered(answer) => {
                    while let Ok(position) = taken.try_recv() {
                        progress(position);
                    }
                    return answer.map_err(|error| failed(operation, &error));
                }
                Step::Moved(Some(position)) => {
                    progress(position);
                    done = position == size;
                }
                // The body is gone; the answer to what was sent of it may still come.
                Step::Moved(None) => done = true,
                Step::Quiet => return Err(self.stalled(operation, what, patience)),
            }
        }
    }

    /// The body of an answer, if it has at most `limit` bytes and comes in time.
    pub(super) async fn read(
        &self,
        operation: &'static str,
        answer: Response<Incoming>,
        limit: usize,
    ) -> Result<Bytes, CallError> {
        let reading = collect(operation, answer.into_body(), limit);
        match select(std::pin::pin!(reading), self.clock.sleep(self.options.answer_within)).await {
            Either::Left((body, _)) => body,
            Either::Right(_) => Err(self.stalled(operation, "the answer does not end", self.options.answer_within)),
        }
    }

    /// The next bytes of a body that may be long; `None` at its end.
    pub(super) async fn next(&self, operation: &'static str, body: &mut Incoming) -> Option<Result<Bytes, CallError>> {
        loop {
            let frame = match select(body.frame(), self.clock.sleep(self.options.stall)).await {
                Either::Left((frame, _)) => frame?,
                Either::Right(_) => {
                    return Some(Err(self.stalled(operation, "the registry sends no bytes", self.options.stall)));
                }
            };
            match frame {
                Ok(frame) => {
                    if let Ok(bytes) = frame.into_data() {
                        return Some(Ok(bytes));
                    }
                }
                Err(error) => return Some(Err(failed(operation, &error))),
            }
        }
    }

    fn stalled(&self, operation: &'static str, what: &str, after: Duration) -> CallError {
        let message = format!("{what} for {after:.0?}; the connection was given up");
        CallError::new(operation, Fault::Timeout).with_message(message)
    }
}

async fn collect(operation: &'static str, mut body: Incoming, limit: usize) -> Result<Bytes, CallError> {
    let mut bytes = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| failed(operation, &error))?;
        let Ok(data) = frame.into_data() else { continue };
        if bytes.len() + data.len() > limit {
            let message = format!("the answer has more than {limit} bytes; the rest was not read");
            return Err(CallError::new(operation, Fault::Other).with_message(message));
        }
        bytes.extend_from_slice(&data);
    }
    Ok(bytes.freeze())
}

/// Why a request failed, in one line: no library says the cause at the top.
fn failed(operation: &'static str, error: &(dyn StdError + 'static)) -> CallError {
    let chain = || std::iter::successors(Some(error), |&error| error.source());
    // The library has no other name for it.
    if chain().any(|error| error.to_string() == "message head is too large") {
        let message = format!("the headers of the answer have more than {HEAD_LIMIT} bytes or {HEADERS} lines");
        return CallError::new(operation, Fault::Other).with_message(message);
    }
    let words = chain().last().map(ToString::to_string).unwrap_or_default();
    // Another attempt gets the same certificate.
    let fault = if chain().any(|error| error.is::<rustls::Error>()) { Fault::Other } else { Fault::Connection };
    CallError::new(operation, fault).with_message(words)
}

/// The address of `path` at `base`.
pub(super) fn at(base: &Uri, path: &str) -> Result<Uri, CallError> {
    super::location::resolve(base, path)
        .map_err(|why| CallError::new("connect", Fault::InvalidRequest).with_message(why))
}
