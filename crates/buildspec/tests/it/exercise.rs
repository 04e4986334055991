//! Everything that may be done with a buildspec's text, for any bytes: what must hold is asserted.
//!
//! The fuzz target includes this file, so it uses the public API only.

use buildspec::edit::{Change, edit};
use spec_report::{Levels, Safety, apply_fixes, render};

/// Reads, checks, shows, mends and changes bytes as a buildspec.
pub(crate) fn buildspec(bytes: &[u8]) {
    let parsed = buildspec::read_bytes("fuzz.yml", bytes);
    let report = buildspec::check(&parsed, &Levels::default());
    let source = parsed.document.source();
    for found in &report {
        for label in found.secondary.iter().chain([&found.primary]) {
            let (text, span) = (label.source.text(), label.span);
            assert!(span.start <= span.end && span.end <= text.len(), "{span} of {}: {}", text.len(), found.rule.id);
            assert!(text.is_char_boundary(span.start) && text.is_char_boundary(span.end), "{span}: {}", found.rule.id);
        }
    }
    assert!(parsed.value.is_some() || report.has_errors(), "nothing was read, and nobody says why");
    let _ = render::concise(&report);
    let _ = render::json(&report);
    // A fix is part of the text or left out; it never breaks a character.
    let _ = apply_fixes(source, &report, Safety::Unsafe);
    let change = Change::SetVariable { name: "FUZZ".to_owned(), value: "yes".to_owned() };
    if let Ok(changed) = edit(source, &change) {
        let spec = buildspec::read(changed).value;
        let set = spec.is_some_and(|spec| spec.env.variables.iter().any(|variable| variable.name.value == "FUZZ"));
        assert!(set, "the change says that it was made");
    }
}
