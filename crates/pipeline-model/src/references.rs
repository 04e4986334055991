//! References to variables in texts: `#{namespace.key}`.

/// One reference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Reference<'t> {
    /// What stands between the braces.
    pub text: &'t str,
    /// The offset of `#{` in the text.
    pub start: usize,
}

impl<'t> Reference<'t> {
    /// Namespace and key; `None` when there is no period or a part is empty.
    #[must_use]
    pub fn parts(&self) -> Option<(&'t str, &'t str)> {
        split(self.text)
    }
}

/// Namespace and key of the text between the braces.
pub(crate) fn split(text: &str) -> Option<(&str, &str)> {
    let (namespace, key) = text.split_once('.')?;
    (!namespace.is_empty() && !key.is_empty()).then_some((namespace, key))
}

/// The references of a text, in its order.
pub fn references(text: &str) -> impl Iterator<Item = Reference<'_>> {
    let mut from = 0;
    std::iter::from_fn(move || {
        let start = from + text.get(from..)?.find("#{")?;
        let end = start + text[start..].find('}')?;
        from = end + 1;
        Some(Reference { text: &text[start + 2..end], start })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_found_in_order() {
        let found: Vec<_> = references("a #{Source.CommitId}-#{x} ${no} #{open").collect();
        assert_eq!(found.len(), 2);
        assert_eq!(found[0].parts(), Some(("Source", "CommitId")));
        assert_eq!(found[0].start, 2);
        assert_eq!((found[1].text, found[1].parts()), ("x", None));
    }

    #[test]
    fn only_the_first_period_separates() {
        let found: Vec<_> = references("#{a.b.c}").filter_map(|reference| reference.parts()).collect();
        assert_eq!(found, [("a", "b.c")]);
    }
}
