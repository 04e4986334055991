//! Registries that speak the OCI Distribution API (feature `https`): ECR, and every other.
//!
//! A blob is sent with one `POST` and one streamed `PUT`, never in chunks: ECR answers chunks with the wrong status and a
//! position that stands still (observed by users; the notes stand at the code). Every repetition begins a new upload.

mod auth;
mod body;
mod challenge;
mod door;
mod location;
mod pull;
mod referrers;
mod refused;
mod wire;

use std::{fmt, sync::Arc, time::Duration};

use aws_call::{CallError, Clock, Fault};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, Uri, header};
use hyper::body::Incoming;

pub use self::pull::BlobStream;
use self::{
    auth::{Auth, Scope},
    body::Outgoing,
    location::is_loopback,
    refused::refused,
    wire::Wire,
};
use crate::{door::Calls, login::Logins, reference::Registry};

/// The most bytes of an answer that says why something is refused.
const REFUSAL_LIMIT: usize = 64 << 10;

/// How to speak to a registry.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct OciOptions {
    /// Speak plain HTTP. Without this, only registries on this very machine are spoken to without TLS.
    pub plain_http: bool,
    /// A connection on which no byte moves for so long is given up.
    pub stall: Duration,
    /// A request that has been sent is given up when it is not answered by then. ECR needs long for large layers.
    pub answer_within: Duration,
}

impl Default for OciOptions {
    /// TLS, one minute without a byte, five minutes without an answer.
    fn default() -> Self {
        Self { plain_http: false, stall: Duration::from_secs(60), answer_within: Duration::from_secs(300) }
    }
}

impl OciOptions {
    /// Speaks plain HTTP, whichever host it is: whoever listens can read the password.
    #[must_use]
    pub const fn with_plain_http(mut self) -> Self {
        self.plain_http = true;
        self
    }

    /// Sets after which time without a byte a connection is given up.
    #[must_use]
    pub const fn with_stall(mut self, stall: Duration) -> Self {
        self.stall = stall;
        self
    }

    /// Sets after which time a request that was sent must be answered.
    #[must_use]
    pub const fn with_answer_within(mut self, answer_within: Duration) -> Self {
        self.answer_within = answer_within;
        self
    }
}

/// A registry, through the OCI Distribution API. Clones share connections and tokens.
///
/// ```
/// use std::sync::Arc;
/// use aws_call::{ManualClock, SequenceIds};
/// use ecr_push::{Pusher, Registry, login::Login, oci::{OciOptions, OciRegistry}};
///
/// let clock = Arc::new(ManualClock::at_epoch_secs(0));
/// let login = Arc::new(Login::new("user", "password".to_owned()));
/// let registry = OciRegistry::new(&Registry::parse("localhost:5000")?, login, clock.clone(), &OciOptions::default())?;
/// let pusher = Pusher::through(Arc::new(registry), clock, Arc::new(SequenceIds::new(1)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// Its methods run on tokio, with IO and time enabled.
#[derive(Clone)]
pub struct OciRegistry {
    inner: Arc<Inner>,
}

struct Inner {
    registry: Registry,
    base: Uri,
    wire: Wire,
    auth: Auth,
}

impl fmt::Debug for OciRegistry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OciRegistry").field("base", &self.inner.base).finish_non_exhaustive()
    }
}

impl OciRegistry {
    /// The registry at this host. Nothing is sent yet.
    ///
    /// # Errors
    /// [`CallError`] if this machine trusts no certificates at all.
    pub fn new(
        registry: &Registry,
        logins: Arc<dyn Logins>,
        clock: Arc<dyn Clock>,
        options: &OciOptions,
    ) -> Result<Self, CallError> {
        // The name of Docker Hub in references is not that of its registry.
        let host = if registry.as_str() == "docker.io" { "registry-1.docker.io" } else { registry.as_str() };
        let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
        let plain = options.plain_http || is_loopback(name);
        let scheme = if plain { "http" } else { "https" };
        let base: Uri = format!("{scheme}://{host}/").parse().map_err(|_| {
            CallError::new("connect", Fault::InvalidRequest).with_message(format!("`{host}` is no host of a registry"))
        })?;
        let wire = Wire::new(clock, options, !plain)?;
        let auth = Auth::new(base.clone(), registry, logins);
        Ok(Self { inner: Arc::new(Inner { registry: registry.clone(), base, wire, auth }) })
    }

    /// Its host.
    #[must_use]
    pub fn registry(&self) -> &Registry {
        &self.inner.registry
    }
}

/// A request that can be made again: with another token, or as another attempt.
struct Ask<'a> {
    operation: &'static str,
    method: Method,
    uri: Uri,
    scope: &'a Scope,
    headers: Vec<(header::HeaderName, String)>,
    body: Option<Bytes>,
}

impl<'a> Ask<'a> {
    fn new(operation: &'static str, method: Method, uri: Uri, scope: &'a Scope) -> Self {
        Self { operation, method, uri, scope, headers: Vec::new(), body: None }
    }

    fn header(mut self, name: header::HeaderName, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    fn request(&self, uri: &Uri, login: Option<&HeaderValue>) -> Result<Request<Outgoing>, CallError> {
        let mut request = Request::builder().method(self.method.clone()).uri(uri.clone());
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        if let Some(login) = login {
            request = request.header(header::AUTHORIZATION, login);
        }
        if self.body.is_none() && self.method == Method::POST {
            request = request.header(header::CONTENT_LENGTH, "0");
        }
        let body = self.body.clone().map_or_else(Outgoing::empty, Outgoing::bytes);
        request.body(body).map_err(|error| CallError::new(self.operation, Fault::InvalidRequest).with_source(error))
    }
}

impl Inner {
    fn uri(&self, path: &str) -> Result<Uri, CallError> {
        wire::at(&self.base, path)
    }

    /// Whether the login may go to this address.
    fn is_own(&self, uri: &Uri) -> bool {
        location::same_origin(&self.base, uri)
    }

    /// Asks; when the registry wants to know who asks, or a token has ended, once more. Answers that are errors are
    /// returned as such, with `accepted` as the exception.
    async fn ask(
        &self,
        calls: Option<&Calls<'_>>,
        ask: &Ask<'_>,
        accepted: &[StatusCode],
    ) -> Result<Response<Incoming>, CallError> {
        let mut again = true;
        loop {
            let login = if self.is_own(&ask.uri) { self.auth.header(&self.wire, ask.scope).await? } else { None };
            let answer = self.wire.send(ask.operation, ask.request(&ask.uri, login.as_ref())?).await?;
            if answer.status().is_success() || accepted.contains(&answer.status()) {
                return Ok(answer);
            }
            let (headers, error) = self.refusal(ask.operation, answer).await?;
            if !again || !self.is_own(&ask.uri) || !self.is_renewed(&headers, &error, login.as_ref()).await? {
                return Err(error);
            }
            again = false;
            if let Some(calls) = calls {
                calls.count_request();
            }
        }
    }

    async fn refusal(
        &self,
        operation: &'static str,
        answer: Response<Incoming>,
    ) -> Result<(HeaderMap, CallError), CallError> {
        let (status, headers) = (answer.status(), answer.headers().clone());
        // What the answer says beyond its status is a help and not needed.
        let body = self.wire.read(operation, answer, REFUSAL_LIMIT).await.unwrap_or_default();
        let error = if status.is_redirection() {
            CallError::new(operation, Fault::Other)
                .with_http_status(status.as_u16())
                .with_message("the registry leads elsewhere, where this request does not follow")
        } else {
            refused(operation, status, &headers, &body)
        };
        Ok((headers, error))
    }

    async fn is_renewed(
        &self,
        headers: &HeaderMap,
        error: &CallError,
        told: Option<&HeaderValue>,
    ) -> Result<bool, CallError> {
        if !matches!(error.http_status(), Some(401 | 403)) {
            return Ok(false);
        }
        self.auth.refused(&self.wire, headers, error, told).await
    }
}

/// A header as text, if it is one.
fn text(headers: &HeaderMap, name: impl header::AsHeaderName) -> Option<&str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}
