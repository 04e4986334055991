//! What ECS and Lambda AppSpecs share: keys in any case, `Resources` and `Hooks` as lists of
//! mappings with a single key.

use spec_report::{Diagnostic, Field, MapCursor, Node, Reader, Span, Spanned};

use super::version;
use crate::model::{FunctionHook, Version};
use crate::rules::MISSING_KEY;

/// The outermost mapping after the parts that both kinds have.
pub(super) struct Frame<'d> {
    pub(super) version: Option<Spanned<Version>>,
    pub(super) resources: Vec<Field<'d>>,
    pub(super) hooks: Vec<FunctionHook>,
}

pub(super) fn read_frame<'d>(root: &'d Node, reader: &mut Reader<'_>) -> Option<Frame<'d>> {
    let mut top = reader.map(root, "the AppSpec")?;
    let version = top.take_ignore_case("version").map(|field| version(field.value));
    let resources = require(&mut top, "Resources", reader).map_or_else(Vec::new, |field| single_keys(&field, reader));
    let hooks = top.take_ignore_case("Hooks").map_or_else(Vec::new, |field| read_hooks(&field, reader));
    top.finish(reader);
    Some(Frame { version, resources, hooks })
}

/// Takes a key in any case and reports if it is not there.
pub(super) fn require<'d>(cursor: &mut MapCursor<'d>, key: &str, reader: &mut Reader<'_>) -> Option<Field<'d>> {
    let field = cursor.take_ignore_case(key);
    let cut_off = reader.document().stopped_at().is_some_and(|at| at <= cursor.span().end);
    if field.is_none() && !cut_off {
        let message = format!("{} lacks the required key `{key}`", cursor.what());
        let diagnostic = Diagnostic::new(&MISSING_KEY, reader.source(), cursor.head(), message);
        reader.report(diagnostic);
    }
    field
}

/// The entries of a list of mappings. A mapping in place of the list is reported and read as if it
/// were the list.
fn single_keys<'d>(field: &Field<'d>, reader: &mut Reader<'_>) -> Vec<Field<'d>> {
    let what = format!("an item of `{}`", field.name());
    if field.is_null(reader) {
        return Vec::new();
    }
    if field.value.as_map().is_some() {
        reader.wrong_type(field.value, &format!("`{}`", field.name()), "a list of mappings");
        return field.map(reader).map_or_else(Vec::new, |mut cursor| cursor.rest());
    }
    let mut entries = Vec::new();
    for item in reader.seq(field.value, &format!("`{}`", field.name())) {
        if let Some(mut cursor) = reader.map(item, &what) {
            entries.extend(cursor.rest());
        }
    }
    entries
}

fn read_hooks(field: &Field<'_>, reader: &mut Reader<'_>) -> Vec<FunctionHook> {
    single_keys(field, reader)
        .into_iter()
        .filter_map(|entry| Some(FunctionHook { event: entry.spanned_name(), function: entry.str(reader)? }))
        .collect()
}

/// What every resource has: its type, and its properties as a cursor.
pub(super) struct Resource<'d> {
    pub(super) name: Spanned<String>,
    pub(super) kind: Option<Spanned<String>>,
    pub(super) span: Option<Span>,
    pub(super) properties: Option<MapCursor<'d>>,
}

pub(super) fn read_resource<'d>(entry: &Field<'d>, reader: &mut Reader<'_>) -> Option<Resource<'d>> {
    let mut resource = entry.map(reader)?;
    let kind = require(&mut resource, "Type", reader).and_then(|field| field.str(reader));
    let properties = require(&mut resource, "Properties", reader).and_then(|field| field.map(reader));
    resource.finish(reader);
    Some(Resource { name: entry.spanned_name(), kind, span: properties.as_ref().map(MapCursor::head), properties })
}
