//! Values that must not reach a log: a type rather than a convention.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// What stands in the place of a secret.
const MASK: &str = "***";

/// A text that `Debug`, `Display` and `Serialize` show as `***`.
///
/// Serialising a secret therefore loses it: that is wanted for reports and journals, and whoever must send the value uses
/// [`expose`](Self::expose), which a reviewer can search for.
///
/// ```
/// use aws_call::Secret;
///
/// let token = Secret::new("not-for-logs");
/// assert_eq!(format!("{token} {token:?}"), "*** ***");
/// assert_eq!(token.expose(), "not-for-logs");
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Secret(String);

impl Secret {
    /// Takes `value` into safe keeping.
    #[must_use]
    pub fn new(value: impl Into<String>) -> Self {
        Self(value.into())
    }

    /// The value itself.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether the value is the empty text.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// `text` with every occurrence of this value masked. An empty secret masks nothing.
    #[must_use]
    pub fn mask(&self, text: &str) -> String {
        if self.0.is_empty() { text.to_owned() } else { text.replace(&self.0, MASK) }
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(MASK)
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(MASK)
    }
}

impl From<String> for Secret {
    fn from(value: String) -> Self {
        Self(value)
    }
}

impl From<&str> for Secret {
    fn from(value: &str) -> Self {
        Self(value.to_owned())
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(MASK)
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Serialize, Deserialize)]
    struct Login {
        user: String,
        password: Secret,
    }

    #[test]
    fn never_shown() {
        let login: Login = serde_json::from_str(r#"{"user":"AWS","password":"not-for-logs"}"#).unwrap();
        assert_eq!(login.password.expose(), "not-for-logs");
        assert_eq!(serde_json::to_string(&login).unwrap(), r#"{"user":"AWS","password":"***"}"#);
        for shown in [format!("{login:?}"), format!("{login:#?}"), format!("{:>20}", login.password)] {
            assert!(!shown.contains("not-for-logs"), "{shown}");
        }
    }

    #[test]
    fn masks_every_occurrence() {
        assert_eq!(Secret::new("abc").mask("abc=abcd"), "***=***d");
        assert_eq!(Secret::new("").mask("abc"), "abc");
    }
}
