//! A webhook's definition, and how it is listed.

#[cfg(any(feature = "serve", feature = "memory"))]
use std::net::IpAddr;
use std::time::SystemTime;

use aws_call::Secret;
use serde::{Deserialize, Serialize};

/// A webhook, in the words of the API.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Webhook {
    /// The name, unique in the account and region.
    pub name: String,
    /// The pipeline that it starts.
    pub target_pipeline: String,
    /// The source action whose configuration fills the placeholders of the filters.
    pub target_action: String,
    /// At most five, which must all match.
    pub filters: Vec<Filter>,
    /// How a caller shows who it is.
    pub authentication: Authentication,
}

impl Webhook {
    /// A webhook without filters.
    pub fn new(
        name: impl Into<String>,
        target_pipeline: impl Into<String>,
        target_action: impl Into<String>,
        authentication: Authentication,
    ) -> Self {
        Self {
            name: name.into(),
            target_pipeline: target_pipeline.into(),
            target_action: target_action.into(),
            filters: Vec::new(),
            authentication,
        }
    }

    /// The same webhook with one more filter.
    #[must_use]
    pub fn with_filter(mut self, filter: Filter) -> Self {
        self.filters.push(filter);
        self
    }
}

/// What part of a call must have which value.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Filter {
    /// Which part of the body, such as `$.ref`.
    pub json_path: String,
    /// What it must be; `{Branch}` stands for that setting of the target action. Absent means: it must be there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub match_equals: Option<String>,
}

impl Filter {
    /// The part at `json_path` must equal `match_equals`.
    pub fn new(json_path: impl Into<String>, match_equals: impl Into<String>) -> Self {
        Self { json_path: json_path.into(), match_equals: Some(match_equals.into()) }
    }

    /// Pushes to the branch of the target action: `$.ref` equals `refs/heads/{Branch}`.
    #[must_use]
    pub fn branch_of_target() -> Self {
        Self::new("$.ref", "refs/heads/{Branch}")
    }
}

/// How a caller shows who it is.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Authentication {
    /// `GITHUB_HMAC`: the body is signed with this secret.
    GitHubHmac(Secret),
    /// `IP`: calls come from this range, such as `192.0.2.0/24`.
    Ip(String),
    /// `UNAUTHENTICATED`: anyone may call.
    Unauthenticated,
}

impl Authentication {
    /// The word of the service.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::GitHubHmac(_) => "GITHUB_HMAC",
            Self::Ip(_) => "IP",
            Self::Unauthenticated => "UNAUTHENTICATED",
        }
    }
}

/// Whether an address lies in a range in CIDR notation, or is the one address; `None` if the range cannot be read.
#[cfg(any(feature = "serve", feature = "memory"))]
pub(crate) fn in_range(range: &str, address: IpAddr) -> Option<bool> {
    let (base, bits) = match range.split_once('/') {
        Some((base, bits)) => (base, Some(bits)),
        None => (range, None),
    };
    let base: IpAddr = base.trim().parse().ok()?;
    let width = if base.is_ipv4() { 32 } else { 128 };
    let bits: u32 = bits.map_or(Some(width), |bits| bits.trim().parse().ok())?;
    if bits > width {
        return None;
    }
    // A caller behind a dual-stack listener has its IPv4 address inside an IPv6 one.
    let number = |address: IpAddr| match address.to_canonical() {
        IpAddr::V4(address) => (32, u128::from(address.to_bits())),
        IpAddr::V6(address) => (128, address.to_bits()),
    };
    let ((base_width, base), (address_width, address)) = (number(base), number(address));
    let shift = width - bits;
    let network = |number: u128| number.checked_shr(shift).unwrap_or(0);
    Some(base_width == address_width && network(base) == network(address))
}

/// A webhook as the service lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ListedWebhook {
    /// The definition; secrets are hidden.
    pub webhook: Webhook,
    /// Where it is called. Whoever has it can call, so treat it as half a secret.
    pub url: String,
    /// Its ARN.
    pub arn: Option<String>,
    /// When it was last called with success.
    pub last_triggered: Option<SystemTime>,
    /// What went wrong with it, by code and message.
    pub error: Option<(String, String)>,
}

impl ListedWebhook {
    /// A webhook under a URL.
    pub fn new(webhook: Webhook, url: impl Into<String>) -> Self {
        Self { webhook, url: url.into(), arn: None, last_triggered: None, error: None }
    }
}

#[cfg(all(test, any(feature = "serve", feature = "memory")))]
mod tests {
    use super::*;

    #[test]
    fn ranges() {
        for (range, address, want) in [
            ("192.0.2.0/24", "192.0.2.7", Some(true)),
            ("192.0.2.0/24", "192.0.3.7", Some(false)),
            ("192.0.2.7", "192.0.2.7", Some(true)),
            ("0.0.0.0/0", "203.0.113.9", Some(true)),
            ("2001:db8::/32", "2001:db8:1::1", Some(true)),
            ("::/0", "2001:db8:1::1", Some(true)),
            ("::/0", "192.0.2.1", Some(false)),
            ("192.0.2.0/24", "::ffff:192.0.2.9", Some(true)),
            ("192.0.2.0/33", "192.0.2.7", None),
            ("192.0.2/24", "192.0.2.7", None),
            ("", "192.0.2.7", None),
        ] {
            assert_eq!(in_range(range, address.parse().unwrap()), want, "{range} {address}");
        }
    }
}
