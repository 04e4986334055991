//! The runner as a CodePipeline endpoint on loopback, with a page (feature `serve`).
//!
//! `aws codepipeline … --endpoint-url` and every SDK can start, watch, approve, retry, roll back and stop the pipelines of a
//! [`Host`]; a browser finds the same at `/`. Only 127.0.0.1 is listened on, and what a page of somebody else sends is
//! refused. The page reads freely; to change anything it needs the endpoint's [`PageToken`].
//!
//! Give the host's world the approver [`Elsewhere`](crate::Elsewhere): approvals then wait until somebody answers them here.
//!
//! ```no_run
//! use std::sync::Arc;
//!
//! use aws_call::{SystemClock, SystemIds};
//! use pipeline_runner::Host;
//! use pipeline_runner::serve::Endpoint;
//!
//! # async fn serve(host: Host) -> std::io::Result<()> {
//! let endpoint = Endpoint::new(host, Arc::new(SystemClock), Arc::new(SystemIds));
//! let server = endpoint.serve(0).await?;
//! println!("aws codepipeline list-pipelines --endpoint-url {}", server.url());
//! println!("{}", endpoint.page_url(&server));
//! server.run().await;
//! # Ok(()) }
//! ```

mod api;
mod board;
mod guard;
mod input;
mod logs;
mod page;
mod wire;

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use aws_call::serve::{AwsJson, HttpService, Request, Response, Server, full};
use aws_call::{Clock, IdSource};
use hyper::header::{CONTENT_LENGTH, CONTENT_TYPE};
use hyper::{Method, StatusCode};
use jiff::Timestamp;

pub use self::guard::PageToken;

use self::api::Api;
use self::board::Board;
use crate::host::Host;

/// The largest request of the API: a declaration of 1000 actions.
const REQUEST: u64 = 4 << 20;

/// The API and the page of a [`Host`]; clones are the same endpoint.
#[derive(Clone)]
pub struct Endpoint(Arc<Inner>);

struct Inner {
    host: Host,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdSource>,
    token: PageToken,
    board: Arc<Board>,
    /// When each pipeline was created and last changed, as far as that happened here.
    times: Mutex<BTreeMap<String, Times>>,
    began: Timestamp,
    /// Declarations change one after the other.
    declaring: tokio::sync::Mutex<()>,
}

/// `created` and `updated` of a pipeline.
#[derive(Clone, Copy, Debug)]
struct Times {
    created: Timestamp,
    updated: Timestamp,
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Endpoint").field("home", self.0.host.home()).finish_non_exhaustive()
    }
}

impl Endpoint {
    /// The endpoint of a host. Logs begin with what its actions print from now on.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub fn new(host: Host, clock: Arc<dyn Clock>, ids: Arc<dyn IdSource>) -> Self {
        let board = Arc::new(Board::default());
        tokio::spawn(Arc::clone(&board).follow(host.subscribe()));
        let token = PageToken::random(&*ids);
        let began = now(&*clock);
        let (times, declaring) = (Mutex::default(), tokio::sync::Mutex::default());
        Self(Arc::new(Inner { host, clock, ids, token, board, times, began, declaring }))
    }

    /// What the page needs to change anything.
    #[must_use]
    pub fn token(&self) -> &PageToken {
        &self.0.token
    }

    /// Listens on a port of 127.0.0.1, 0 for a free one, until the server is dropped.
    ///
    /// # Errors
    /// If the port is taken or may not be bound.
    pub async fn serve(&self, port: u16) -> io::Result<Server> {
        Server::start_on(port, Arc::new(self.clone())).await
    }

    /// Where the page is, with the token in the fragment: a part of the address that browsers send nowhere.
    #[must_use]
    pub fn page_url(&self, server: &Server) -> String {
        format!("{}/#token={}", server.url(), self.token().expose())
    }
}

#[async_trait]
impl HttpService for Endpoint {
    async fn answer(&self, request: Request) -> io::Result<Response> {
        let (method, path) = (request.method().clone(), request.uri().path().to_owned());
        if let Err(turned) = guard::admit(&method, &path, request.headers()) {
            return plain(turned.status, turned.message);
        }
        if method != Method::POST || path.starts_with(page::BELOW) {
            return page::answer(&self.0, request).await;
        }
        let length =
            guard::only(request.headers(), CONTENT_LENGTH.as_str()).and_then(|length| length.parse::<u64>().ok());
        match length {
            None => plain(StatusCode::LENGTH_REQUIRED, "a request of the API tells its length"),
            Some(length) if length > REQUEST => plain(StatusCode::PAYLOAD_TOO_LARGE, "the request has more than 4 MiB"),
            Some(_) => AwsJson::new(Api(Arc::clone(&self.0))).answer(request).await,
        }
    }
}

impl Inner {
    fn times(&self, pipeline: &str) -> Times {
        let times = self.times.lock().unwrap_or_else(PoisonError::into_inner);
        times.get(pipeline).copied().unwrap_or(Times { created: self.began, updated: self.began })
    }

    /// Takes down that a pipeline was created or changed just now.
    fn changed(&self, pipeline: &str, created: bool) {
        let now = now(&*self.clock);
        let began = if created { now } else { self.began };
        let mut times = self.times.lock().unwrap_or_else(PoisonError::into_inner);
        let known = times.entry(pipeline.to_owned()).or_insert(Times { created: began, updated: now });
        known.updated = now;
        if created {
            known.created = now;
        }
    }

    fn forget(&self, pipeline: &str) {
        self.times.lock().unwrap_or_else(PoisonError::into_inner).remove(pipeline);
    }

    /// Who does what is asked of the endpoint: it looks at no signature, so everybody is the same user.
    fn user(&self) -> String {
        format!("arn:aws:iam::{}:user/local", self.host.home().account)
    }
}

fn now(clock: &dyn Clock) -> Timestamp {
    Timestamp::try_from(clock.now()).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// A sentence.
fn plain(status: StatusCode, message: &str) -> io::Result<Response> {
    hyper::Response::builder()
        .status(status)
        .header(CONTENT_TYPE, "text/plain; charset=utf-8")
        .body(full(format!("{message}\n")))
        .map_err(io::Error::other)
}
