//! Addresses: where a `Location` leads, and whether it is the same host. A login goes to the host it is for and to no other.

use http::Uri;

/// Where `location` leads from `base`: an absolute address, or a path with a query.
pub(super) fn resolve(base: &Uri, location: &str) -> Result<Uri, String> {
    let shown = || location.chars().take(200).collect::<String>();
    let bad = |why: &str| format!("the registry leads to `{}`: {why}", shown());
    let text = if location.starts_with("http://") || location.starts_with("https://") {
        location.to_owned()
    } else if let Some(rest) = location.strip_prefix("//") {
        format!("{}://{rest}", base.scheme_str().unwrap_or("https"))
    } else if location.starts_with('/') {
        format!("{}{location}", origin(base))
    } else if location.contains("://") {
        return Err(bad("only http and https are followed"));
    } else {
        let path = base.path();
        let folder = &path[..=path.rfind('/').unwrap_or(0)];
        format!("{}{folder}{location}", origin(base))
    };
    // A fragment is not sent.
    let text = text.split_once('#').map_or(text.as_str(), |(text, _)| text);
    let uri: Uri = text.parse().map_err(|_| bad("that is no address"))?;
    let Some(authority) = uri.authority() else { return Err(bad("it has no host")) };
    if authority.as_str().contains('@') {
        return Err(bad("addresses with a name and password are not followed"));
    }
    if base.scheme_str() == Some("https") && uri.scheme_str() != Some("https") {
        return Err(bad("that would leave TLS"));
    }
    Ok(uri)
}

/// `uri` with one more parameter in its query.
pub(super) fn with_parameter(uri: &Uri, name: &str, value: &str) -> Result<Uri, String> {
    let joint = match uri.query() {
        None => "?",
        Some(query) if query.is_empty() || query.ends_with('&') => "",
        Some(_) => "&",
    };
    format!("{uri}{joint}{name}={value}").parse().map_err(|_| format!("`{uri}` takes no parameter `{name}`"))
}

/// Whether both addresses have the same scheme, host and port.
pub(super) fn same_origin(one: &Uri, other: &Uri) -> bool {
    let key = |uri: &Uri| (uri.scheme_str().map(str::to_owned), uri.host().map(str::to_ascii_lowercase), port(uri));
    key(one) == key(other)
}

/// Whether a host is this machine: plain HTTP to it stays on it.
pub(super) fn is_loopback(host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost")
        || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// What stands for `text` in a query.
pub(super) fn encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~:/,".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded += &format!("%{byte:02X}");
        }
    }
    encoded
}

fn origin(uri: &Uri) -> String {
    let authority = uri.authority().map_or("", http::uri::Authority::as_str);
    format!("{}://{authority}", uri.scheme_str().unwrap_or("https"))
}

fn port(uri: &Uri) -> Option<u16> {
    uri.port_u16().or_else(|| match uri.scheme_str() {
        Some("http") => Some(80),
        Some("https") => Some(443),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_locations_lead() {
        let base: Uri = "https://r.example/v2/a/blobs/uploads/".parse().unwrap();
        for (location, expected) in [
            ("/v2/a/blobs/uploads/1?_state=x", Ok("https://r.example/v2/a/blobs/uploads/1?_state=x")),
            ("1?s=2", Ok("https://r.example/v2/a/blobs/uploads/1?s=2")),
            ("https://other.example/x#y", Ok("https://other.example/x")),
            ("//other.example/x", Ok("https://other.example/x")),
            ("http://r.example/x", Err("leave TLS")),
            ("file:///etc/passwd", Err("only http")),
            ("https://user:pass@other.example/", Err("name and password")),
            ("https:///x", Err("no address")),
            ("/a b", Err("no address")),
        ] {
            match (resolve(&base, location), expected) {
                (Ok(uri), Ok(expected)) => assert_eq!(uri.to_string(), expected, "{location}"),
                (Err(error), Err(words)) => assert!(error.contains(words), "{location}: {error}"),
                (found, _) => panic!("{location}: {found:?}"),
            }
        }
    }

    #[test]
    fn parameters_are_added() {
        for (uri, expected) in [
            ("http://h/p", "http://h/p?digest=sha256:1"),
            ("http://h/p?a=b", "http://h/p?a=b&digest=sha256:1"),
            ("http://h/p?", "http://h/p?digest=sha256:1"),
        ] {
            assert_eq!(with_parameter(&uri.parse().unwrap(), "digest", "sha256:1").unwrap().to_string(), expected);
        }
        assert_eq!(encoded("repository:a/b:pull,push é"), "repository:a/b:pull,push%20%C3%A9");
    }

    #[test]
    fn origins_and_loopback() {
        let same = |one: &str, other: &str| same_origin(&one.parse().unwrap(), &other.parse().unwrap());
        assert!(same("https://A.example/x", "https://a.example:443/y"));
        assert!(!same("https://a.example/", "http://a.example/"));
        assert!(!same("http://127.0.0.1:1/", "http://127.0.0.1:2/"));
        assert!(!same("https://a.example/", "https://a.example.evil.example/"));
        for (host, expected) in [
            ("localhost", true),
            ("127.0.0.9", true),
            ("[::1]", true),
            ("127.0.0.1.example", false),
            ("10.0.0.1", false),
        ] {
            assert_eq!(is_loopback(host), expected, "{host}");
        }
    }
}
