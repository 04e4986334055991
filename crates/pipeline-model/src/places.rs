//! Where each part of a declaration is written.
//!
//! The model is plain data that programs build and compare; places would be in the way there. So they live in a
//! table beside it, keyed by the path of a field in API words: `/stages/0/actions/1/configuration/ProjectName`.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use spec_report::Span;

/// How a value came to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Origin {
    /// It is written there as it is.
    Written,
    /// It was computed from other parts of the template.
    Computed,
    /// Part of it is known only after the deployment; the text holds `${…}` there.
    Symbolic,
}

/// The place of one field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Place {
    /// The key; `None` for items of lists.
    pub key: Option<Span>,
    /// The value.
    pub value: Span,
    /// How the value came to be.
    pub origin: Origin,
}

/// The places of all fields of a declaration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Places {
    /// Shared, because each world of a template is looked at on its own.
    places: Arc<BTreeMap<String, Place>>,
}

impl Places {
    /// The place of a field, if it is written.
    #[must_use]
    pub fn get(&self, path: &str) -> Option<Place> {
        self.places.get(path).copied()
    }

    /// Where to point for a field: its value, or the nearest enclosing thing that is written.
    #[must_use]
    pub fn value(&self, path: &str) -> Span {
        self.nearest(path, |place| place.value)
    }

    /// Where to point for something that a mapping lacks or is called: its key, or else its value.
    #[must_use]
    pub fn key(&self, path: &str) -> Span {
        self.nearest(path, |place| place.key.unwrap_or(place.value))
    }

    /// Whether the field's value is known only after the deployment.
    #[must_use]
    pub fn is_symbolic(&self, path: &str) -> bool {
        self.get(path).is_some_and(|place| place.origin == Origin::Symbolic)
    }

    /// Whether the field's value is written in place as it is.
    #[must_use]
    pub fn is_written(&self, path: &str) -> bool {
        self.get(path).is_some_and(|place| place.origin == Origin::Written)
    }

    fn nearest(&self, path: &str, of: impl Fn(&Place) -> Span) -> Span {
        let mut path = path;
        loop {
            if let Some(place) = self.places.get(path) {
                return of(place);
            }
            match path.rfind('/') {
                Some(at) => path = &path[..at],
                None => return Span::default(),
            }
        }
    }

    pub(crate) fn insert(&mut self, path: impl Into<String>, key: Option<Span>, value: Span, origin: Origin) {
        Arc::make_mut(&mut self.places).insert(path.into(), Place { key, value, origin });
    }
}

/// The path of a field below another one.
#[must_use]
pub fn join(path: &str, part: impl std::fmt::Display) -> String {
    let mut out = String::with_capacity(path.len() + 24);
    out.push_str(path);
    out.push('/');
    let start = out.len();
    // Writing to a string cannot fail.
    let _ = write!(out, "{part}");
    // By bytes, since this runs for every field of every world, and hardly ever finds one.
    if out.as_bytes()[start..].iter().any(|byte| matches!(byte, b'~' | b'/')) {
        let part = out[start..].replace('~', "~0").replace('/', "~1");
        out.replace_range(start.., &part);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_written_place_answers() {
        let mut places = Places::default();
        places.insert("", None, Span::new(0, 90), Origin::Written);
        places.insert("/stages/0", None, Span::new(10, 40), Origin::Written);
        places.insert("/stages/0/name", Some(Span::new(10, 14)), Span::new(16, 20), Origin::Symbolic);
        assert_eq!(places.value("/stages/0/name"), Span::new(16, 20));
        assert_eq!(places.key("/stages/0/name"), Span::new(10, 14));
        assert_eq!(places.value("/stages/0/actions/3"), Span::new(10, 40));
        assert_eq!(places.value("/triggers"), Span::new(0, 90));
        assert!(places.is_symbolic("/stages/0/name"));
        assert!(!places.is_symbolic("/stages/0"));
    }

    #[test]
    fn a_slash_in_a_key_is_no_separator() {
        assert_eq!(join("/configuration", "a/b~c"), "/configuration/a~1b~0c");
    }
}
