//! A cursor over the entries of one mapping.

use std::collections::BTreeSet;

use super::merge::merged;
use super::{MergeKeys, Reader};
use crate::{Diagnostic, Edit, Entry, Field, Fix, Format, Node, Safety, Span, Style, Value, did_you_mean, emit};

/// Longest list of known keys that a message spells out.
const KEYS_TO_NAME: usize = 12;

/// Most unknown keys of one mapping that are reported one by one.
const MOST_UNKNOWN: usize = 100;

/// The entries of a mapping, taken one by one.
///
/// Of equal keys the last one counts (the duplicate was reported when the document was read).
/// [`MapCursor::finish`] reports the keys that nobody asked for.
#[derive(Debug)]
pub struct MapCursor<'d> {
    what: String,
    span: Span,
    head: Span,
    slots: Vec<Slot<'d>>,
    asked: Vec<String>,
    keep_unknown: bool,
}

#[derive(Debug)]
struct Slot<'d> {
    field: Field<'d>,
    taken: bool,
}

impl<'d> MapCursor<'d> {
    pub(super) fn open(node: &'d Node, head: Span, what: &str, entries: &'d [Entry], reader: &mut Reader<'_>) -> Self {
        let slot = |entry: &'d Entry| Slot { field: Field { key: &entry.key, value: &entry.value }, taken: false };
        let slots = match reader.merge_keys {
            MergeKeys::Literal => entries.iter().map(slot).collect(),
            MergeKeys::Apply => {
                let flat = merged(entries);
                for bad in flat.bad {
                    reader.wrong_type(bad, "a merged value", "a mapping or a list of mappings");
                }
                flat.entries.into_iter().map(slot).collect()
            }
        };
        Self { what: what.to_owned(), span: node.span, head, slots, asked: Vec::new(), keep_unknown: false }
    }

    /// Lets messages about the mapping point at the key it stands under.
    pub(super) fn under(mut self, key: &Node) -> Self {
        self.head = key.span;
        self
    }

    /// What the mapping is called in messages.
    #[must_use]
    pub fn what(&self) -> &str {
        &self.what
    }

    /// The whole mapping.
    #[must_use]
    pub fn span(&self) -> Span {
        self.span
    }

    /// The place for messages about the mapping as such: the key it stands under, or its beginning.
    #[must_use]
    pub fn head(&self) -> Span {
        self.head
    }

    /// Whether the mapping has no entries at all, taken or not.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// Whether the key is there, taken or not. Does not count as asking for it.
    #[must_use]
    pub fn contains(&self, key: &str) -> bool {
        self.slots.iter().any(|slot| slot.field.key.as_str() == Some(key))
    }

    /// Takes the entry with this key.
    pub fn take(&mut self, key: &str) -> Option<Field<'d>> {
        self.ask(key);
        self.take_where(|name| name == key)
    }

    /// Takes the entry with this key, or else with one that differs in the case of ASCII letters.
    pub fn take_ignore_case(&mut self, key: &str) -> Option<Field<'d>> {
        self.ask(key);
        self.take_where(|name| name == key).or_else(|| self.take_where(|name| name.eq_ignore_ascii_case(key)))
    }

    /// Takes the entry with this key and reports if there is none.
    ///
    /// Silent when reading stopped inside this mapping: the key may come later in the text.
    pub fn require(&mut self, key: &str, reader: &mut Reader<'_>) -> Option<Field<'d>> {
        let field = self.take(key);
        let cut_off = reader.document().stopped_at().is_some_and(|at| at <= self.span.end);
        if field.is_none() && !cut_off {
            let message = format!("{} lacks the required key `{key}`", self.what);
            let mut diagnostic = Diagnostic::new(reader.rules().missing_key, reader.source(), self.head, message);
            let open = self.slots.iter().filter(|slot| !slot.taken);
            if let Some(near) = did_you_mean(key, open.filter_map(|slot| slot.field.key.as_str())) {
                diagnostic = diagnostic.with_help(format!("is `{near}` meant to be `{key}`?"));
            }
            reader.report(diagnostic);
        }
        field
    }

    /// Takes all entries that are left, in their order; of equal keys the last one.
    pub fn rest(&mut self) -> Vec<Field<'d>> {
        let mut seen = std::collections::HashSet::new();
        let mut fields = Vec::new();
        for slot in self.slots.iter_mut().rev().filter(|slot| !slot.taken) {
            slot.taken = true;
            if slot.field.key.as_str().is_none_or(|key| seen.insert(key)) {
                fields.push(slot.field);
            }
        }
        fields.reverse();
        fields
    }

    /// Lets [`MapCursor::finish`] accept unknown keys.
    pub fn keep_unknown(&mut self) {
        self.keep_unknown = true;
    }

    /// Reports every entry that was not taken.
    pub fn finish(self, reader: &mut Reader<'_>) {
        if self.keep_unknown || self.slots.iter().all(|slot| slot.taken) {
            return;
        }
        // Found once: looking the mapping through again for each unknown key would be quadratic in hostile files.
        let present: BTreeSet<&str> = self.slots.iter().filter_map(|slot| slot.field.key.as_str()).collect();
        let absent: Vec<&str> =
            self.asked.iter().map(String::as_str).filter(|asked| !present.contains(asked)).collect();
        let unknown: Vec<_> = self.slots.iter().filter(|slot| !slot.taken).collect();
        for slot in unknown.iter().take(MOST_UNKNOWN) {
            let diagnostic = self.unknown(slot.field.key, &absent, reader);
            reader.report(diagnostic);
        }
        if let Some(next) = unknown.get(MOST_UNKNOWN) {
            let message = format!("{} has {} more unknown keys", self.what, unknown.len() - MOST_UNKNOWN);
            reader.report_at(reader.rules().unknown_key, next.field.key.span, message);
        }
    }

    fn ask(&mut self, key: &str) {
        if !self.asked.iter().any(|asked| asked == key) {
            self.asked.push(key.to_owned());
        }
    }

    fn take_where(&mut self, matches: impl Fn(&str) -> bool) -> Option<Field<'d>> {
        let mut found = None;
        for slot in self.slots.iter_mut().rev() {
            if slot.field.key.as_str().is_some_and(&matches) {
                // Earlier duplicates are taken along: they are no unknown keys.
                slot.taken = true;
                found = found.or(Some(slot.field));
            }
        }
        found
    }

    fn unknown(&self, key: &Node, absent: &[&str], reader: &Reader<'_>) -> Diagnostic {
        let rules = reader.rules();
        let source = reader.source();
        let Some(name) = key.as_str() else {
            let message = format!("a key of {} must be a string, but is {}", self.what, key.kind());
            return Diagnostic::new(rules.wrong_type, source, super::head(key, source), message);
        };
        let message = format!("unknown key `{name}` in {}", self.what);
        let diagnostic = Diagnostic::new(rules.unknown_key, source, key.span, message);
        let Some(near) = did_you_mean(name, absent.iter().copied()) else {
            return match self.asked.len() {
                0 => diagnostic,
                1..=KEYS_TO_NAME => diagnostic.with_help(format!("known keys: `{}`", self.asked.join("`, `"))),
                _ => diagnostic,
            };
        };
        let help = if near.eq_ignore_ascii_case(name) {
            format!("did you mean `{near}`? upper and lower case matter in keys")
        } else {
            format!("did you mean `{near}`?")
        };
        let diagnostic = diagnostic.with_help(help);
        match rename(key, near, reader.document().format()) {
            Some(edit) => diagnostic.with_fix(Fix {
                title: format!("rename the key to `{near}`"),
                edits: vec![edit],
                safety: Safety::Unsafe,
            }),
            None => diagnostic,
        }
    }
}

/// The edit that renames a key in the notation it is written in; none for aliases and block scalars.
fn rename(key: &Node, name: &str, format: Format) -> Option<Edit> {
    let Value::Scalar(scalar) = &key.value else {
        return None;
    };
    let replacement = match (format, scalar.style) {
        (_, Style::Literal | Style::Folded) => return None,
        (Format::Json, _) | (_, Style::DoubleQuoted) => emit::json_string(name),
        (_, Style::SingleQuoted) => format!("'{}'", name.replace('\'', "''")),
        (_, Style::Plain) => emit::quote_if_needed(name).into_owned(),
    };
    Some(Edit { span: key.span, replacement })
}
