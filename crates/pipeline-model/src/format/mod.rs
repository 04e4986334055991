//! The notations of a declaration: API JSON and CloudFormation.

pub mod cloudformation;
mod declaration;
pub(crate) mod fields;
pub mod json;

pub(crate) use declaration::{Decoded, decode};

/// Whose words the keys are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Naming {
    /// `camelCase`, as in the API.
    Api,
    /// `PascalCase`, as in CloudFormation.
    CloudFormation,
}

impl Naming {
    /// A field of the API in these words.
    #[must_use]
    pub fn word(self, api: &str) -> String {
        match self {
            Self::Api => api.to_owned(),
            Self::CloudFormation => with_first(api, |first| first.to_ascii_uppercase()),
        }
    }

    /// A key in these words as the field of the API.
    #[must_use]
    pub fn field(self, key: &str) -> String {
        match self {
            Self::Api => key.to_owned(),
            Self::CloudFormation => with_first(key, |first| first.to_ascii_lowercase()),
        }
    }
}

fn with_first(word: &str, change: impl Fn(char) -> char) -> String {
    let mut chars = word.chars();
    chars.next().map_or_else(String::new, |first| std::iter::once(change(first)).chain(chars).collect())
}
