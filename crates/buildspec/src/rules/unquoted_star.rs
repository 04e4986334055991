//! Patterns that look like aliases.

use spec_report::{Diagnostic, Edit, Fix, Safety, Source, Span, declare_rule};

declare_rule! {
    /// To YAML, `*` begins the name of an alias. A pattern such as `**/*` must be in quotes.
    pub(crate) static UNQUOTED_STAR = {
        id: "buildspec/unquoted-star",
        severity: Error,
        summary: "a pattern that begins with `*` is not in quotes",
    }
}

pub(crate) fn find(source: &Source, line: usize) -> Option<Diagnostic> {
    let line = source.line_span(line)?;
    let text = source.slice(line);
    let at = text.find("- *").map(|at| at + 2).or_else(|| Some(text.find(": *")? + 2))?;
    let value = text[at..].split(" #").next().unwrap_or_default().trim_end();
    // An alias is a word behind the star.
    if value[1..].chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-')) {
        return None;
    }
    let span = Span::new(line.start + at, line.start + at + value.len());
    let edits = vec![Edit { span, replacement: format!("'{}'", value.replace('\'', "''")) }];
    let fix = Fix { title: "quote the pattern".to_owned(), edits, safety: Safety::Safe };
    let message = format!("`{}` begins like an alias", value.escape_debug());
    Some(Diagnostic::new(&UNQUOTED_STAR, source, span, message).with_help("put it in quotes").with_fix(fix))
}
