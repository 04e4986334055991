//! What the `valueFrom` of a secret stands for.

use super::SecretId;

/// Where a secret value comes from.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Reference {
    /// A secret, or the value of a key of its JSON.
    Secret(SecretId, Option<String>),
    /// A parameter, by name or ARN.
    Parameter(String),
}

impl Reference {
    /// `None` if it is neither, which the rule `secret-reference` reports.
    pub(super) fn parse(value_from: &str) -> Option<Self> {
        if value_from.is_empty() {
            return None;
        }
        let parts: Vec<&str> = value_from.split(':').collect();
        if parts[0] != "arn" {
            return Some(Self::Parameter(value_from.to_owned()));
        }
        match (parts.get(2), parts.get(5), parts.len()) {
            (Some(&"ssm"), Some(resource), _) if resource.starts_with("parameter/") => {
                Some(Self::Parameter(value_from.to_owned()))
            }
            (Some(&"secretsmanager"), Some(&"secret"), 7 | 10) => {
                let part = |at: usize| parts.get(at).filter(|part| !part.is_empty()).map(|&part| part.to_owned());
                let id = SecretId { arn: parts[..7].join(":"), stage: part(8), version: part(9) };
                Some(Self::Secret(id, part(7)))
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms() {
        const SECRET: &str = "arn:aws-cn:secretsmanager:cn-north-1:123456789012:secret:db-AbCdEf";
        const PARAMETER: &str = "arn:aws:ssm:eu-west-1:123456789012:parameter/shop/a";
        let version = |stage: Option<&str>, version: Option<&str>, key: Option<&str>| {
            let id = SecretId {
                arn: SECRET.to_owned(),
                stage: stage.map(str::to_owned),
                version: version.map(str::to_owned),
            };
            Some(Reference::Secret(id, key.map(str::to_owned)))
        };
        for (text, expected) in [
            (SECRET.to_owned(), version(None, None, None)),
            (format!("{SECRET}:password::"), version(None, None, Some("password"))),
            (format!("{SECRET}::AWSPREVIOUS:"), version(Some("AWSPREVIOUS"), None, None)),
            (format!("{SECRET}:a::0-1"), version(None, Some("0-1"), Some("a"))),
            (format!("{SECRET}:a"), None),
            (PARAMETER.to_owned(), Some(Reference::Parameter(PARAMETER.to_owned()))),
            ("/shop/a".to_owned(), Some(Reference::Parameter("/shop/a".to_owned()))),
            ("arn:aws:s3:::bucket/key".to_owned(), None),
            ("arn".to_owned(), None),
            (String::new(), None),
        ] {
            assert_eq!(Reference::parse(&text), expected, "{text}");
        }
    }
}
