//! After a push: whether the scan of an image finds too much, and whether its copies have arrived in other regions.
//!
//! Both waits end: with an answer, or when their time is over, which is never an answer that all is well.

mod replication;
mod scan;

pub use self::{
    replication::{ReplicationOutcome, destinations, wait_for_replication},
    scan::{Exceeded, ScanGate, ScanOutcome, Severity, scannable, wait_for_scan},
};
