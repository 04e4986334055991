//! Webhooks: what GitHub calls when someone pushes, in place of asking it every minute.
//!
//! [`Webhook`] is the definition, as the service and CloudFormation keep it. What comes in is judged by two questions,
//! [`authenticate`] (feature `serve`: is it from whom it should be?) and [`filter()`] (does it concern this pipeline?), and
//! [`Receiver`] asks both. [`scopes`] tells whether a GitHub token may register webhooks at all.

mod definition;
mod filter;
mod json_path;
#[cfg(feature = "serve")]
mod receive;
pub mod scopes;
#[cfg(feature = "serve")]
mod signature;

#[cfg(feature = "memory")]
pub(crate) use definition::in_range;
pub use definition::{Authentication, Filter, ListedWebhook, Webhook};
pub use filter::filter;
pub use json_path::{JsonPath, JsonPathError};
#[cfg(feature = "serve")]
pub use receive::{Delivery, Receiver, Refusal, Verdict};
#[cfg(feature = "serve")]
pub use signature::{SignatureError, authenticate, sign};
