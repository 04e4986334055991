//! One configuration value, which may be a secret.
//!
//! Secret values (the OAuth token of the old GitHub source, partner keys) travel in the same map as every other
//! value, so the value itself must know whether it may be shown.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// What CodePipeline answers in place of a secret value.
pub const REDACTED: &str = "****";

/// A configuration value; `Debug`, `Display` and `Serialize` show `****` for a secret one.
///
/// [`expose`](Self::expose) gives the text to code that must send it.
#[derive(Clone, PartialEq, Eq)]
pub struct ConfigValue {
    text: String,
    secret: bool,
}

impl ConfigValue {
    /// A value that may be shown.
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), secret: false }
    }

    /// A value that is never shown.
    pub fn secret(text: impl Into<String>) -> Self {
        Self { text: text.into(), secret: true }
    }

    /// The text itself, secret or not: for sending, never for printing.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.text
    }

    /// The text as it may be shown.
    #[must_use]
    pub fn shown(&self) -> &str {
        if self.secret { REDACTED } else { &self.text }
    }

    /// Whether the value is kept out of every output.
    #[must_use]
    pub const fn is_secret(&self) -> bool {
        self.secret
    }

    /// Whether the service hid the value: sending it back keeps the stored one.
    #[must_use]
    pub fn is_redacted(&self) -> bool {
        self.text == REDACTED
    }

    /// Hides the value from now on.
    pub(crate) const fn hide(&mut self) {
        self.secret = true;
    }
}

impl From<&str> for ConfigValue {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

impl From<String> for ConfigValue {
    fn from(text: String) -> Self {
        Self::new(text)
    }
}

impl fmt::Debug for ConfigValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.shown(), f)
    }
}

impl fmt::Display for ConfigValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.shown())
    }
}

impl Serialize for ConfigValue {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.shown())
    }
}

impl<'de> Deserialize<'de> for ConfigValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::new)
    }
}
