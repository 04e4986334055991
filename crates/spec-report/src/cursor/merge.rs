//! Merge keys: the entries that a mapping has once `<<` is applied.
//!
//! `<<` is not YAML 1.2, but every service-side reader of YAML 1.1 descent applies it: keys of the
//! mapping itself win, then the merged mappings in their order.

use std::collections::HashSet;

use crate::{Alias, Entry, Node, Schema, Style, Value};

/// A mapping after its merge keys are applied.
pub(crate) struct Merged<'d> {
    /// The mapping's own entries as written (duplicates too, merge keys not), then the entries that
    /// it takes from merged mappings: each key once, none that the mapping has itself.
    pub(crate) entries: Vec<&'d Entry>,
    /// Values of `<<` that are no mappings.
    pub(crate) bad: Vec<&'d Node>,
}

/// Whether a key is a merge key: a plain `<<`, or any key tagged `!!merge`.
pub(crate) fn is_merge_key(key: &Node) -> bool {
    match (&key.value, &key.tag) {
        (Value::Scalar(scalar), None) => scalar.style == Style::Plain && scalar.text == "<<",
        (Value::Scalar(_), Some(tag)) => tag.text == "!!merge",
        _ => false,
    }
}

/// Applies the merge keys of a mapping, those of merged mappings included.
///
/// Ends for every document: a merged mapping is an alias's target, and targets are bounded in depth
/// and size.
pub(crate) fn merged(entries: &[Entry]) -> Merged<'_> {
    let mut out = Merged { entries: Vec::with_capacity(entries.len()), bad: Vec::new() };
    out.entries.extend(entries.iter().filter(|entry| !is_merge_key(&entry.key)));
    if out.entries.len() < entries.len() {
        let mut seen = out.entries.iter().filter_map(|entry| entry.key.as_str()).collect();
        add_merged(entries, &mut seen, &mut out);
    }
    out
}

/// The entries that a mapping has under a schema: only YAML 1.1 knows merge keys.
pub(crate) fn applied(entries: &[Entry], schema: Schema) -> Vec<&Entry> {
    match schema {
        Schema::Yaml11 => merged(entries).entries,
        Schema::Yaml12 | Schema::Json => entries.iter().collect(),
    }
}

fn add_merged<'d>(entries: &'d [Entry], seen: &mut HashSet<&'d str>, out: &mut Merged<'d>) {
    for entry in entries.iter().filter(|entry| is_merge_key(&entry.key)) {
        match &entry.value.resolved().value {
            Value::Seq(items) => {
                for item in items {
                    add_mapping(item, seen, out);
                }
            }
            _ => add_mapping(&entry.value, seen, out),
        }
    }
}

fn add_mapping<'d>(node: &'d Node, seen: &mut HashSet<&'d str>, out: &mut Merged<'d>) {
    match &node.resolved().value {
        Value::Map(entries) => {
            // Backwards, so that the last of equal keys wins here as everywhere.
            let start = out.entries.len();
            for entry in entries.iter().rev().filter(|entry| !is_merge_key(&entry.key)) {
                if entry.key.as_str().is_none_or(|key| seen.insert(key)) {
                    out.entries.push(entry);
                }
            }
            out.entries[start..].reverse();
            add_merged(entries, seen, out);
        }
        // Reported when it was read.
        Value::Alias(Alias { target: None, .. }) => {}
        _ => out.bad.push(node),
    }
}
