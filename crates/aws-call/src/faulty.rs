//! Calls that go wrong on purpose, one by one, by a script: what a deployment must survive.
//!
//! [`Faults`] is the part that all services share; a service crate has a `Faulty` client around it for its own traits.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::CallError;

/// What goes wrong with one call.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// Nothing.
    None,
    /// `ThrottlingException`; the call has no effect.
    Throttle,
    /// The service's error of HTTP 500; the call has no effect.
    Unavailable,
    /// The connection breaks before the call arrives.
    Cut,
    /// No answer. The call has its effect: the caller cannot know.
    LostAnswer,
    /// The answer of an earlier moment, for calls that look; nothing for those that change something, and nothing for the
    /// first look.
    Stale,
    /// Any other error, by code and message; the call has no effect.
    Error(&'static str, String),
}

/// Faults by operation, in the order of the calls. Calls beyond the end of a list go well.
#[derive(Debug, Default)]
pub struct Script {
    faults: BTreeMap<&'static str, VecDeque<Fault>>,
}

impl Script {
    /// A script without faults.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds faults for the next calls of an operation, as the API names it: `DescribeServices`.
    #[must_use]
    pub fn on(mut self, operation: &'static str, faults: impl IntoIterator<Item = Fault>) -> Self {
        self.faults.entry(operation).or_default().extend(faults);
        self
    }
}

/// A script that is under way.
///
/// ```
/// use aws_call::faulty::{Fault, Faults, Script};
///
/// # fn block_on<F: Future>(future: F) -> F::Output {
/// #     let mut future = std::pin::pin!(future);
/// #     let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
/// #     loop { if let std::task::Poll::Ready(done) = future.as_mut().poll(&mut cx) { return done; } }
/// # }
/// let faults = Faults::new(Script::new().on("StopTask", [Fault::Throttle]), "ServerException");
/// assert!(block_on(faults.call("StopTask", async { Ok(1) })).is_err());
/// assert_eq!(block_on(faults.call("StopTask", async { Ok(1) })).unwrap(), 1);
/// assert_eq!(faults.calls("StopTask"), 2);
/// ```
#[derive(Debug)]
pub struct Faults {
    state: Mutex<State>,
    unavailable: &'static str,
}

#[derive(Debug)]
struct State {
    script: Script,
    calls: BTreeMap<&'static str, usize>,
}

impl Faults {
    /// Begins a script. `unavailable` is the service's code for HTTP 500.
    #[must_use]
    pub fn new(script: Script, unavailable: &'static str) -> Self {
        Self { state: Mutex::new(State { script, calls: BTreeMap::new() }), unavailable }
    }

    /// How often an operation was called.
    #[must_use]
    pub fn calls(&self, operation: &str) -> usize {
        self.lock().calls.get(operation).copied().unwrap_or_default()
    }

    /// Makes a call as the script says.
    ///
    /// # Errors
    /// The fault of this call, or the call's own error.
    pub async fn call<A>(
        &self,
        operation: &'static str,
        call: impl Future<Output = Result<A, CallError>> + Send,
    ) -> Result<A, CallError> {
        let fault = self.begin(operation)?;
        fault.answer(operation, call.await)
    }

    /// Counts a call and takes its fault: for calls that do more than [`Faults::call`] about it.
    ///
    /// # Errors
    /// The fault of a call that must not reach the service.
    pub fn begin(&self, operation: &'static str) -> Result<Fault, CallError> {
        let fault = self.next(operation);
        match &fault {
            Fault::Throttle => Err(CallError::service(operation, "ThrottlingException", "Rate exceeded")),
            Fault::Unavailable => {
                Err(CallError::service(operation, self.unavailable, "Service Unavailable").with_http_status(500))
            }
            Fault::Cut => {
                Err(CallError::new(operation, crate::Fault::Connection).with_message("connection reset by peer"))
            }
            Fault::Error(code, message) => Err(CallError::service(operation, *code, message.clone())),
            Fault::None | Fault::LostAnswer | Fault::Stale => Ok(fault),
        }
    }

    fn next(&self, operation: &'static str) -> Fault {
        let mut state = self.lock();
        *state.calls.entry(operation).or_default() += 1;
        state.script.faults.get_mut(operation).and_then(VecDeque::pop_front).unwrap_or(Fault::None)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing under the lock can panic.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Fault {
    /// What becomes of the service's answer under this fault.
    ///
    /// # Errors
    /// A timeout where the answer is lost, or the call's own error.
    pub fn answer<A>(&self, operation: &'static str, answer: Result<A, CallError>) -> Result<A, CallError> {
        match self {
            Self::LostAnswer => Err(CallError::new(operation, crate::Fault::Timeout).with_message("no answer")),
            _ => answer,
        }
    }
}
