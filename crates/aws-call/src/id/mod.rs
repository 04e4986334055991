//! Names that AWS gives: ARNs, accounts, regions and the partitions they live in. Each parses, prints back exactly what
//! was parsed, and cannot hold anything else.

mod account;
mod arn;
mod region;

pub use account::AccountId;
pub use arn::Arn;
pub use region::{Partition, Region};

/// A text is not the id it should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not {what}: {why}")]
pub struct ParseIdError {
    text: String,
    what: &'static str,
    why: &'static str,
}

impl ParseIdError {
    fn new(text: &str, what: &'static str, why: &'static str) -> Self {
        Self { text: text.to_owned(), what, why }
    }

    /// The text as it was given.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Which part of the form it breaks.
    #[must_use]
    pub const fn why(&self) -> &'static str {
        self.why
    }
}

/// What every id of this module offers: `Display`, `AsRef<str>`, `FromStr`, `TryFrom` and serde as a plain text.
macro_rules! text_id {
    ($id:ident) => {
        impl std::fmt::Display for $id {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl AsRef<str> for $id {
            fn as_ref(&self) -> &str {
                self.as_str()
            }
        }

        impl std::str::FromStr for $id {
            type Err = crate::id::ParseIdError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Self::parse(text)
            }
        }

        impl TryFrom<String> for $id {
            type Error = crate::id::ParseIdError;

            fn try_from(text: String) -> Result<Self, Self::Error> {
                Self::parse(&text)
            }
        }

        impl TryFrom<&str> for $id {
            type Error = crate::id::ParseIdError;

            fn try_from(text: &str) -> Result<Self, Self::Error> {
                Self::parse(text)
            }
        }

        impl From<$id> for String {
            fn from(id: $id) -> Self {
                id.as_str().to_owned()
            }
        }
    };
}

use text_id;
