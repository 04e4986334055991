//! The rules by which reading itself reports.

use crate::Rule;

/// The six rules that readers and cursors report by.
///
/// Each crate declares its own, so that ids read `buildspec/duplicate-key` and pages can quote the
/// service's words.
#[derive(Clone, Copy, Debug)]
pub struct Structure {
    /// The text is not YAML or JSON.
    pub syntax: &'static Rule,
    /// The document is larger, deeper or more entangled than [`Limits`](crate::Limits) allow.
    pub limit: &'static Rule,
    /// A mapping has the same key twice.
    pub duplicate_key: &'static Rule,
    /// A mapping has a key that nobody asked for.
    pub unknown_key: &'static Rule,
    /// A value is of another kind than expected.
    pub wrong_type: &'static Rule,
    /// A mapping lacks a key that it must have.
    pub missing_key: &'static Rule,
}
