//! The references of `env.secrets-manager`.

use std::fmt;

/// `secret-id[:json-key[:version-stage[:version-id]]]`
///
/// The id is a name or a whole ARN, which has six colons of its own.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SecretReference {
    /// Name or ARN of the secret.
    pub secret_id: String,
    /// The key whose value is taken, when the secret is a JSON object; without it the whole secret is taken.
    pub json_key: Option<String>,
    /// A stage such as `AWSPREVIOUS`.
    pub version_stage: Option<String>,
    /// The id of a version.
    pub version_id: Option<String>,
}

impl SecretReference {
    /// Reads a reference.
    ///
    /// # Errors
    /// When the id is missing, when there are too many parts, or when both stage and id of a version are given.
    pub fn parse(text: &str) -> Result<Self, SecretReferenceError> {
        let error = |problem| SecretReferenceError { text: text.to_owned(), problem };
        let parts: Vec<&str> = text.trim().split(':').collect();
        let id_parts = if parts.first() == Some(&"arn") { 7 } else { 1 };
        if parts.len() < id_parts {
            return Err(error(Problem::ShortArn));
        }
        let (id, rest) = parts.split_at(id_parts);
        let secret_id = id.join(":");
        if secret_id.is_empty() || id.last().is_none_or(|last| last.is_empty()) {
            return Err(error(Problem::NoId));
        }
        if rest.len() > 3 {
            return Err(error(Problem::TooManyParts));
        }
        let part = |index: usize| rest.get(index).filter(|part| !part.is_empty()).map(|part| (*part).to_owned());
        let reference = Self { secret_id, json_key: part(0), version_stage: part(1), version_id: part(2) };
        if reference.version_stage.is_some() && reference.version_id.is_some() {
            return Err(error(Problem::StageAndId));
        }
        Ok(reference)
    }
}

/// A reference that cannot be understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecretReferenceError {
    text: String,
    problem: Problem,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Problem {
    NoId,
    ShortArn,
    TooManyParts,
    StageAndId,
}

impl fmt::Display for SecretReferenceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.text.escape_debug();
        match self.problem {
            Problem::NoId => write!(f, "the secret reference `{text}` names no secret"),
            Problem::ShortArn => write!(f, "the secret reference `{text}` begins an ARN and does not finish it"),
            Problem::TooManyParts => write!(
                f,
                "the secret reference `{text}` has too many parts: write `secret-id:json-key:version-stage:version-id`"
            ),
            Problem::StageAndId => write!(
                f,
                "the secret reference `{text}` names both a version stage and a version id, which exclude each other"
            ),
        }
    }
}

impl std::error::Error for SecretReferenceError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts() {
        let arn = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:db-Ab12Cd";
        for (text, id, key, stage, version) in [
            ("db", "db", None, None, None),
            ("db:password", "db", Some("password"), None, None),
            ("db:password:AWSPREVIOUS", "db", Some("password"), Some("AWSPREVIOUS"), None),
            ("db:::v1", "db", None, None, Some("v1")),
            (arn, arn, None, None, None),
            (&format!("{arn}:password"), arn, Some("password"), None, None),
        ] {
            let read = SecretReference::parse(text).unwrap();
            assert_eq!(read.secret_id, id);
            assert_eq!(read.json_key.as_deref(), key, "{text}");
            assert_eq!(read.version_stage.as_deref(), stage, "{text}");
            assert_eq!(read.version_id.as_deref(), version, "{text}");
        }
    }

    #[test]
    fn refused() {
        for text in
            ["", ":password", "db:a:b:c:d", "db:k:AWSCURRENT:v1", "arn:aws:secretsmanager", "arn:aws:s:r:a:secret:"]
        {
            assert!(SecretReference::parse(text).is_err(), "{text}");
        }
    }
}
