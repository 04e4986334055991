//! The error of one call: which operation, what kind of fault, the service's own words, and what to do about it.
//!
//! Service crates return this type from their client traits, so a fake and the real service fail alike, and nothing above
//! them ever sees a type of the SDK.

use std::{error::Error, fmt, time::Duration};

use crate::{
    codes,
    hint::{self, Hint, Retry},
};

/// What kind of fault ended a call. Whether to try again is a second question: [`CallError::is_retryable`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Fault {
    /// Too many requests: later the same call will pass.
    Throttled,
    /// The service failed or is overloaded (HTTP 5xx).
    Unavailable,
    /// No answer in time. The call may have had its effect.
    Timeout,
    /// The service was not reached, or the connection broke.
    Connection,
    /// What the call names does not exist.
    NotFound,
    /// What the call would create exists.
    AlreadyExists,
    /// The resource is not in a state that allows the call, or someone else is changing it.
    Conflict,
    /// The service refuses the request as it is written.
    InvalidRequest,
    /// The caller is known and not allowed to do this.
    AccessDenied,
    /// The caller is not known: credentials are missing, wrong or expired.
    Credentials,
    /// A quota is used up. Unlike a throttle it does not pass by itself.
    LimitExceeded,
    /// This implementation of the client does not offer the operation.
    Unsupported,
    /// None of the above.
    Other,
}

impl Fault {
    /// Whether the same call can succeed later without anyone changing anything.
    #[must_use]
    pub const fn is_retryable(self) -> bool {
        matches!(self, Self::Throttled | Self::Unavailable | Self::Timeout | Self::Connection)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Throttled => "too many requests",
            Self::Unavailable => "the service is unavailable",
            Self::Timeout => "no answer in time",
            Self::Connection => "the service could not be reached",
            Self::NotFound => "not found",
            Self::AlreadyExists => "already exists",
            Self::Conflict => "conflict with the state of the resource",
            Self::InvalidRequest => "the request is not valid",
            Self::AccessDenied => "access denied",
            Self::Credentials => "the credentials are missing, wrong or expired",
            Self::LimitExceeded => "a quota is used up",
            Self::Unsupported => "this client does not offer the operation",
            Self::Other => "unexpected error",
        })
    }
}

/// One call of a service failed.
///
/// `Display` is one sentence; neither it nor `Debug` ever shows the raw response, which can carry tokens.
///
/// ```
/// use aws_call::{CallError, Fault};
///
/// let error = CallError::service("PutImage", "LayersNotFoundException", "layer sha256:… is missing")
///     .with_request_id("5f8a");
/// assert_eq!(error.fault(), Fault::NotFound);
/// assert_eq!(
///     error.to_string(),
///     "PutImage failed: LayersNotFoundException: layer sha256:… is missing (request id 5f8a)",
/// );
/// ```
pub struct CallError(Box<Inner>);

// Every fallible function of every crate carries this in its `Result`.
const _: () = assert!(size_of::<CallError>() == 8);

struct Inner {
    operation: &'static str,
    fault: Fault,
    code: Option<String>,
    message: Option<String>,
    request_id: Option<String>,
    http_status: Option<u16>,
    retry_after: Option<Duration>,
    source: Option<Box<dyn Error + Send + Sync>>,
}

impl CallError {
    /// An error of `operation` without further detail.
    #[must_use]
    pub fn new(operation: &'static str, fault: Fault) -> Self {
        Self(Box::new(Inner {
            operation,
            fault,
            code: None,
            message: None,
            request_id: None,
            http_status: None,
            retry_after: None,
            source: None,
        }))
    }

    /// An error as the service words it; the fault follows from the code and, for codes that say little, the message.
    /// This is what in-memory services use.
    #[must_use]
    pub fn service(operation: &'static str, code: impl Into<String>, message: impl Into<String>) -> Self {
        let mut error = Self::new(operation, Fault::Other).with_code(code).with_message(message);
        error.0.fault = error.derived_fault();
        error
    }

    /// The client does not offer `operation`: what default methods of client traits return.
    #[must_use]
    pub fn unsupported(operation: &'static str) -> Self {
        Self::new(operation, Fault::Unsupported)
    }

    /// Sets the service's error code, without namespace or URI. The fault stays as it is.
    #[must_use]
    pub fn with_code(mut self, code: impl Into<String>) -> Self {
        let code = code.into();
        let bare = codes::bare(&code);
        self.0.code = Some(if bare.len() == code.len() { code } else { bare.to_owned() });
        self
    }

    /// Sets the service's message. An empty one counts as none.
    #[must_use]
    pub fn with_message(mut self, message: impl Into<String>) -> Self {
        self.0.message = Some(message.into()).filter(|message| !message.is_empty());
        self
    }

    /// Sets the id under which the service has logged the request.
    #[must_use]
    pub fn with_request_id(mut self, request_id: impl Into<String>) -> Self {
        self.0.request_id = Some(request_id.into());
        self
    }

    /// Sets the status of the HTTP response. The fault stays as it is.
    #[must_use]
    pub fn with_http_status(mut self, status: u16) -> Self {
        self.0.http_status = Some(status);
        self
    }

    /// Sets how long the service asks to wait before the next attempt.
    #[must_use]
    pub fn with_retry_after(mut self, retry_after: Duration) -> Self {
        self.0.retry_after = Some(retry_after);
        self
    }

    /// Sets the underlying error.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// Replaces the fault by the one that code, message and HTTP status stand for.
    #[must_use]
    pub fn classified(mut self) -> Self {
        self.0.fault = self.derived_fault();
        self
    }

    /// The operation, as the service's API names it.
    #[must_use]
    pub fn operation(&self) -> &'static str {
        self.0.operation
    }

    /// The kind of fault.
    #[must_use]
    pub fn fault(&self) -> Fault {
        self.0.fault
    }

    /// The service's error code, such as `RepositoryNotFoundException`.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        self.0.code.as_deref()
    }

    /// The service's own words.
    #[must_use]
    pub fn message(&self) -> Option<&str> {
        self.0.message.as_deref()
    }

    /// The id under which the service has logged the request: what AWS support asks for.
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        self.0.request_id.as_deref()
    }

    /// The status of the HTTP response, if there was one.
    #[must_use]
    pub fn http_status(&self) -> Option<u16> {
        self.0.http_status
    }

    /// How long the service asks to wait before the next attempt.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// Whether the same call can succeed later without anyone changing anything: throttles, server errors, timeouts
    /// and broken connections.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        self.0.fault.is_retryable()
    }

    /// Whether another attempt is worth it, the [hint](Self::hint) included: [`Retry::Bounded`] marks errors that pass
    /// once another service has caught up, or never.
    #[must_use]
    pub fn retry(&self) -> Retry {
        if self.is_retryable() { Retry::Yes } else { self.hint().map_or(Retry::No, |hint| hint.retry) }
    }

    /// What the error means and what to do, if it is a known one.
    #[must_use]
    pub fn hint(&self) -> Option<&'static Hint> {
        hint::find(self.code()?, self.message().unwrap_or_default())
    }

    fn derived_fault(&self) -> Fault {
        codes::classify(self.code(), self.message(), self.http_status())
    }
}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = &*self.0;
        write!(f, "{} failed: ", inner.operation)?;
        match (&inner.code, &inner.message) {
            (Some(code), Some(message)) => write!(f, "{code}: {message}")?,
            (Some(text), None) | (None, Some(text)) => f.write_str(text)?,
            (None, None) => inner.fault.fmt(f)?,
        }
        match &inner.request_id {
            Some(id) => write!(f, " (request id {id})"),
            None => Ok(()),
        }
    }
}

/// The text of each error behind `error`: a source's `Debug` could print a whole response.
struct Chain<'a>(&'a (dyn Error + 'static));

impl fmt::Debug for Chain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let texts = std::iter::successors(Some(self.0), |&error| error.source()).map(ToString::to_string);
        f.debug_list().entries(texts).finish()
    }
}

impl fmt::Debug for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = &*self.0;
        f.debug_struct("CallError")
            .field("operation", &inner.operation)
            .field("fault", &inner.fault)
            .field("code", &inner.code)
            .field("message", &inner.message)
            .field("request_id", &inner.request_id)
            .field("http_status", &inner.http_status)
            .field("retry_after", &inner.retry_after)
            .field("source", &self.source().map(Chain))
            .finish()
    }
}

impl Error for CallError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}
