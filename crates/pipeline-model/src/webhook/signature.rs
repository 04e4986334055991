//! Whether a call is from whom it should be: GitHub's signatures over the body, and addresses.
//!
//! The comparison takes the same time wherever two signatures differ; that is the library's, not ours.

use std::net::IpAddr;

use aws_call::Secret;
use ring::hmac;

use super::definition::in_range;
use super::{Authentication, Delivery};

/// Why a call is not believed. The sentence holds neither signature nor secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SignatureError {
    /// There is no header `X-Hub-Signature-256` or `X-Hub-Signature`.
    Missing,
    /// The header is not `sha256=` or `sha1=` and hexadecimal digits.
    Malformed,
    /// The body was signed with another secret, or changed on the way.
    Wrong,
    /// The webhook has no secret.
    NoSecret,
    /// The caller's address is not in the webhook's range.
    Address,
    /// The webhook's range of addresses cannot be read.
    Range,
}

impl std::fmt::Display for SignatureError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Missing => "the call has no signature: set a secret where the webhook is registered",
            Self::Malformed => "the call's signature is not `sha256=` or `sha1=` and hexadecimal digits",
            Self::Wrong => {
                "the call's signature does not fit the webhook's secret: register the webhook again after changing it"
            }
            Self::NoSecret => "the webhook has no secret, so nobody can be believed",
            Self::Address => "the caller's address is not in the webhook's range",
            Self::Range => "the webhook's range of addresses cannot be read",
        })
    }
}

impl std::error::Error for SignatureError {}

/// Whether a call is what the webhook's authentication asks for.
///
/// Of the two signatures that GitHub sends, the one over SHA-256 counts if it is there; the one over SHA-1 only
/// otherwise. So an attacker who can forge the weak one gains nothing.
///
/// # Errors
/// Why it is not.
pub fn authenticate(authentication: &Authentication, call: &Delivery<'_>) -> Result<(), SignatureError> {
    match authentication {
        Authentication::GitHubHmac(secret) => {
            let (algorithm, prefix, header) = match (call.signature_256, call.signature) {
                (Some(header), _) => (hmac::HMAC_SHA256, "sha256=", header),
                (None, Some(header)) => (hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, "sha1=", header),
                (None, None) => return Err(SignatureError::Missing),
            };
            verify(algorithm, prefix, secret, header, call.body)
        }
        Authentication::Ip(range) => match call.address.map(|address| allowed(range, address)) {
            Some(Some(true)) => Ok(()),
            Some(None) => Err(SignatureError::Range),
            Some(Some(false)) | None => Err(SignatureError::Address),
        },
        Authentication::Unauthenticated => Ok(()),
    }
}

fn allowed(range: &str, address: IpAddr) -> Option<bool> {
    in_range(range, address)
}

fn verify(
    algorithm: hmac::Algorithm,
    prefix: &str,
    secret: &Secret,
    header: &str,
    body: &[u8],
) -> Result<(), SignatureError> {
    if secret.is_empty() {
        return Err(SignatureError::NoSecret);
    }
    let digits = header.trim().strip_prefix(prefix).ok_or(SignatureError::Malformed)?;
    let signature = hex(digits).ok_or(SignatureError::Malformed)?;
    let key = hmac::Key::new(algorithm, secret.expose().as_bytes());
    hmac::verify(&key, body, &signature).map_err(|_| SignatureError::Wrong)
}

/// Pairs of hexadecimal digits as bytes; at most 64 of them, as no signature is longer.
fn hex(digits: &str) -> Option<Vec<u8>> {
    let digits = digits.as_bytes();
    if digits.is_empty() || digits.len() > 128 || !digits.len().is_multiple_of(2) {
        return None;
    }
    let value = |digit: u8| char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok());
    digits.chunks_exact(2).map(|pair| Some(value(pair[0])? << 4 | value(pair[1])?)).collect()
}

/// The header `X-Hub-Signature-256` for a body: for tests, and for whoever sends such calls.
#[must_use]
pub fn sign(secret: &Secret, body: &[u8]) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.expose().as_bytes());
    let mut out = String::from("sha256=");
    for byte in hmac::sign(&key, body).as_ref() {
        out.push_str(&format!("{byte:02x}"));
    }
    out
}
