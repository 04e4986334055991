//! What known errors mean and what to do about them. Advice stands apart from the message, so that a message stays the
//! service's own and can be searched for.

mod table;

use table::HINTS;

/// Whether another attempt at the same call can help.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Retry {
    /// No: something must be changed first.
    No,
    /// For a while: it passes once another service has caught up, or it never does.
    Bounded,
    /// Yes: it passes by itself.
    Yes,
}

/// What a known error means and what to do about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Hint {
    /// The service's error code.
    pub code: &'static str,
    /// A part of the message that tells this error from others of its code; empty for any message.
    pub contains: &'static str,
    /// What has happened.
    pub meaning: &'static str,
    /// Whether another attempt can help.
    pub retry: Retry,
    /// What to do.
    pub advice: &'static str,
}

/// All hints, sorted by code and then by [`contains`](Hint::contains).
pub fn all() -> impl Iterator<Item = &'static Hint> {
    HINTS.iter()
}

/// The most specific hint for an error: of those whose `contains` is in `message`, the one with the longest.
#[must_use]
pub fn find(code: &str, message: &str) -> Option<&'static Hint> {
    let first = HINTS.partition_point(|hint| hint.code < code);
    HINTS[first..]
        .iter()
        .take_while(|hint| hint.code == code)
        .filter(|hint| message.contains(hint.contains))
        .max_by_key(|hint| hint.contains.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{codes, fault::Fault};

    #[test]
    fn table_is_sorted() {
        let key = |hint: &Hint| (hint.code, hint.contains);
        assert!(HINTS.is_sorted_by(|a, b| key(a) < key(b)), "`find` bisects the table");
    }

    #[test]
    fn sentences_read_alike() {
        for hint in all() {
            for text in [hint.meaning, hint.advice] {
                assert!(!text.is_empty() && !text.ends_with('.'), "{}: {text}", hint.code);
            }
        }
    }

    /// A hint must not contradict the fault: what passes by itself is retryable, and the other way round.
    #[test]
    fn agrees_with_the_fault() {
        for hint in all() {
            let fault = codes::classify(Some(hint.code), Some(hint.contains), None);
            assert_eq!(hint.retry == Retry::Yes, fault.is_retryable(), "{}: {fault:?}", hint.code);
            assert_ne!(fault, Fault::Other, "{}", hint.code);
        }
    }

    #[test]
    fn known_errors_are_found() {
        let target_group = "The target group with targetGroupArn arn:aws:elasticloadbalancing:us-west-2:123456789012:targetgroup/web/5f7241cb041d9356 does not have an associated load balancer.";
        let scalable = "No scalable target registered for service namespace: ecs, resource ID: service/shop/web, scalable dimension: ecs:service:DesiredCount";
        for (code, message, retry) in [
            ("InvalidParameterException", "Long arn format must be used for tagging operations", Some(Retry::No)),
            ("InvalidParameterException", target_group, Some(Retry::Bounded)),
            (
                "InvalidParameterException",
                "Unable to assume the service linked role. Please verify …",
                Some(Retry::Bounded),
            ),
            ("InvalidParameterException", "Unable to assume role and validate the load balancer", Some(Retry::Bounded)),
            ("InvalidParameterException", "TaskDefinition is inactive", None),
            ("ObjectNotFoundException", scalable, Some(Retry::Bounded)),
            ("ClusterNotFoundException", "Cluster not found.", Some(Retry::Bounded)),
            ("ClientException", "Container.image should not be null or empty.", None),
            ("ThrottlingException", "Rate exceeded", Some(Retry::Yes)),
            ("LimitExceededException", "", Some(Retry::No)),
            ("", "", None),
            ("zzz", "", None),
        ] {
            assert_eq!(find(code, message).map(|hint| hint.retry), retry, "{code}: {message}");
        }
    }
}
