//! The in-memory registry as an HTTP server on loopback (feature `serve`): skopeo, crane, docker and the AWS CLI can talk to
//! it, and a test can break what they say at any byte.

use std::{fmt, io, sync::Arc};

use async_trait::async_trait;
use aws_call::{
    Secret,
    serve::{AwsJson, HttpService, Request, Response, Server, full},
};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use http::{HeaderMap, StatusCode, header};

use super::{
    MemoryRegistry,
    aws_json::EcrApi,
    distribution::{Distribution, answer, error},
};
use crate::{
    login::Logins,
    reference::{ImageRef, Registry, RepositoryName},
};

/// How a request of HTTP breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum HttpFault {
    /// `429 TOOMANYREQUESTS`, asking to wait for so many seconds if a number is given.
    TooManyRequests(Option<u64>),
    /// Another status, such as 503.
    Status(u16),
    /// The connection is cut when so many bytes of the body have come; what came is kept.
    ResetAt(u64),
    /// The request has its effect, and then the connection is cut.
    CutAfter,
    /// Nothing is ever answered, and no byte of the body is read.
    Stall,
}

/// What a request begins with.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RequestLine {
    /// Such as `PUT`.
    pub method: String,
    /// With its query. For ECR's own API, the operation follows: `/#PutImage`.
    pub path: String,
}

/// How each request breaks, if at all.
type Weather = dyn Fn(&RequestLine) -> Option<HttpFault> + Send + Sync;

/// How the server behaves.
#[derive(Clone, Default)]
#[non_exhaustive]
pub struct ServeOptions {
    auth: Option<Scheme>,
    faults: Option<Arc<Weather>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scheme {
    Basic,
    Bearer,
}

impl fmt::Debug for ServeOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServeOptions").field("auth", &self.auth).finish_non_exhaustive()
    }
}

impl ServeOptions {
    /// Wants a token of `GetAuthorizationToken` as the password with every request, as ECR does.
    #[must_use]
    pub const fn with_basic_login(mut self) -> Self {
        self.auth = Some(Scheme::Basic);
        self
    }

    /// Wants a token of its own, given for such a password, as ECR Public does.
    #[must_use]
    pub const fn with_bearer_login(mut self) -> Self {
        self.auth = Some(Scheme::Bearer);
        self
    }

    /// Asks `faults` before each request how it breaks, if at all.
    #[must_use]
    pub fn with_faults(mut self, faults: impl Fn(&RequestLine) -> Option<HttpFault> + Send + Sync + 'static) -> Self {
        self.faults = Some(Arc::new(faults));
        self
    }
}

/// A registry that listens on 127.0.0.1 until it is dropped.
#[derive(Debug)]
pub struct RegistryServer {
    server: Server,
    host: Registry,
}

impl RegistryServer {
    /// Where it listens, as a registry in an image's name.
    #[must_use]
    pub const fn host(&self) -> &Registry {
        &self.host
    }

    /// `http://127.0.0.1:PORT`, the endpoint for ECR's own API.
    #[must_use]
    pub fn url(&self) -> String {
        self.server.url()
    }

    /// The name of a repository here.
    #[must_use]
    pub fn repository(&self, name: &RepositoryName) -> ImageRef {
        ImageRef::new(self.host.clone(), name.clone())
    }
}

impl MemoryRegistry {
    /// Serves this registry on a free port of 127.0.0.1: the OCI Distribution API under `/v2/`, and ECR's own API by the
    /// protocol `awsJson1.1` (target prefix `AmazonEC2ContainerRegistry_V20150921`; signatures are not looked at).
    ///
    /// Needs a tokio runtime with IO and time enabled.
    ///
    /// # Errors
    /// [`io::Error`] if no port can be bound.
    pub async fn serve(&self, options: ServeOptions) -> io::Result<RegistryServer> {
        let front = Front { registry: self.clone(), options, api: AwsJson::new(EcrApi::new(self.clone())) };
        let server = Server::start(Arc::new(front)).await?;
        let host = Registry::parse(&server.address().to_string()).map_err(io::Error::other)?;
        Ok(RegistryServer { server, host })
    }
}

struct Front {
    registry: MemoryRegistry,
    options: ServeOptions,
    api: AwsJson<EcrApi>,
}

#[async_trait]
impl HttpService for Front {
    async fn answer(&self, request: Request) -> io::Result<Response> {
        let operation = request.headers().get("x-amz-target").and_then(|target| target.to_str().ok());
        let operation = operation.and_then(|target| target.rsplit_once('.')).map(|(_, operation)| operation.to_owned());
        let mut line = RequestLine { method: request.method().to_string(), path: request.uri().to_string() };
        if let Some(operation) = &operation {
            line.path = format!("/#{operation}");
        }
        let fault = self.options.faults.as_ref().and_then(|faults| faults(&line));
        let mut reset_at = None;
        match fault {
            Some(HttpFault::TooManyRequests(seconds)) => return too_many(operation.is_some(), seconds),
            Some(HttpFault::Status(status)) => return unavailable(operation.is_some(), status),
            Some(HttpFault::Stall) => std::future::pending::<()>().await,
            Some(HttpFault::ResetAt(byte)) => reset_at = Some(byte),
            Some(HttpFault::CutAfter) | None => {}
        }
        let answer = if operation.is_some() {
            if reset_at.is_some() {
                return Err(cut());
            }
            self.api.answer(request).await
        } else {
            self.distribution(request, reset_at).await
        };
        if fault == Some(HttpFault::CutAfter) { answer.and(Err(cut())) } else { answer }
    }
}

pub(super) fn cut() -> io::Error {
    io::Error::new(io::ErrorKind::ConnectionReset, "cut on purpose")
}

fn too_many(api: bool, seconds: Option<u64>) -> io::Result<Response> {
    let mut answer = if api {
        api_error(400, "ThrottlingException", "Rate exceeded")?
    } else {
        error(StatusCode::TOO_MANY_REQUESTS, "TOOMANYREQUESTS", "Rate exceeded")?
    };
    if let Some(seconds) = seconds {
        answer.headers_mut().insert(header::RETRY_AFTER, seconds.into());
    }
    Ok(answer)
}

fn unavailable(api: bool, status: u16) -> io::Result<Response> {
    if api {
        return api_error(status, "ServerException", "These errors are usually caused by a server-side issue.");
    }
    let status = StatusCode::from_u16(status).map_err(io::Error::other)?;
    answer(status, &[], full("<html>unavailable</html>"))
}

fn api_error(status: u16, code: &str, message: &str) -> io::Result<Response> {
    let body = serde_json::json!({ "__type": code, "message": message }).to_string();
    let status = StatusCode::from_u16(status).map_err(io::Error::other)?;
    answer(status, &[("content-type", "application/x-amz-json-1.1".to_owned())], full(body))
}

/// Who asks.
enum Told {
    Nothing,
    Wrong,
    Ended,
    Right,
}

impl Front {
    async fn distribution(&self, request: Request, reset_at: Option<u64>) -> io::Result<Response> {
        if request.uri().path() == "/token" && self.options.auth == Some(Scheme::Bearer) {
            return self.token(request.headers()).await;
        }
        if let Some(scheme) = self.options.auth {
            let prefix = if scheme == Scheme::Basic { "Basic " } else { "Bearer " };
            match self.told(request.headers(), prefix) {
                Told::Right => {}
                // ECR's own words, which are no JSON.
                Told::Ended => {
                    let words = "Your authorization token has expired. Reauthenticate and try again.";
                    return answer(StatusCode::FORBIDDEN, &[], full(words));
                }
                Told::Nothing | Told::Wrong => return self.who_are_you(scheme, request.headers()),
            }
        }
        Distribution { registry: &self.registry, reset_at }.answer(request).await
    }

    fn who_are_you(&self, scheme: Scheme, headers: &HeaderMap) -> io::Result<Response> {
        let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
        let challenge = match scheme {
            Scheme::Basic => format!("Basic realm=\"http://{host}/\",service=\"ecr.amazonaws.com\""),
            Scheme::Bearer => format!("Bearer realm=\"http://{host}/token\",service=\"{host}\""),
        };
        let mut refused = error(StatusCode::UNAUTHORIZED, "UNAUTHORIZED", "authentication required")?;
        refused.headers_mut().insert(header::WWW_AUTHENTICATE, challenge.try_into().map_err(io::Error::other)?);
        Ok(refused)
    }

    fn told(&self, headers: &HeaderMap, prefix: &str) -> Told {
        let Some(told) = headers.get(header::AUTHORIZATION).and_then(|told| told.to_str().ok()) else {
            return Told::Nothing;
        };
        let Some(token) = told.strip_prefix(prefix) else { return Told::Wrong };
        let token = match prefix {
            "Basic " => {
                let text = BASE64_STANDARD.decode(token).ok().and_then(|bytes| String::from_utf8(bytes).ok());
                text.as_deref().and_then(|text| text.strip_prefix("AWS:")).map(str::to_owned)
            }
            _ => Some(token.to_owned()),
        };
        let end = token.and_then(|token| self.registry.lock().tokens.get(&token).copied());
        match end {
            None => Told::Wrong,
            Some(end) if end <= self.registry.clock.now() => Told::Ended,
            Some(_) => Told::Right,
        }
    }

    async fn token(&self, headers: &HeaderMap) -> io::Result<Response> {
        if !matches!(self.told(headers, "Basic "), Told::Right) {
            return error(StatusCode::UNAUTHORIZED, "UNAUTHORIZED", "incorrect username or password");
        }
        let token: Option<Secret> = self.registry.login().await.map_err(io::Error::other)?.map(|login| login.password);
        let token = token.ok_or_else(cut)?;
        let body = serde_json::json!({ "token": token.expose(), "expires_in": 300 }).to_string();
        answer(StatusCode::OK, &[("content-type", "application/json".to_owned())], full(body))
    }
}
