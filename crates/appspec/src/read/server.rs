//! Reads EC2/on-premises AppSpecs as agent v1 does: Ruby's truth, Ruby's text of numbers, keys in
//! exact case.

use spec_report::{Diagnostic, Edit, Field, Fix, Node, Reader, Safety, Severity, Span, Spanned, did_you_mean};

use super::version;
use crate::agent;
use crate::lifecycle;
use crate::model::server::{Context, EventHooks, FileMapping, Permission, Script, Server};
use crate::ruby::Ruby;
use crate::rules::{CAPITALISED_SECTION, EMPTY_FILE, MISPLACED_EVENT, UNKNOWN_KEY, WRONG_TYPE};

/// What Ruby says when a list or a number is asked for a key.
pub(crate) const NO_CONVERSION: &str = "no implicit conversion of String into Integer";

/// The keys of a Server AppSpec at its top.
const SECTIONS: &[&str] = &["version", "os", "files", "permissions", "hooks", "file_exists_behavior"];

pub(super) fn report_empty(reader: &mut Reader<'_>) {
    let cut_off = reader.document().stopped_at().is_some();
    if !cut_off {
        let source = reader.source();
        let span = Span::new(0, source.len());
        reader.report(
            Diagnostic::new(&EMPTY_FILE, source, span, "the AppSpec is empty").with_help(agent::says(agent::EMPTY)),
        );
    }
}

pub(super) fn read(root: Option<&Node>, reader: &mut Reader<'_>) -> Option<Server> {
    let Some(root) = root.filter(|root| Ruby::is_truthy_node(root)) else {
        report_empty(reader);
        return None;
    };
    if root.as_map().is_none() {
        report_root(root, reader);
        return None;
    }
    let mut top = reader.map(root, "the AppSpec")?;
    let mut server = Server {
        version: top.take("version").map(|field| version(field.value)),
        os: top.take("os").and_then(|field| text(field.value)).map(|os| os.map(Into::into)),
        ..Server::default()
    };
    if let Some(field) = top.take("hooks") {
        server.hooks = read_hooks(&field, reader);
    }
    if let Some(field) = top.take("files") {
        server.files = items(&field, "each", reader).iter().filter_map(|item| read_file(item, reader)).collect();
    }
    if let Some(field) = top.take("permissions") {
        server.permissions =
            items(&field, "each", reader).iter().filter_map(|item| read_permission(item, reader)).collect();
    }
    server.file_exists_behavior =
        top.take("file_exists_behavior").and_then(|field| text(field.value)).map(|behavior| behavior.map(Into::into));
    for field in top.rest() {
        report_stray_section(&field, reader);
    }
    Some(server)
}

/// The agent asks whatever the file holds for its `version`; Ruby's strings answer with the part that
/// was asked for, if they contain it.
fn report_root(root: &Node, reader: &mut Reader<'_>) {
    let value = Ruby::from_node(root);
    let sentence = match &value {
        Ruby::Str(text) | Ruby::Symbol(text) => {
            agent::invalid_version(if text.contains("version") { "version" } else { "" })
        }
        Ruby::Array(_) | Ruby::Int(_) => NO_CONVERSION.to_owned(),
        other => other.undefined_method("[]"),
    };
    wrong(root, "the AppSpec", "a mapping", &sentence, reader);
}

/// A key at the top that the agent ignores. Two ways to get there lose a whole section silently, so
/// they have rules of their own.
fn report_stray_section(field: &Field<'_>, reader: &mut Reader<'_>) {
    let source = reader.source();
    let name = field.name();
    let at = field.key.span;
    let diagnostic = if let Some(section) = SECTIONS.iter().find(|section| section.eq_ignore_ascii_case(name)) {
        Diagnostic::new(
            &CAPITALISED_SECTION,
            source,
            at,
            format!("the agent ignores `{name}`: the section is called `{section}`"),
        )
        .with_fix(rename(at, section))
    } else if lifecycle::server_events().any(|event| event.name == name) {
        Diagnostic::new(
            &MISPLACED_EVENT,
            source,
            at,
            format!("the agent ignores the event `{name}` here: it is not inside `hooks`"),
        )
        .with_help("indent the event and its scripts below `hooks:`")
    } else {
        let message = if name.is_empty() {
            "the agent ignores this key".to_owned()
        } else {
            format!("the agent ignores the unknown key `{name}`")
        };
        let mut diagnostic = Diagnostic::new(&UNKNOWN_KEY, source, at, message);
        if let Some(near) = did_you_mean(name, SECTIONS.iter().copied()) {
            diagnostic = diagnostic.with_help(format!("did you mean `{near}`?")).with_fix(rename(at, near));
        }
        diagnostic
    };
    reader.report(diagnostic);
}

fn rename(at: Span, name: &str) -> Fix {
    Fix {
        title: format!("rename the key to `{name}`"),
        edits: vec![Edit { span: at, replacement: name.to_owned() }],
        safety: Safety::Unsafe,
    }
}

/// The value as the agent's text; `None` for null.
fn text(node: &Node) -> Option<Spanned<String>> {
    match Ruby::from_node(node) {
        Ruby::Nil => None,
        value => Some(Spanned::new(value.to_s(), node.span)),
    }
}

fn stripped(node: &Node) -> Option<Spanned<String>> {
    text(node).map(|found| found.map(|value| value.trim().to_owned())).filter(|found| !found.value.is_empty())
}

/// A value that the agent keeps as it is and hands to something that wants a string. Numbers and
/// lists pass its checks and break the installation.
fn string(field: &Field<'_>, reader: &mut Reader<'_>) -> Option<Spanned<String>> {
    let value = Ruby::from_node(field.value);
    let is_text = matches!(value, Ruby::Nil | Ruby::Str(_) | Ruby::Symbol(_) | Ruby::Temporal(_));
    if !is_text {
        let message = format!(
            "`{}` must be a string, but is {}: the agent accepts the file and fails while it installs",
            field.name(),
            field.value.kind()
        );
        reader.report(
            Diagnostic::new(&WRONG_TYPE, reader.source(), field.value.span, message)
                .with_help("quote the value")
                .with_severity(Severity::Warning),
        );
    }
    text(field.value)
}

fn wrong(node: &Node, what: &str, wanted: &str, sentence: &str, reader: &mut Reader<'_>) {
    let resolved = node.resolved();
    if matches!(&resolved.value, spec_report::Value::Alias(_)) {
        return;
    }
    let span = if node.as_str().is_some() {
        node.span
    } else {
        Span::new(node.span.start, (node.span.start + 1).min(node.span.end))
    };
    let message = format!("{what} must be {wanted}, but is {}", node.kind());
    let source = reader.source();
    reader.report(Diagnostic::new(&WRONG_TYPE, source, span, message).with_help(agent::says(sentence)));
}

/// The items of a list. Null and `false` count as none; anything else is reported with what Ruby
/// answers to the method that the agent calls.
fn items<'n>(field: &Field<'n>, method: &str, reader: &mut Reader<'_>) -> &'n [Node] {
    if let Some(items) = field.value.as_seq() {
        return items;
    }
    let sentence = match Ruby::from_node(field.value) {
        value if !value.is_truthy() => return &[],
        Ruby::Hash(pairs) => match pairs.into_iter().next() {
            // Ruby goes through a mapping pair by pair, and through an empty one not at all.
            None => return &[],
            Some(_) if field.name() == "files" => NO_CONVERSION.to_owned(),
            Some((key, value)) => Ruby::Array(vec![key, value]).undefined_method("has_key?"),
        },
        value => value.undefined_method(method),
    };
    wrong(field.value, &format!("`{}`", field.name()), "a list", &sentence, reader);
    &[]
}

fn item_map<'n>(
    item: &'n Node,
    what: &str,
    method: &str,
    reader: &mut Reader<'_>,
) -> Option<spec_report::MapCursor<'n>> {
    if item.as_map().is_some() {
        return reader.map(item, what);
    }
    wrong(item, what, "a mapping", &Ruby::from_node(item).undefined_method(method), reader);
    None
}

fn read_hooks(field: &Field<'_>, reader: &mut Reader<'_>) -> Vec<EventHooks> {
    if !Ruby::is_truthy_node(field.value) {
        return Vec::new();
    }
    if field.value.as_map().is_none() {
        let value = Ruby::from_node(field.value);
        wrong(field.value, "`hooks`", "a mapping", &value.undefined_method("each_pair"), reader);
        return Vec::new();
    }
    let Some(mut events) = field.map(reader) else { return Vec::new() };
    let mut hooks = Vec::new();
    for event in events.rest() {
        let scripts: Vec<Script> =
            items(&event, "each", reader).iter().filter_map(|item| read_script(item, reader)).collect();
        hooks.push(EventHooks { event: event.spanned_name(), scripts });
    }
    hooks
}

fn read_script(item: &Node, reader: &mut Reader<'_>) -> Option<Script> {
    let mut script = item_map(item, "a script", "has_key?", reader)?;
    let location = script.take("location").and_then(|field| stripped(field.value));
    let timeout = script.take("timeout").and_then(|field| read_timeout(field.value, reader));
    let runas = script.take("runas").and_then(|field| stripped(field.value));
    let sudo = script.take("sudo").is_some_and(|field| Ruby::is_truthy_node(field.value));
    let span = script.span();
    script.finish(reader);
    Some(Script { span, location, timeout, runas, sudo })
}

fn read_timeout(node: &Node, reader: &mut Reader<'_>) -> Option<Spanned<i128>> {
    let value = Ruby::from_node(node);
    if !value.is_truthy() {
        return None;
    }
    match value.to_i() {
        Some(seconds) => Some(Spanned::new(seconds, node.span)),
        None => {
            let sentence = match &value {
                Ruby::Float(_) => value.to_s(),
                value => value.undefined_method("to_i"),
            };
            wrong(node, "`timeout`", "a number of seconds", &sentence, reader);
            None
        }
    }
}

fn read_file(item: &Node, reader: &mut Reader<'_>) -> Option<FileMapping> {
    let mut file = item_map(item, "an entry of `files`", "[]", reader)?;
    let source = file.take("source").and_then(|field| string(&field, reader));
    let destination = file.take("destination").and_then(|field| string(&field, reader));
    let span = file.span();
    file.finish(reader);
    Some(FileMapping { span, source, destination })
}

fn read_permission(item: &Node, reader: &mut Reader<'_>) -> Option<Permission> {
    let mut permission = item_map(item, "an entry of `permissions`", "has_key?", reader)?;
    let read = Permission {
        span: permission.span(),
        object: permission.take("object").and_then(|field| stripped(field.value)),
        pattern: permission.take("pattern").and_then(|field| string(&field, reader)),
        except: permission.take("except").map_or_else(Vec::new, |field| texts(&field, reader)),
        owner: permission.take("owner").and_then(|field| string(&field, reader)),
        group: permission.take("group").and_then(|field| string(&field, reader)),
        mode: permission.take("mode").and_then(|field| text(field.value)),
        acls: permission.take("acls").and_then(|field| read_acls(&field, reader)),
        context: permission.take("context").and_then(|field| read_context(&field, reader)),
        types: permission.take("type").and_then(|field| {
            let given = !Ruby::from_node(field.value).eq(&Ruby::Nil);
            let types = texts(&field, reader).into_iter().map(|kind| kind.map(Into::into)).collect();
            given.then_some(types)
        }),
    };
    permission.finish(reader);
    Some(read)
}

fn texts(field: &Field<'_>, reader: &mut Reader<'_>) -> Vec<Spanned<String>> {
    items(field, "each", reader).iter().map(|item| Spanned::new(Ruby::from_node(item).to_s(), item.span)).collect()
}

fn read_acls(field: &Field<'_>, reader: &mut Reader<'_>) -> Option<Vec<Spanned<String>>> {
    if !Ruby::is_truthy_node(field.value) {
        return None;
    }
    let mut acls = Vec::new();
    for item in items(field, "each", reader) {
        match Ruby::from_node(item) {
            Ruby::Str(entry) => acls.push(Spanned::new(entry, item.span)),
            other => wrong(item, "an entry of `acls`", "a string", &other.undefined_method("split"), reader),
        }
    }
    Some(acls)
}

fn read_context(field: &Field<'_>, reader: &mut Reader<'_>) -> Option<Context> {
    let value = Ruby::from_node(field.value);
    if !value.is_truthy() {
        return None;
    }
    if field.value.as_map().is_none() {
        let sentence = match &value {
            Ruby::Array(_) | Ruby::Int(_) => NO_CONVERSION.to_owned(),
            other => agent::context_type(&other.inspect()),
        };
        wrong(field.value, "`context`", "a mapping", &sentence, reader);
        return None;
    }
    let mut context = field.map(reader)?;
    let read = Context {
        span: context.span(),
        text: value.inspect(),
        name: context.take("name").and_then(|field| text(field.value)),
        user: context.take("user").and_then(|field| text(field.value)),
        kind: context.take("type").and_then(|field| text(field.value)),
        range: context.take("range").and_then(|field| text(field.value)),
    };
    context.finish(reader);
    Some(read)
}
