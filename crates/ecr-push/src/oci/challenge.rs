//! What a registry says when it wants to know who asks: the header `WWW-Authenticate` (RFC 9110, section 11.6.1; the
//! parameters of `Bearer` as in the Docker Registry token specification).

/// How to say who one is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Challenge {
    /// By name and password with every request.
    Basic,
    /// By a token that the address `realm` gives.
    Bearer { realm: String, service: Option<String>, scope: Option<String> },
}

impl Challenge {
    /// The first challenge that is understood; `Bearer` goes before `Basic`.
    pub(super) fn parse<'a>(headers: impl Iterator<Item = &'a str>) -> Option<Self> {
        let mut found = None;
        for header in headers {
            // Parameters may hold commas within quotes, so the schemes are found by reading, not by splitting.
            let mut rest = header;
            while let Some((scheme, parameters, after)) = one(rest) {
                if scheme.eq_ignore_ascii_case("bearer") {
                    let get = |name: &str| {
                        parameters
                            .iter()
                            .find(|(key, _)| key.eq_ignore_ascii_case(name))
                            .map(|(_, value)| value.clone())
                    };
                    if let Some(realm) = get("realm") {
                        return Some(Self::Bearer { realm, service: get("service"), scope: get("scope") });
                    }
                } else if scheme.eq_ignore_ascii_case("basic") {
                    found = Some(Self::Basic);
                }
                rest = after;
            }
        }
        found
    }
}

type One<'a> = (&'a str, Vec<(String, String)>, &'a str);

/// A scheme with its parameters, and what follows.
fn one(text: &str) -> Option<One<'_>> {
    let text = text.trim_start_matches([' ', ',', '\t']);
    let end = text.find([' ', ',']).unwrap_or(text.len());
    let scheme = &text[..end];
    if scheme.is_empty() {
        return None;
    }
    let mut rest = &text[end..];
    let mut parameters = Vec::new();
    loop {
        let start = rest.trim_start_matches([' ', ',', '\t']);
        let name_end =
            start.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '-')).unwrap_or(start.len());
        let Some(value) = start[name_end..].trim_start().strip_prefix('=').filter(|_| name_end > 0) else {
            return Some((scheme, parameters, start));
        };
        let value = value.trim_start();
        let (value, after) = match value.strip_prefix('"') {
            Some(quoted) => quoted_string(quoted),
            None => {
                let end = value.find([',', ' ']).unwrap_or(value.len());
                (value[..end].to_owned(), &value[end..])
            }
        };
        parameters.push((start[..name_end].to_owned(), value));
        rest = after;
    }
}

fn quoted_string(text: &str) -> (String, &str) {
    let mut value = String::new();
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => {
                value.push(c);
                escaped = false;
            }
            '\\' => escaped = true,
            '"' => return (value, &text[at + 1..]),
            _ => value.push(c),
        }
    }
    (value, "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_of_registries() {
        let bearer = |realm: &str, service: Option<&str>, scope: Option<&str>| Challenge::Bearer {
            realm: realm.to_owned(),
            service: service.map(str::to_owned),
            scope: scope.map(str::to_owned),
        };
        for (header, expected) in [
            (
                r#"Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:a/b:pull,push""#,
                Some(bearer(
                    "https://auth.docker.io/token",
                    Some("registry.docker.io"),
                    Some("repository:a/b:pull,push"),
                )),
            ),
            (
                r#"Basic realm="https://123456789012.dkr.ecr.eu-central-1.amazonaws.com/",service="ecr.amazonaws.com""#,
                Some(Challenge::Basic),
            ),
            (r#"Basic realm="x", Bearer realm="https://a/t""#, Some(bearer("https://a/t", None, None))),
            (r#"bearer REALM=https://a/t"#, Some(bearer("https://a/t", None, None))),
            (r#"Bearer realm="a\"b"#, Some(bearer("a\"b", None, None))),
            ("Bearer", None),
            ("Negotiate", None),
            ("", None),
            (",,,", None),
            ("=", None),
        ] {
            assert_eq!(Challenge::parse(std::iter::once(header)), expected, "{header}");
        }
    }

    proptest::proptest! {
        #[test]
        fn nothing_hangs_or_panics(text in "[ -~]{0,60}") {
            let _ = Challenge::parse(std::iter::once(text.as_str()));
        }
    }
}
