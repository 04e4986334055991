//! Colons that make no key.

use spec_report::{Diagnostic, Edit, Fix, Safety, Source, Span, declare_rule};

declare_rule! {
    /// Only a colon with a blank behind it ends a key. Without it the line is a text, and the file around it is not YAML
    /// any more.
    pub(crate) static MISSING_SPACE_AFTER_COLON = {
        id: "buildspec/missing-space-after-colon",
        severity: Error,
        summary: "a colon has no blank behind it",
    }
}

pub(crate) fn find(source: &Source, line: usize) -> Option<Diagnostic> {
    // A parser notices the mistake on the line itself or on the next one that has text.
    (line.saturating_sub(3)..=line).rev().find_map(|line| in_line(source, line))
}

fn in_line(source: &Source, line: usize) -> Option<Diagnostic> {
    let span = source.line_span(line)?;
    let text = source.slice(span);
    let indent = text.len() - text.trim_start().len();
    let body = text.trim();
    let name_end = body.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '-')))?;
    let (name, rest) = body.split_at(name_end);
    let at = span.start + indent + name_end;
    let (place, replacement, message) = if name == "version" && rest.trim_start().starts_with("0.") {
        (Span::new(at, at + rest.len() - rest.trim_start().len()), ": ", "the key `version` has no colon".to_owned())
    } else {
        let value = rest.strip_prefix(':')?;
        // An address, a list item and a key that is as it should be.
        if name.is_empty() || name.starts_with('-') || value.is_empty() || value.starts_with([' ', '/', ':', '\t']) {
            return None;
        }
        (Span::new(at, at + 1), ": ", format!("the colon behind `{name}` has no blank behind it"))
    };
    let edits = vec![Edit { span: place, replacement: replacement.to_owned() }];
    let fix = Fix { title: "write a colon and a blank".to_owned(), edits, safety: Safety::Unsafe };
    Some(
        Diagnostic::new(&MISSING_SPACE_AFTER_COLON, source, place, message)
            .with_help("write `name: value`")
            .with_fix(fix),
    )
}
