//! The stable JSON shape of diagnostics, which is also their `Serialize`.

use serde::ser::{Serialize, SerializeStruct, Serializer};

use crate::render::escape_json;
use crate::{Diagnostic, Edit, Fix, Label, Report, Source, Span};

/// An array with one object per diagnostic; every field is always there.
///
/// ```json
/// [{
///   "rule": "buildspec/duplicate-key", "severity": "error", "message": "…", "file": "buildspec.yml",
///   "start": { "line": 3, "column": 1, "offset": 20 }, "end": { "line": 3, "column": 8, "offset": 27 },
///   "labels": [{ "file": "…", "start": {…}, "end": {…}, "message": "…" }],
///   "help": "…", "service": null, "docs": "docs/rules/buildspec/duplicate-key.md",
///   "fix": { "title": "…", "safety": "safe", "edits": [{ "start": {…}, "end": {…}, "replacement": "…" }] }
/// }]
/// ```
///
/// Lines and columns count from 1, columns in characters; `offset` counts bytes of the text in UTF-8
/// without a byte order mark. Suppressed diagnostics are left out.
pub fn json(report: &Report) -> String {
    // The value has string keys and no failing `Serialize`, so the fallback is never taken.
    let json = serde_json::to_string_pretty(report).unwrap_or_else(|_| "[]".to_owned());
    escape_json(&json) + "\n"
}

impl Serialize for Report {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self)
    }
}

impl Serialize for Diagnostic {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Label { source, span, .. } = &self.primary;
        let mut object = serializer.serialize_struct("Diagnostic", 11)?;
        object.serialize_field("rule", self.rule.id)?;
        object.serialize_field("severity", &self.severity)?;
        object.serialize_field("message", &self.message)?;
        object.serialize_field("file", source.name())?;
        object.serialize_field("start", &Place(source, span.start))?;
        object.serialize_field("end", &Place(source, span.end))?;
        object.serialize_field("labels", &self.secondary)?;
        object.serialize_field("help", &self.help)?;
        object.serialize_field("service", &self.rule.service)?;
        object.serialize_field("docs", &self.docs())?;
        let fix = self.fix.as_ref().map(|fix| FixIn(source, fix));
        object.serialize_field("fix", &fix)?;
        object.end()
    }
}

impl Serialize for Label {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = serializer.serialize_struct("Label", 4)?;
        object.serialize_field("file", self.source.name())?;
        object.serialize_field("start", &Place(&self.source, self.span.start))?;
        object.serialize_field("end", &Place(&self.source, self.span.end))?;
        object.serialize_field("message", &self.message)?;
        object.end()
    }
}

struct Place<'a>(&'a Source, usize);

impl Serialize for Place<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let position = self.0.position(self.1);
        let mut object = serializer.serialize_struct("Place", 3)?;
        object.serialize_field("line", &position.line)?;
        object.serialize_field("column", &position.column)?;
        object.serialize_field("offset", &self.1)?;
        object.end()
    }
}

struct FixIn<'a>(&'a Source, &'a Fix);

impl Serialize for FixIn<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(source, fix) = self;
        let edits: Vec<EditIn<'_>> = fix.edits.iter().map(|edit| EditIn(source, edit)).collect();
        let mut object = serializer.serialize_struct("Fix", 3)?;
        object.serialize_field("title", &fix.title)?;
        object.serialize_field("safety", &fix.safety)?;
        object.serialize_field("edits", &edits)?;
        object.end()
    }
}

struct EditIn<'a>(&'a Source, &'a Edit);

impl Serialize for EditIn<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(source, Edit { span: Span { start, end }, replacement }) = self;
        let mut object = serializer.serialize_struct("Edit", 3)?;
        object.serialize_field("start", &Place(source, *start))?;
        object.serialize_field("end", &Place(source, *end))?;
        object.serialize_field("replacement", replacement)?;
        object.end()
    }
}
