//! Account ids: twelve digits, leading zeros included, which is why they are no numbers.

use serde::{Deserialize, Serialize};

use super::{ParseIdError, text_id};

/// The id of an AWS account.
///
/// ```
/// use aws_call::AccountId;
///
/// let account = AccountId::parse("012345678901")?;
/// assert_eq!(account.as_str(), "012345678901");
/// assert!(AccountId::parse("12345678901").is_err());
/// # Ok::<(), aws_call::ParseIdError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct AccountId(String);

impl AccountId {
    /// Reads an account id.
    ///
    /// # Errors
    /// [`ParseIdError`] if `text` is not twelve ASCII digits.
    pub fn parse(text: &str) -> Result<Self, ParseIdError> {
        if text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit()) {
            Ok(Self(text.to_owned()))
        } else {
            Err(ParseIdError::new(text, "an account id", "it must be twelve digits"))
        }
    }

    /// The twelve digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

text_id!(AccountId);
