//! Names of repositories and tags, in the forms that ECR and the OCI distribution specification allow.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::error::NameError;

/// The name of a repository, such as `shop/web`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RepositoryName(String);

impl RepositoryName {
    /// Reads a name: 2 to 256 characters, lower-case words joined by `.`, `_`, `__`, dashes and slashes.
    ///
    /// # Errors
    /// [`NameError`] if `text` has another form.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        // ECR's minimum; the forms of other registries allow one character, their names in practice do not.
        Self::check(text, 2).map(|()| Self(text.to_owned()))
    }

    pub(super) fn check(text: &str, shortest: usize) -> Result<(), NameError> {
        let err = |why| Err(NameError::new(text, "a repository", why));
        if text.len() < shortest || text.len() > 256 {
            return err("it must have 2 to 256 characters");
        }
        if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
            return err("it must be in lower case");
        }
        if !text.split('/').all(is_component) {
            return err(
                "between slashes, letters and digits are joined by one `.`, one or two `_`, or dashes, and nothing else",
            );
        }
        Ok(())
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// `[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*`
fn is_component(text: &str) -> bool {
    let alphanumeric = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let mut rest = text;
    loop {
        let word = rest.len() - rest.trim_start_matches(alphanumeric).len();
        if word == 0 {
            return false;
        }
        rest = &rest[word..];
        if rest.is_empty() {
            return true;
        }
        let separator = rest.len() - rest.trim_start_matches(|c: char| !alphanumeric(c)).len();
        let joins = &rest[..separator];
        if !(matches!(joins, "." | "_" | "__") || joins.bytes().all(|byte| byte == b'-')) {
            return false;
        }
        rest = &rest[separator..];
    }
}

/// A tag.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Tag(String);

impl Tag {
    /// Reads a tag: up to 128 letters, digits, `_`, `.` and `-`, not beginning with `.` or `-`.
    ///
    /// ECR's API takes up to 300 characters, but no client can pull by a tag that breaks the OCI form.
    ///
    /// # Errors
    /// [`NameError`] if `text` has another form.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        let err = |why| Err(NameError::new(text, "a tag", why));
        if text.is_empty() || text.len() > 128 {
            return err("it must have 1 to 128 characters");
        }
        if text.starts_with(['.', '-']) {
            return err("it must begin with a letter, a digit or `_`");
        }
        if !text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-')) {
            return err("it may contain letters, digits, `_`, `.` and `-` only");
        }
        Ok(Self(text.to_owned()))
    }

    /// The tag.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What every name of this module offers.
macro_rules! text_name {
    ($name:ident) => {
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                self.as_str()
            }
        }

        impl FromStr for $name {
            type Err = NameError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Self::parse(text)
            }
        }

        impl TryFrom<String> for $name {
            type Error = NameError;

            fn try_from(text: String) -> Result<Self, Self::Error> {
                Self::parse(&text)
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.0
            }
        }
    };
}

text_name!(RepositoryName);
text_name!(Tag);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repositories() {
        for text in ["ab", "a/b", "shop/web", "a.b", "a_b", "a__b", "a---b", "0/1", "a1/b-2/c.3"] {
            assert!(RepositoryName::parse(text).is_ok(), "{text}");
        }
        for text in ["", "a", "A/b", "a//b", "/a", "a/", "a..b", "a___b", "a-_b", "-ab", "ab-", "a b", "ä/b", "a:b"] {
            assert!(RepositoryName::parse(text).is_err(), "{text}");
        }
        assert!(RepositoryName::parse(&"a".repeat(256)).is_ok());
        assert!(RepositoryName::parse(&"a".repeat(257)).is_err());
    }

    #[test]
    fn tags() {
        for text in ["1.0", "_x", "V1-rc.2", "a"] {
            assert!(Tag::parse(text).is_ok(), "{text}");
        }
        for text in ["", ".a", "-a", "a b", "a/b", "a:b", "é"] {
            assert!(Tag::parse(text).is_err(), "{text}");
        }
        assert!(Tag::parse(&"a".repeat(128)).is_ok());
        assert!(Tag::parse(&"a".repeat(129)).is_err());
    }
}
