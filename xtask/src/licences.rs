//! Which licences a dependency may have: permissive ones, by the expression in its manifest.

/// Licences that anyone may use the crates under.
const ALLOWED: &[&str] = &[
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-1-Clause",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "CDLA-Permissive-2.0",
    "ISC",
    "MIT",
    "MIT-0",
    "OpenSSL",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
    "bzip2-1.0.6",
];

/// Crates whose manifest names a file instead, and the licence that was found in it.
const READ: &[(&str, &str)] = &[("libyaml-safer", "MIT")];

/// The licence of a package: what its manifest says, or what was read in its file.
pub(crate) fn of<'a>(package: &str, declared: Option<&'a str>) -> Option<&'a str> {
    declared.or_else(|| READ.iter().find(|(name, _)| *name == package).map(|(_, licence)| *licence))
}

/// Whether an SPDX expression can be met with allowed licences alone. `MIT/Apache-2.0` is the old way to write `OR`.
pub(crate) fn allowed(expression: &str) -> bool {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut reader = Reader { words: &words };
    reader.any() == Some(true) && reader.words.is_empty()
}

struct Reader<'a> {
    words: &'a [&'a str],
}

/// `None` stands for an expression that is not well-formed.
impl Reader<'_> {
    fn any(&mut self) -> Option<bool> {
        let mut met = self.all()?;
        while self.skip("OR") {
            met |= self.all()?;
        }
        Some(met)
    }

    fn all(&mut self) -> Option<bool> {
        let mut met = self.one()?;
        while self.skip("AND") {
            met &= self.one()?;
        }
        Some(met)
    }

    fn one(&mut self) -> Option<bool> {
        if self.skip("(") {
            let met = self.any()?;
            return self.skip(")").then_some(met);
        }
        let (licence, rest) = self.words.split_first()?;
        self.words = rest;
        if self.skip("WITH") {
            let (exception, rest) = self.words.split_first()?;
            self.words = rest;
            return Some(ALLOWED.contains(&format!("{licence} WITH {exception}").as_str()));
        }
        Some(ALLOWED.contains(licence))
    }

    fn skip(&mut self, word: &str) -> bool {
        match self.words.split_first() {
            Some((first, rest)) if *first == word => {
                self.words = rest;
                true
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_licence_is_declared_or_was_read() {
        assert!(READ.is_sorted());
        assert_eq!(of("libyaml-safer", None), Some("MIT"));
        assert_eq!(of("libyaml-safer", Some("GPL-3.0")), Some("GPL-3.0"));
        assert_eq!(of("other", None), None);
    }

    #[test]
    fn expressions() {
        assert!(ALLOWED.is_sorted());
        for (expression, expected) in [
            ("MIT", true),
            ("GPL-3.0", false),
            ("MIT OR Apache-2.0", true),
            ("MIT/Apache-2.0", true),
            ("GPL-2.0 OR MIT", true),
            ("GPL-2.0 AND MIT", false),
            ("(MIT OR Apache-2.0) AND Unicode-3.0", true),
            ("(MIT OR Apache-2.0) AND GPL-3.0", false),
            ("Apache-2.0 AND (MIT OR GPL-3.0)", true),
            ("Apache-2.0 WITH LLVM-exception OR Apache-2.0 OR MIT", true),
            ("GPL-2.0 WITH Classpath-exception-2.0", false),
            ("", false),
            ("MIT OR", false),
            ("(MIT", false),
            ("MIT MIT", false),
        ] {
            assert_eq!(allowed(expression), expected, "{expression}");
        }
    }
}
