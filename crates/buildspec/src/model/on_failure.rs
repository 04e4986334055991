//! The words of `on-failure`.

use std::fmt;

/// Attempts of a `RETRY` that names none.
const DEFAULT_RETRIES: u32 = 3;
/// Most attempts that a `RETRY` may name.
const MOST_RETRIES: u32 = 100;

/// What the failure of a phase does to the build.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum OnFailure {
    /// The build ends.
    Abort,
    /// The build goes on with the next phase.
    Continue,
    /// It is tried again.
    Retry {
        /// How often.
        count: u32,
        /// Only if the error message matches this regular expression; `.*` for any.
        pattern: String,
    },
}

impl OnFailure {
    /// Reads `ABORT`, `CONTINUE`, `RETRY`, `RETRY-<count>`, `RETRY-<regex>` or `RETRY-<count>-<regex>`.
    ///
    /// Upper and lower case do not matter: the documentation's own samples write `Retry-2`. `RETRY-8` is a count, never a
    /// pattern.
    ///
    /// # Errors
    /// For any other word, and for counts above 100.
    pub fn parse(text: &str) -> Result<Self, OnFailureError> {
        let word = text.trim();
        if word.eq_ignore_ascii_case("ABORT") {
            return Ok(Self::Abort);
        }
        if word.eq_ignore_ascii_case("CONTINUE") {
            return Ok(Self::Continue);
        }
        let error = |problem| OnFailureError { text: text.to_owned(), problem };
        let Some(rest) = word.get(5..).filter(|_| word.as_bytes()[..5].eq_ignore_ascii_case(b"RETRY")) else {
            return Err(error(Problem::Word));
        };
        let any = || ".*".to_owned();
        if rest.is_empty() {
            return Ok(Self::Retry { count: DEFAULT_RETRIES, pattern: any() });
        }
        let Some(rest) = rest.strip_prefix('-').filter(|rest| !rest.is_empty()) else {
            return Err(error(Problem::Word));
        };
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let (number, tail) = rest.split_at(digits);
        let pattern = match tail.strip_prefix('-') {
            _ if number.is_empty() => return Ok(Self::Retry { count: DEFAULT_RETRIES, pattern: rest.to_owned() }),
            Some(pattern) => pattern.to_owned(),
            None if tail.is_empty() => any(),
            // Digits that go on as something else begin a pattern.
            None => return Ok(Self::Retry { count: DEFAULT_RETRIES, pattern: rest.to_owned() }),
        };
        match number.parse() {
            Ok(count) if count <= MOST_RETRIES => Ok(Self::Retry { count, pattern }),
            _ => Err(error(Problem::Count)),
        }
    }
}

/// A value of `on-failure` that CodeBuild does not know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OnFailureError {
    text: String,
    problem: Problem,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Problem {
    Word,
    Count,
}

impl fmt::Display for OnFailureError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.text.escape_debug();
        match self.problem {
            Problem::Word => write!(
                f,
                "`{text}` is no value of `on-failure`: write `ABORT`, `CONTINUE`, `RETRY` or `RETRY-<count>-<regex>`"
            ),
            Problem::Count => write!(f, "the count of `{text}` must be from 0 to {MOST_RETRIES}"),
        }
    }
}

impl std::error::Error for OnFailureError {}

#[cfg(test)]
mod tests {
    use super::*;

    fn retry(count: u32, pattern: &str) -> OnFailure {
        OnFailure::Retry { count, pattern: pattern.to_owned() }
    }

    #[test]
    fn words() {
        for (text, expected) in [
            ("ABORT", OnFailure::Abort),
            ("continue", OnFailure::Continue),
            ("RETRY", retry(3, ".*")),
            ("Retry-2", retry(2, ".*")),
            ("RETRY-0", retry(0, ".*")),
            ("RETRY-100", retry(100, ".*")),
            ("RETRY-timeout|reset", retry(3, "timeout|reset")),
            ("RETRY-2-timed out", retry(2, "timed out")),
            ("RETRY-5xx", retry(3, "5xx")),
        ] {
            assert_eq!(OnFailure::parse(text), Ok(expected), "{text}");
        }
    }

    #[test]
    fn no_words() {
        for text in ["", "STOP", "RETRY-", "RETRYING", "RETRY-101", "RETRY-99999999999", "ABORT CONTINUE", "RETRÝ"] {
            assert!(OnFailure::parse(text).is_err(), "{text}");
        }
    }
}
