//! A small HTTP server on loopback, so that other people's programs can talk to a service in memory.
//!
//! It exists for tests, examples and the local endpoint of a runner: it listens on 127.0.0.1 only, and everything ends when
//! the [`Server`] is dropped. A service of the `awsJson1.1` protocol (ECS, ECR, CodePipeline, CodeBuild) implements
//! [`AwsJsonService`] and is wrapped in [`AwsJson`]; anything else implements [`HttpService`].
//!
//! ```
//! use std::sync::Arc;
//!
//! use aws_call::CallError;
//! use aws_call::serve::{AwsJson, AwsJsonService, Refusal, Server};
//! use serde_json::{Value, json};
//!
//! struct Clusters;
//!
//! #[async_trait::async_trait]
//! impl AwsJsonService for Clusters {
//!     fn target_prefix(&self) -> &'static str {
//!         "AmazonEC2ContainerServiceV20141113"
//!     }
//!
//!     async fn call(&self, operation: &str, _input: Value) -> Result<Value, Refusal> {
//!         match operation {
//!             "ListClusters" => Ok(json!({ "clusterArns": [] })),
//!             _ => Err(Refusal::unknown_operation(operation)),
//!         }
//!     }
//! }
//!
//! # async fn example() -> std::io::Result<()> {
//! let server = Server::start(Arc::new(AwsJson::new(Clusters))).await?;
//! println!("aws ecs list-clusters --endpoint-url {}", server.url());
//! # Ok(())
//! # }
//! ```

mod aws_json;

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use async_trait::async_trait;
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, Limited, combinators::UnsyncBoxBody};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    net::{TcpListener, TcpStream},
    task::{JoinHandle, JoinSet},
};

pub use aws_json::{AwsJson, AwsJsonService, Refusal};

/// A request whose body is still on the wire; [`read_body`] takes it whole, up to a limit.
pub type Request = hyper::Request<Incoming>;
/// An answer. Its body may be a stream; an error in it cuts the connection.
pub type Response = hyper::Response<Body>;
/// The body of an answer.
pub type Body = UnsyncBoxBody<Bytes, io::Error>;

/// Connections served at once; more wait in the backlog of the listener.
const CONNECTIONS: usize = 512;
/// A client that has not sent its headers by then is cut off.
const HEADERS_WITHIN: Duration = Duration::from_secs(10);

/// What answers requests.
#[async_trait]
pub trait HttpService: Send + Sync + 'static {
    /// Answers one request.
    ///
    /// # Errors
    /// An error cuts the connection without an answer, as a server does that dies.
    async fn answer(&self, request: Request) -> io::Result<Response>;
}

/// A running server: listens on 127.0.0.1 and ends with this value, its connections included.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    accepting: JoinHandle<()>,
}

impl Server {
    /// Starts on a free port.
    ///
    /// # Errors
    /// If no port of 127.0.0.1 can be bound.
    pub async fn start(service: Arc<dyn HttpService>) -> io::Result<Self> {
        Self::start_on(0, service).await
    }

    /// Starts on `port`; 0 takes a free one.
    ///
    /// # Errors
    /// If the port is taken or may not be bound.
    ///
    /// # Panics
    /// Outside a tokio runtime with IO and time enabled.
    pub async fn start_on(port: u16, service: Arc<dyn HttpService>) -> io::Result<Self> {
        let listener = TcpListener::bind((std::net::Ipv4Addr::LOCALHOST, port)).await?;
        let address = listener.local_addr()?;
        Ok(Self { address, accepting: tokio::spawn(accept(listener, service)) })
    }

    /// The address it listens on.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// `http://127.0.0.1:PORT`, without a slash at the end.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Serves until the process is told to end. Dropping the future stops the server.
    pub async fn run(mut self) {
        let _ended = (&mut self.accepting).await;
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // The task owns the connections: they end with it.
        self.accepting.abort();
    }
}

async fn accept(listener: TcpListener, service: Arc<dyn HttpService>) {
    let mut connections = JoinSet::new();
    loop {
        if connections.len() >= CONNECTIONS {
            connections.join_next().await;
        }
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(converse(stream, Arc::clone(&service)));
                }
                // The client went away, or there are no file descriptors left until a connection ends.
                Err(_) if connections.is_empty() => tokio::task::yield_now().await,
                Err(_) => {
                    connections.join_next().await;
                }
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn converse(stream: TcpStream, service: Arc<dyn HttpService>) {
    let _slower_without = stream.set_nodelay(true);
    let answers = service_fn(move |request| {
        let service = Arc::clone(&service);
        async move { service.answer(request).await }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADERS_WITHIN)
        .serve_connection(TokioIo::new(stream), answers);
    let _cut_by_either_side = connection.await;
}

/// The whole body of a request.
///
/// # Errors
/// If it is longer than `limit` bytes ([`io::ErrorKind::FileTooLarge`]) or the connection breaks.
pub async fn read_body(request: Request, limit: usize) -> io::Result<Bytes> {
    match Limited::new(request.into_body(), limit).collect().await {
        Ok(body) => Ok(body.to_bytes()),
        Err(error) if error.is::<http_body_util::LengthLimitError>() => {
            Err(io::Error::new(io::ErrorKind::FileTooLarge, format!("the request has more than {limit} bytes")))
        }
        Err(error) => Err(io::Error::other(error)),
    }
}

/// A body of these bytes, sent with their length.
#[must_use]
pub fn full(bytes: impl Into<Bytes>) -> Body {
    Full::new(bytes.into()).map_err(|never| match never {}).boxed_unsync()
}
