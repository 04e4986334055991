//! Error classes and hints, backoff, waiting, clock and ids for callers of AWS.
