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
            Self::CloudFormation => with_first(api, str::make_ascii_uppercase),
        }
    }

    /// Whether a key in these words is this field of the API.
    pub(crate) fn is(self, api: &str, key: &str) -> bool {
        match (self, api.as_bytes(), key.as_bytes()) {
            (Self::CloudFormation, [api, api_rest @ ..], [key, key_rest @ ..]) => {
                api.to_ascii_uppercase() == *key && api_rest == key_rest
            }
            _ => api == key,
        }
    }

    /// A key in these words as the field of the API.
    #[must_use]
    pub fn field(self, key: &str) -> String {
        match self {
            Self::Api => key.to_owned(),
            Self::CloudFormation => with_first(key, str::make_ascii_lowercase),
        }
    }
}

/// The word with its first letter changed; field names are ASCII, and any other first letter has no case here.
fn with_first(word: &str, change: impl Fn(&mut str)) -> String {
    let mut word = word.to_owned();
    word.get_mut(..1).map(change);
    word
}
