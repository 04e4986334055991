//! Rules of an invented crate `demo`, and reading and checking by them.

use spec_report::{
    Check, Diagnostic, Document, Edit, Findings, Fix, Format, Levels, Limits, Report, Rule, Safety, Source, Span,
    Structure, Suppression, Value, declare_rule, read_json, read_yaml, run_checks,
};

declare_rule! {
    /// The text cannot be read.
    pub(crate) static SYNTAX = {
        id: "demo/syntax", severity: Error, summary: "the text is not YAML",
        service: "YAML_FILE_ERROR Message: did not find expected node content",
    }
    /// Too large.
    pub(crate) static LIMIT = { id: "demo/limit", severity: Error, summary: "the file is too large" }
    /// ## What it does
    /// Reports a key that is written twice in one mapping.
    ///
    /// ## Why
    /// The last one wins.
    pub(crate) static DUPLICATE_KEY = {
        id: "demo/duplicate-key", severity: Error, summary: "a key is written twice",
        service: "YAML_FILE_ERROR: duplicate key",
    }
    /// Unknown.
    pub(crate) static UNKNOWN_KEY = { id: "demo/unknown-key", severity: Warning, summary: "a key has no meaning" }
    /// Type.
    pub(crate) static WRONG_TYPE = { id: "demo/wrong-type", severity: Error, summary: "a value is of another kind" }
    /// Missing.
    pub(crate) static MISSING_KEY = { id: "demo/missing-key", severity: Error, summary: "a key is missing" }
    /// Bad words.
    pub(crate) static BAD_WORD = { id: "demo/bad-word", severity: Warning, summary: "a value is the word `bad`" }
    /// Notes.
    pub(crate) static REMARK = { id: "demo/remark", severity: Info, summary: "a value is the word `note`" }
    /// Unknown rule in a comment.
    pub(crate) static UNKNOWN_RULE = {
        id: "demo/unknown-rule", severity: Warning, summary: "a comment allows a rule that does not exist",
    }
    /// Unused comment.
    pub(crate) static UNUSED = {
        id: "demo/unused-suppression", severity: Info, summary: "a comment silences nothing",
    }
}

pub(crate) static STRUCTURE: Structure = Structure {
    syntax: &SYNTAX,
    limit: &LIMIT,
    duplicate_key: &DUPLICATE_KEY,
    unknown_key: &UNKNOWN_KEY,
    wrong_type: &WRONG_TYPE,
    missing_key: &MISSING_KEY,
};

pub(crate) static SUPPRESSION: Suppression = Suppression { unknown: &UNKNOWN_RULE, unused: &UNUSED };

pub(crate) static RULES: &[&Rule] = &[
    &BAD_WORD,
    &DUPLICATE_KEY,
    &LIMIT,
    &MISSING_KEY,
    &REMARK,
    &SYNTAX,
    &UNKNOWN_KEY,
    &UNKNOWN_RULE,
    &UNUSED,
    &WRONG_TYPE,
];

pub(crate) static CHECKS: &[Check<Document>] =
    &[Check::new(&BAD_WORD, bad_word), Check { rule: &DUPLICATE_KEY, run: twice }];

/// Everything about the values `bad` and `note`; `bad` is fixed to `good`.
fn bad_word(document: &Document, out: &mut Findings<'_>) {
    each_scalar(document, &mut |text, span| match text {
        "bad" => {
            out.report(&BAD_WORD, document.source(), span, "`bad` is a bad word").set_help("use a better one").set_fix(
                Fix {
                    title: "write `good`".to_owned(),
                    edits: vec![Edit { span, replacement: "good".to_owned() }],
                    safety: Safety::Unsafe,
                },
            );
        }
        "note" => out.push(Diagnostic::new(&REMARK, document.source(), span, "a note")),
        _ => {}
    });
}

/// The value `twice` is reported at its beginning and at its end.
fn twice(document: &Document, out: &mut Findings<'_>) {
    each_scalar(document, &mut |text, span| {
        if text == "twice" {
            for at in [span.start, span.end - 1] {
                out.report(&DUPLICATE_KEY, document.source(), Span::new(at, at + 1), "twice");
            }
        }
    });
}

fn each_scalar(document: &Document, visit: &mut dyn FnMut(&str, Span)) {
    let mut stack: Vec<_> = document.root().into_iter().collect();
    while let Some(node) = stack.pop() {
        match &node.value {
            Value::Scalar(scalar) => visit(&scalar.text, node.span),
            Value::Seq(items) => stack.extend(items),
            Value::Map(entries) => stack.extend(entries.iter().flat_map(|entry| [&entry.key, &entry.value])),
            _ => {}
        }
    }
}

pub(crate) fn document(text: &str) -> Document {
    read_yaml(Source::new("demo.yml", text), &Limits::default(), &STRUCTURE).0
}

/// Reads and checks as a crate would.
pub(crate) fn check(name: &str, text: &str) -> Report {
    check_with(name, text, Levels::default())
}

pub(crate) fn check_with(name: &str, text: &str, levels: Levels) -> Report {
    let source = Source::new(name, text);
    let limits = Limits::default();
    let (document, mut report) = if name.ends_with(".json") {
        read_json(source, &limits, &STRUCTURE)
    } else {
        read_yaml(source, &limits, &STRUCTURE)
    };
    assert_eq!(document.format() == Format::Json, name.ends_with(".json"));
    let levels = levels.with_comments(&document, "demo", RULES, SUPPRESSION);
    run_checks(CHECKS, &document, &levels, &mut report);
    report
}

/// `line:column severity[rule]` of each diagnostic.
pub(crate) fn brief(report: &Report) -> Vec<String> {
    report
        .iter()
        .map(|found| {
            let position = found.primary.source.position(found.primary.span.start);
            format!("{position} {}[{}]", found.severity, found.rule.name())
        })
        .collect()
}

/// What is found when comments have no meaning.
pub(crate) fn unsuppressed(text: &str) -> Report {
    let (document, mut report) = read_yaml(Source::new("demo.yml", text), &Limits::default(), &STRUCTURE);
    run_checks(CHECKS, &document, &Levels::default(), &mut report);
    report
}
