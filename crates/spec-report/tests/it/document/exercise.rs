//! Everything that may be done with a document, for any bytes: what must hold is asserted.
//!
//! The fuzz targets include this file, so it uses the public API only.

use spec_report::{
    Document, Format, Limits, Node, Reader, Report, Schema, Severity, Source, Span, Structure, Style, Value, decode,
    emit, read_json, read_yaml, render,
};

const SCHEMAS: [Schema; 3] = [Schema::Yaml11, Schema::Yaml12, Schema::Json];

/// Reads bytes as YAML and walks through all that can be asked.
pub(crate) fn yaml(bytes: &[u8], rules: &'static Structure) {
    all(bytes, rules, Format::Yaml);
}

/// Reads bytes as JSON and walks through all that can be asked.
pub(crate) fn json(bytes: &[u8], rules: &'static Structure) {
    all(bytes, rules, Format::Json);
}

fn all(bytes: &[u8], rules: &'static Structure, format: Format) {
    let limits = Limits::default().with_nodes(5_000).with_expanded_nodes(20_000).with_depth(60);
    let (source, mut report) = decode("fuzz", bytes, &limits, rules);
    let (document, read) = match format {
        Format::Json => read_json(source, &limits, rules),
        _ => read_yaml(source, &limits, rules),
    };
    report.merge(read);
    check_report(&document, &report);
    let mut walk = Walk { document: &document, nodes: 0 };
    if let Some(root) = document.root() {
        walk.node(root, 0, limits.depth);
        assert!(walk.nodes <= limits.expanded_nodes, "{} nodes", walk.nodes);
        check_values(&document, root, rules);
    }
    for comment in document.comments() {
        let written = document.source().slice(comment.span);
        assert_eq!(written.strip_prefix('#'), Some(comment.text.as_str()));
    }
}

fn check_report(document: &Document, report: &Report) {
    for found in report {
        for label in found.secondary.iter().chain([&found.primary]) {
            check_span(&label.source, label.span);
        }
    }
    assert!(document.is_complete() || report.count(Severity::Error) > 0, "stopped without a word");
    let _ = render::concise(report);
    let _ = render::json(report);
}

fn check_span(source: &Source, span: Span) {
    let text = source.text();
    assert!(span.start <= span.end && span.end <= text.len(), "{span} of {}", text.len());
    assert!(text.is_char_boundary(span.start) && text.is_char_boundary(span.end), "{span}");
    let position = source.position(span.start);
    let back = source.offset(position);
    assert!(back == Some(span.start) || text[span.start..].starts_with('\n'), "{span} {position} {back:?}");
}

struct Walk<'d> {
    document: &'d Document,
    nodes: usize,
}

impl Walk<'_> {
    fn node(&mut self, node: &Node, depth: usize, limit: usize) {
        self.nodes += 1;
        let source = self.document.source();
        check_span(source, node.span);
        let written = source.slice(node.span);
        if let Some(tag) = &node.tag {
            assert_eq!(source.slice(tag.span), tag.text);
        }
        let children: Vec<&Node> = match &node.value {
            Value::Scalar(scalar) => {
                let expected = match scalar.style {
                    Style::Plain => written.contains(['\n', '\r']) || written == scalar.text,
                    Style::SingleQuoted => written.starts_with('\''),
                    Style::DoubleQuoted => written.starts_with('"'),
                    Style::Literal => written.starts_with('|'),
                    Style::Folded => written.starts_with('>'),
                };
                assert!(expected, "{scalar:?} is written {written:?}");
                Vec::new()
            }
            Value::Alias(alias) => {
                assert_eq!(written.strip_prefix('*'), Some(alias.name.as_str()));
                alias.target.iter().for_each(|target| self.node(target, depth, limit));
                return;
            }
            Value::Seq(items) => items.iter().collect(),
            Value::Map(entries) => entries.iter().flat_map(|entry| [&entry.key, &entry.value]).collect(),
        };
        let inner = match node.value {
            Value::Scalar(_) => depth,
            _ => depth + 1,
        };
        assert!(inner <= limit, "{inner} deep");
        for child in children {
            let inside = node.span.start <= child.span.start && child.span.end <= node.span.end;
            assert!(inside, "{} is not inside {}", child.span, node.span);
            self.node(child, inner, limit);
        }
    }
}

fn check_values(document: &Document, root: &Node, rules: &'static Structure) {
    for schema in SCHEMAS {
        let _ = root.to_json(schema);
        let mut reader = Reader::new(document, rules, schema);
        take_all(&mut reader, root);
        check_report(document, &{
            let mut report = reader.finish();
            // Judged together with what reading reported, which the caller has checked.
            report.extend(document.stopped_at().map(|at| {
                spec_report::Diagnostic::new(rules.syntax, document.source(), Span::at(at), "stopped")
                    .with_severity(Severity::Error)
            }));
            report
        });
        let value = emit::Value::from_node(root, schema);
        let text = emit::yaml(&value);
        let roomy = Limits::default();
        let (again, report) = read_yaml(Source::new("again", text.clone()), &roomy, rules);
        let wrong = report.iter().find(|found| found.rule.id != rules.duplicate_key.id);
        assert!(wrong.is_none(), "{wrong:?} in\n{text}");
        let back = again.root().map(|root| emit::Value::from_node(root, schema));
        // By their text: not-a-number differs from itself.
        assert_eq!(format!("{back:?}"), format!("{:?}", Some(value)), "{text}");
    }
}

/// Takes every value as every type.
fn take_all(reader: &mut Reader<'_>, node: &Node) {
    let _ = reader.str_or_empty(node, "it");
    let _ = reader.bool_or_str(node, "it");
    let _ = reader.int_or_str(node, "it", 0..=9_u8);
    let _ = reader.float(node, "it");
    match &node.resolved().value {
        Value::Map(_) => {
            if let Some(mut map) = reader.map(node, "it") {
                let _ = map.take_ignore_case("a");
                let _ = map.require("b", reader);
                let rest = map.rest();
                map.finish(reader);
                for field in rest {
                    let _ = field.str_or_seq(reader);
                    take_all(reader, field.value);
                }
            }
        }
        Value::Seq(items) => items.iter().for_each(|item| take_all(reader, item)),
        Value::Scalar(_) | Value::Alias(_) => {}
    }
}
