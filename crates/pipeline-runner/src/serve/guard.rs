//! Who may talk to the endpoint: programs of this machine, and its own page; no page of anybody else.
//!
//! A browser lets every page send requests to loopback. What it cannot forge are the headers `Host`, `Origin` and
//! `Sec-Fetch-Site`, so these decide: a foreign `Host` is a name that was made to point here (DNS rebinding), a foreign
//! `Origin` is another page. That nothing answers with CORS headers keeps other pages from reading, and from sending the
//! headers that the API and the page's token need. Programs outside a browser send none of them but `Host`.

use std::fmt;

use aws_call::{IdSource, Secret};
use hyper::header::{HOST, HeaderMap, HeaderValue, ORIGIN};
use hyper::{Method, StatusCode};
use ring::hmac;

/// Names under which a machine talks to itself.
const LOOPBACK: [&str; 3] = ["127.0.0.1", "[::1]", "localhost"];

/// Why a request is turned away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Turned {
    pub(super) status: StatusCode,
    pub(super) message: &'static str,
}

/// Lets a request pass, or says why not.
pub(super) fn admit(method: &Method, path: &str, headers: &HeaderMap) -> Result<(), Turned> {
    let turned = |status, message| Err(Turned { status, message });
    let Some(host) = only(headers, HOST.as_str()) else {
        return turned(StatusCode::BAD_REQUEST, "a request needs exactly one Host header");
    };
    if !LOOPBACK.contains(&without_port(host)) {
        return turned(StatusCode::MISDIRECTED_REQUEST, "this endpoint answers to 127.0.0.1, [::1] and localhost only");
    }
    if headers.contains_key(ORIGIN)
        && only(headers, ORIGIN.as_str()).and_then(|origin| origin.strip_prefix("http://")) != Some(host)
    {
        return turned(StatusCode::FORBIDDEN, "requests of other pages are refused");
    }
    // Somebody may follow a link to the page: it shows nothing yet, and nobody can put it into a frame.
    let follows_link = method == Method::GET && path == "/" && only(headers, "sec-fetch-mode") == Some("navigate");
    let own = matches!(only(headers, "sec-fetch-site"), Some("same-origin" | "none"));
    if headers.contains_key("sec-fetch-site") && !own && !follows_link {
        return turned(StatusCode::FORBIDDEN, "requests of other pages are refused");
    }
    Ok(())
}

/// The value of a header that is there once.
pub(super) fn only<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let mut all = headers.get_all(name).iter().map(HeaderValue::to_str);
    let first = all.next()?.ok()?;
    all.next().is_none().then_some(first)
}

fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    }
}

/// What the page must know to change anything.
#[derive(Clone)]
pub struct PageToken(Secret);

impl PageToken {
    /// A new one of 128 random bits.
    pub fn random(ids: &dyn IdSource) -> Self {
        Self(Secret::new(ids.hex(32)))
    }

    /// The token itself: for whoever may approve, and for nothing that is kept.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose()
    }

    /// Whether this is the token; takes the same time for every wrong one.
    pub(super) fn is(&self, given: &str) -> bool {
        let key = hmac::Key::new(hmac::HMAC_SHA256, self.expose().as_bytes());
        let own = hmac::sign(&key, self.expose().as_bytes());
        hmac::verify(&key, given.as_bytes(), own.as_ref()).is_ok()
    }
}

impl fmt::Debug for PageToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PageToken(****)")
    }
}

#[cfg(test)]
mod tests {
    use aws_call::SequenceIds;
    use hyper::header::HeaderName;

    use super::*;

    fn status(method: &Method, path: &str, headers: &[(&'static str, &'static str)]) -> u16 {
        let headers: HeaderMap = headers
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
            .collect();
        admit(method, path, &headers).map_or_else(|turned| turned.status.as_u16(), |()| 200)
    }

    #[test]
    fn only_this_machine_and_its_own_page_are_heard() {
        for (want, headers) in [
            (200, &[("host", "127.0.0.1:4000")] as &[_]),
            (200, &[("host", "localhost:4000")]),
            (200, &[("host", "[::1]:4000")]),
            (200, &[("host", "127.0.0.1")]),
            (400, &[]),
            (421, &[("host", "evil.example:4000")]),
            (421, &[("host", "127.0.0.1.evil.example:4000")]),
            (421, &[("host", "localhost.:4000")]),
            (421, &[("host", "")]),
            (200, &[("host", "127.0.0.1:4000"), ("origin", "http://127.0.0.1:4000")]),
            (403, &[("host", "127.0.0.1:4000"), ("origin", "http://127.0.0.1:4001")]),
            (403, &[("host", "127.0.0.1:4000"), ("origin", "http://localhost:4000")]),
            (403, &[("host", "127.0.0.1:4000"), ("origin", "https://evil.example")]),
            (403, &[("host", "127.0.0.1:4000"), ("origin", "null")]),
            (200, &[("host", "127.0.0.1:4000"), ("sec-fetch-site", "same-origin")]),
            (200, &[("host", "127.0.0.1:4000"), ("sec-fetch-site", "none")]),
            (403, &[("host", "127.0.0.1:4000"), ("sec-fetch-site", "same-site")]),
            (403, &[("host", "127.0.0.1:4000"), ("sec-fetch-site", "cross-site")]),
        ] {
            assert_eq!(status(&Method::POST, "/page/act", headers), want, "{headers:?}");
        }
        let followed = [("host", "127.0.0.1:4000"), ("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "navigate")];
        assert_eq!(status(&Method::GET, "/", &followed), 200);
        assert_eq!(status(&Method::GET, "/page/view", &followed), 403);
        assert_eq!(status(&Method::POST, "/", &followed), 403);
    }

    #[test]
    fn two_hosts_are_none() {
        let mut headers = HeaderMap::new();
        headers.append(HOST, HeaderValue::from_static("127.0.0.1"));
        headers.append(HOST, HeaderValue::from_static("evil.example"));
        assert!(admit(&Method::GET, "/", &headers).is_err());
    }

    #[test]
    fn a_token_is_known_and_not_shown() {
        let token = PageToken::random(&SequenceIds::new(1));
        assert!(token.is(token.expose()) && token.expose().len() == 32);
        assert!(!token.is("") && !token.is(&token.expose()[1..]) && !token.is(&token.expose().to_uppercase()));
        assert!(!format!("{token:?}").contains(token.expose()));
    }
}
