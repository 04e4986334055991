//! From a service's error code to a [`Fault`].
//!
//! Codes are looked up in a table first; the many codes that follow AWS's naming habits (`…NotFoundException`,
//! `Invalid…Exception`) are then recognised by their shape, so a code that a service adds tomorrow is not lost.

use crate::fault::Fault;

/// Codes whose fault their shape does not tell. Sorted by code.
static CODES: &[(&str, Fault)] = &[
    ("AccessDenied", Fault::AccessDenied),
    ("AccessDeniedException", Fault::AccessDenied),
    ("ApprovalAlreadyCompletedException", Fault::Conflict),
    ("AuthFailure", Fault::Credentials),
    ("BLOB_UNKNOWN", Fault::NotFound),
    ("BLOB_UPLOAD_INVALID", Fault::InvalidRequest),
    ("BLOB_UPLOAD_UNKNOWN", Fault::NotFound),
    ("BandwidthLimitExceeded", Fault::Throttled),
    ("BlockedException", Fault::AccessDenied),
    ("ClientException", Fault::InvalidRequest),
    ("ClusterContainsContainerInstancesException", Fault::Conflict),
    ("ClusterContainsServicesException", Fault::Conflict),
    ("ClusterContainsTasksException", Fault::Conflict),
    ("ConcurrentModificationException", Fault::Conflict),
    ("ConditionNotOverridableException", Fault::Conflict),
    ("DENIED", Fault::AccessDenied),
    ("DIGEST_INVALID", Fault::InvalidRequest),
    ("DeploymentAlreadyCompletedException", Fault::Conflict),
    ("DeploymentAlreadyStartedException", Fault::Conflict),
    ("DeploymentIsNotInReadyStateException", Fault::Conflict),
    ("DeploymentNotStartedException", Fault::Conflict),
    ("DuplicatedStopRequestException", Fault::Conflict),
    ("EC2ThrottledException", Fault::Throttled),
    ("EmptyUploadException", Fault::InvalidRequest),
    ("ExpiredToken", Fault::Credentials),
    ("ExpiredTokenException", Fault::Credentials),
    ("IDPCommunicationError", Fault::Unavailable),
    ("ImageDigestDoesNotMatchException", Fault::InvalidRequest),
    ("IncompleteSignature", Fault::Credentials),
    ("InternalError", Fault::Unavailable),
    ("InternalFailure", Fault::Unavailable),
    ("InternalServerError", Fault::Unavailable),
    ("InternalServerException", Fault::Unavailable),
    ("InternalServiceError", Fault::Unavailable),
    ("InternalServiceException", Fault::Unavailable),
    ("InvalidAccessKeyId", Fault::Credentials),
    ("InvalidClientTokenId", Fault::Credentials),
    ("InvalidJobStateException", Fault::Conflict),
    ("InvalidSignatureException", Fault::Credentials),
    ("LayerInaccessibleException", Fault::NotFound),
    ("LayerPartTooSmallException", Fault::InvalidRequest),
    ("LifecycleEventAlreadyCompletedException", Fault::Conflict),
    ("MANIFEST_BLOB_UNKNOWN", Fault::NotFound),
    ("MANIFEST_INVALID", Fault::InvalidRequest),
    ("MANIFEST_UNKNOWN", Fault::NotFound),
    ("MissingAuthenticationToken", Fault::Credentials),
    ("MissingAuthenticationTokenException", Fault::Credentials),
    ("MissingParameter", Fault::InvalidRequest),
    ("MissingVersionException", Fault::InvalidRequest),
    ("NAME_INVALID", Fault::InvalidRequest),
    ("NAME_UNKNOWN", Fault::NotFound),
    ("NoSuchBucket", Fault::NotFound),
    ("NoSuchKey", Fault::NotFound),
    ("NoUpdateAvailableException", Fault::Conflict),
    ("NotAuthorized", Fault::AccessDenied),
    ("NotLatestPipelineExecutionException", Fault::Conflict),
    ("OptInRequired", Fault::AccessDenied),
    ("PipelineExecutionNotStoppableException", Fault::Conflict),
    ("PipelineExecutionOutdatedException", Fault::Conflict),
    ("PipelineNameInUseException", Fault::AlreadyExists),
    ("PlatformTaskDefinitionIncompatibilityException", Fault::InvalidRequest),
    ("PlatformUnknownException", Fault::InvalidRequest),
    ("PriorRequestNotComplete", Fault::Throttled),
    ("ProvisionedThroughputExceededException", Fault::Throttled),
    ("RepositoryNotEmptyException", Fault::Conflict),
    ("RequestError", Fault::Connection),
    ("RequestExpired", Fault::Credentials),
    ("RequestLimitExceeded", Fault::Throttled),
    ("RequestThrottled", Fault::Throttled),
    ("RequestThrottledException", Fault::Throttled),
    ("RequestTimeTooSkewed", Fault::Credentials),
    ("RequestTimeout", Fault::Timeout),
    ("RequestTimeoutException", Fault::Timeout),
    ("ResourceInUseException", Fault::Conflict),
    ("SIZE_INVALID", Fault::InvalidRequest),
    ("ServerException", Fault::Unavailable),
    ("ServiceNotActiveException", Fault::Conflict),
    ("ServiceUnavailable", Fault::Unavailable),
    ("ServiceUnavailableException", Fault::Unavailable),
    ("SignatureDoesNotMatch", Fault::Credentials),
    ("SlowDown", Fault::Throttled),
    ("StageNotRetryableException", Fault::Conflict),
    ("TAG_INVALID", Fault::InvalidRequest),
    ("TOOMANYREQUESTS", Fault::Throttled),
    ("TargetNotConnectedException", Fault::Conflict),
    ("ThrottledException", Fault::Throttled),
    ("Throttling", Fault::Throttled),
    ("ThrottlingException", Fault::Throttled),
    ("TooManyRequestsException", Fault::Throttled),
    ("TransactionInProgressException", Fault::Throttled),
    ("UNAUTHORIZED", Fault::Credentials),
    ("UNSUPPORTED", Fault::InvalidRequest),
    ("UnableToRollbackStageException", Fault::Conflict),
    ("UnauthorizedOperation", Fault::AccessDenied),
    ("UnrecognizedClientException", Fault::Credentials),
    ("UpdateInProgressException", Fault::Conflict),
    ("ValidationError", Fault::InvalidRequest),
    ("ValidationException", Fault::InvalidRequest),
];

/// Endings that tell the fault. The SDK takes `LimitExceededException` for a throttle; the services of the delivery path
/// say it when a quota is used up, and a retry only hides that.
static ENDINGS: &[(&str, Fault)] = &[
    ("NotFoundException", Fault::NotFound),
    ("NotFoundFault", Fault::NotFound),
    ("NotFound", Fault::NotFound),
    ("DoesNotExistException", Fault::NotFound),
    ("AlreadyExistsException", Fault::AlreadyExists),
    ("AlreadyExists", Fault::AlreadyExists),
    ("NameInUseException", Fault::AlreadyExists),
    ("LimitExceededException", Fault::LimitExceeded),
    ("LimitExceeded", Fault::LimitExceeded),
    ("QuotaExceededException", Fault::LimitExceeded),
    ("InProgressException", Fault::Conflict),
    ("ConflictException", Fault::Conflict),
    ("RequiredException", Fault::InvalidRequest),
    ("NotSupportedException", Fault::InvalidRequest),
    ("NotSpecifiedException", Fault::InvalidRequest),
    ("ValidationException", Fault::InvalidRequest),
    ("TooLargeException", Fault::InvalidRequest),
];

/// Beginnings that tell the fault, asked after the endings.
static BEGINNINGS: &[(&str, Fault)] = &[
    ("Invalid", Fault::InvalidRequest),
    ("Malformed", Fault::InvalidRequest),
    ("Unsupported", Fault::InvalidRequest),
    ("Throttl", Fault::Throttled),
];

/// Messages that say more than the code they come with.
static MESSAGES: &[(&str, Fault)] = &[
    ("Rate exceeded", Fault::Throttled),
    // ECS: comes as `ClientException` when several callers register one family at a time.
    ("Too many concurrent attempts to create a new revision", Fault::Throttled),
];

/// The fault that an error code alone stands for; [`Fault::Other`] if it says nothing.
///
/// ```
/// use aws_call::{Fault, codes};
///
/// assert_eq!(codes::fault("ThrottlingException"), Fault::Throttled);
/// assert_eq!(codes::fault("InvalidDeploymentGroupNameException"), Fault::InvalidRequest);
/// assert_eq!(codes::fault("LimitExceededException"), Fault::LimitExceeded);
/// ```
#[must_use]
pub fn fault(code: &str) -> Fault {
    let code = bare(code);
    if let Ok(at) = CODES.binary_search_by(|(known, _)| (*known).cmp(code)) {
        return CODES[at].1;
    }
    let ending = ENDINGS.iter().find(|(ending, _)| code.ends_with(ending));
    let shape = ending.or_else(|| BEGINNINGS.iter().find(|(beginning, _)| code.starts_with(beginning)));
    shape.map_or(Fault::Other, |(_, fault)| *fault)
}

/// The fault that an HTTP status alone stands for.
#[must_use]
pub const fn fault_of_status(status: u16) -> Fault {
    match status {
        401 => Fault::Credentials,
        403 => Fault::AccessDenied,
        404 => Fault::NotFound,
        408 => Fault::Timeout,
        409 => Fault::Conflict,
        429 => Fault::Throttled,
        400..=499 => Fault::InvalidRequest,
        500..=599 => Fault::Unavailable,
        _ => Fault::Other,
    }
}

/// Code first, message where the code says little, status last.
pub(crate) fn classify(code: Option<&str>, message: Option<&str>, status: Option<u16>) -> Fault {
    let by_code = code.map_or(Fault::Other, fault);
    if matches!(by_code, Fault::Other | Fault::InvalidRequest)
        && let Some((_, fault)) = MESSAGES.iter().find(|(part, _)| message.is_some_and(|text| text.contains(part)))
    {
        return *fault;
    }
    match (by_code, status) {
        (Fault::Other, Some(status)) => fault_of_status(status),
        (fault, _) => fault,
    }
}

/// The code without what protocols put around it: `com.amazonaws.ecs#ClientException:http://…` is `ClientException`.
pub(crate) fn bare(code: &str) -> &str {
    let code = code.split_once(':').map_or(code, |(code, _)| code);
    code.rsplit_once('#').map_or(code, |(_, code)| code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table_is_sorted_and_needed() {
        assert!(CODES.is_sorted_by(|a, b| a.0 < b.0), "the table is searched by bisection");
    }

    #[test]
    fn codes_of_the_delivery_path() {
        for (code, expected) in [
            ("RepositoryNotFoundException", Fault::NotFound),
            ("ClusterNotFoundException", Fault::NotFound),
            ("DeploymentGroupDoesNotExistException", Fault::NotFound),
            ("ImageTagAlreadyExistsException", Fault::AlreadyExists),
            ("ApplicationAlreadyExistsException", Fault::AlreadyExists),
            ("AccountLimitExceededException", Fault::LimitExceeded),
            ("ConcurrentPipelineExecutionsLimitExceededException", Fault::LimitExceeded),
            ("DeploymentLimitExceededException", Fault::LimitExceeded),
            ("LimitExceededException", Fault::LimitExceeded),
            ("RequestLimitExceeded", Fault::Throttled),
            ("Throttling", Fault::Throttled),
            ("ThrottlingException", Fault::Throttled),
            ("TOOMANYREQUESTS", Fault::Throttled),
            ("ApplicationNameRequiredException", Fault::InvalidRequest),
            ("InvalidParameterException", Fault::InvalidRequest),
            ("InvalidInputException", Fault::InvalidRequest),
            ("UnsupportedFeatureException", Fault::InvalidRequest),
            ("ServerException", Fault::Unavailable),
            ("UpdateInProgressException", Fault::Conflict),
            ("ConflictException", Fault::Conflict),
            ("ExpiredTokenException", Fault::Credentials),
            ("InvalidSignatureException", Fault::Credentials),
            ("AccessDeniedException", Fault::AccessDenied),
            ("com.amazonaws.ecs#ClusterNotFoundException", Fault::NotFound),
            ("ThrottlingException:http://internal.amazon.com/coral/", Fault::Throttled),
            ("SomethingNewException", Fault::Other),
            ("", Fault::Other),
        ] {
            assert_eq!(fault(code), expected, "{code}");
        }
    }

    #[test]
    fn message_and_status_help_out() {
        let revision = "Too many concurrent attempts to create a new revision of the specified family.";
        for (code, message, status, expected) in [
            (Some("ClientException"), Some(revision), Some(400), Fault::Throttled),
            (Some("ClientException"), Some("No containers"), Some(400), Fault::InvalidRequest),
            (Some("KmsException"), Some("Rate exceeded"), Some(400), Fault::Throttled),
            (Some("AccessDeniedException"), Some("Rate exceeded"), Some(400), Fault::AccessDenied),
            (Some("SomethingNewException"), None, Some(503), Fault::Unavailable),
            (None, None, Some(429), Fault::Throttled),
            (None, None, Some(404), Fault::NotFound),
            (None, None, Some(302), Fault::Other),
            (None, None, None, Fault::Other),
        ] {
            assert_eq!(classify(code, message, status), expected, "{code:?} {message:?} {status:?}");
        }
    }
}
