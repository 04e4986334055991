//! Values that other tools write differently.

use spec_report::{Edit, Findings, Fix, Format, Safety, Schema, Style, Typed, Value, declare_rule};

use super::subject::Subject;

declare_rule! {
    /// CodeBuild takes the text as it is written. A tool that reads the file and writes it again makes `3.1` of `3.10`,
    /// and `true` of `yes`.
    pub(crate) static RETYPED_SCALAR = {
        id: "buildspec/retyped-scalar",
        severity: Info,
        summary: "other tools change this value when they rewrite the file",
    }
}

pub(super) fn check(subject: &Subject, findings: &mut Findings<'_>) {
    if subject.document.format() != Format::Yaml {
        return;
    }
    let paths = [&["phases", "install", "runtime-versions"][..], &["env", "variables"]];
    let values = paths.into_iter().filter_map(|path| subject.node(path)?.as_map()).flatten().map(|entry| &entry.value);
    for value in values {
        let Some(text) = value.as_scalar().filter(|scalar| scalar.style == Style::Plain).map(|scalar| &scalar.text)
        else {
            continue;
        };
        // An alias stands elsewhere, and is reported there.
        if matches!(value.value, Value::Alias(_)) {
            continue;
        }
        let other = match value.typed(Schema::Yaml11) {
            Typed::Bool(bool) => bool.to_string(),
            Typed::Int(int) => int.to_string(),
            // `6.0` comes back as it is from most tools.
            Typed::Float(float) if format!("{float:?}") == *text => continue,
            Typed::Float(float) => float.to_string(),
            _ => continue,
        };
        if other == *text || text.eq_ignore_ascii_case(&other) {
            continue;
        }
        let edits = vec![Edit { span: value.span, replacement: format!("\"{text}\"") }];
        findings
            .report(
                &RETYPED_SCALAR,
                &subject.source,
                value.span,
                format!("`{text}` becomes `{other}` in tools that rewrite the file"),
            )
            .set_help("put it in quotes; CodeBuild reads the same")
            .set_fix(Fix { title: "quote the value".to_owned(), edits, safety: Safety::Safe });
    }
}
