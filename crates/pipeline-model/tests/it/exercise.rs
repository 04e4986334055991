//! Everything that may be done with the text of a pipeline or template, for any bytes: what must hold is asserted.
//!
//! The fuzz target includes this file, so it uses the public API only.

use pipeline_model::format::cloudformation::{rewrite, to_json_text, to_yaml};
use pipeline_model::format::json::Secrets;
use pipeline_model::{ReadOptions, check, draw, read_bytes, template};
use spec_report::{Levels, Safety, apply_fixes};

/// Reads, checks, mends, draws, writes and reads again.
pub(crate) fn template(bytes: &[u8]) {
    let options = ReadOptions::default();
    let reading = read_bytes("fuzz.yml", bytes, &options);
    let report = check(&reading, &Levels::default());
    let source = reading.document.source();
    for found in &report {
        for label in found.secondary.iter().chain([&found.primary]) {
            let (text, span) = (label.source.text(), label.span);
            assert!(span.start <= span.end && span.end <= text.len(), "{span} of {}: {}", text.len(), found.rule.id);
            assert!(text.is_char_boundary(span.start) && text.is_char_boundary(span.end), "{span}: {}", found.rule.id);
        }
    }
    assert!(!reading.declarations.is_empty() || report.has_errors(), "nothing was read, and nobody says why");
    let _ = apply_fixes(source, &report, Safety::Unsafe);
    for declaration in reading.declarations.iter().flat_map(|declaration| declaration.worlds()) {
        let _ = draw::mermaid(&declaration.pipeline);
        for unresolved in &declaration.unresolved {
            assert!(unresolved.span.end <= source.text().len());
        }
    }
    let _ = template::resources(&reading.document, &options);
    // A file with errors may hold what has no place in a model; one without comes out as it went in.
    if let Some(value) = rewrite(&reading, &options, Secrets::Expose).filter(|_| !report.has_errors()) {
        for (name, text) in [("written.yaml", to_yaml(&value)), ("written.json", to_json_text(&value))] {
            let again = read_bytes(name, text.as_bytes(), &options);
            let pipelines = again.declarations.iter().map(|declaration| &declaration.pipeline);
            assert!(pipelines.eq(reading.declarations.iter().map(|declaration| &declaration.pipeline)), "{text}");
        }
    }
}
