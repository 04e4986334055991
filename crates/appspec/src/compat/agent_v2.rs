//! Agent v2: types while reading, then its checks, in the order of agent v1; the first complaint wins.

use spec_report::{Limits, Node, Severity, Source, Spanned, Value, read_yaml};

use super::agent_v1::{check_mode, first_line_only};
use super::serde_yaml::{Read, Reader, joined};
use super::syntax::{Syntax, place};
use super::{Verdict, syntax};
use crate::agent;
use crate::model::server::{Context, EventHooks, FileExistsBehavior, FileMapping, ObjectType, Os, Permission};
use crate::model::server::{Script, Server};
use crate::model::{AppSpec, Version};
use crate::rules::STRUCTURE;

const SPEC: (&str, &[&str]) =
    ("RawAppSpec", &["version", "os", "files", "hooks", "permissions", "file_exists_behavior"]);
const FILE: (&str, &[&str]) = ("RawFile", &["source", "destination"]);
const SCRIPT: (&str, &[&str]) = ("RawScript", &["location", "timeout", "runas", "sudo"]);
const PERMISSION: (&str, &[&str]) =
    ("RawPermission", &["object", "pattern", "except", "type", "owner", "group", "mode", "acls", "context"]);
const CONTEXT: (&str, &[&str]) = ("RawContext", &["name", "type", "range"]);

pub(super) fn verdict(source: &Source) -> Verdict {
    if source.text().trim().is_empty() {
        return Verdict::in_its_words(agent::EMPTY);
    }
    let (document, report) = read_yaml(source.clone(), &Limits::default(), &STRUCTURE);
    match syntax::first(source, &report).map(Syntax::in_serde) {
        Some(Ok(sentence)) => return Verdict::in_its_words(agent::yaml_error(&sentence)),
        Some(Err(message)) => return Verdict::in_our_words(message),
        None => {}
    }
    // The reader of documents stops at the second one and says where.
    if report.iter().any(|found| found.rule.id == STRUCTURE.syntax.id && found.severity == Severity::Warning) {
        let sentence = "deserializing from YAML containing more than one document is not supported";
        return Verdict::in_its_words(agent::yaml_error(sentence));
    }
    let Some(root) = document.root() else {
        return Verdict::in_its_words(agent::yaml_error("missing field `version`"));
    };
    if let Some(alias) = unknown_alias(root) {
        let at = place(source.position(alias.span.start));
        return Verdict::in_its_words(agent::yaml_error(&format!("unknown anchor at {at}")));
    }
    let (server, version) = match read(source, root) {
        Ok(read) => read,
        Err(sentence) => return Verdict::in_its_words(agent::yaml_error(&sentence)),
    };
    match check(&server, version) {
        Ok(()) => Verdict::Accept(Box::new(AppSpec::Server(server))),
        Err(sentence) => Verdict::in_its_words(sentence),
    }
}

/// The first alias that no anchor has the name of.
fn unknown_alias(node: &Node) -> Option<&Node> {
    match &node.value {
        Value::Alias(alias) => alias.target.is_none().then_some(node),
        Value::Seq(items) => items.iter().find_map(unknown_alias),
        Value::Map(entries) => entries.iter().flat_map(|entry| [&entry.key, &entry.value]).find_map(unknown_alias),
        Value::Scalar(_) => None,
    }
}

fn read(source: &Source, root: &Node) -> Read<(Server, f64)> {
    let reader = Reader { source };
    let mut server = Server::default();
    let mut version = None;
    let hidden = first_line_only(source, root) && !source.slice(root.span).starts_with('{');
    reader.fields(root, "", SPEC, |key, value, path| {
        if hidden && source.position(value.span.start).line > 1 {
            return Ok(());
        }
        match key {
            "version" => version = Some(reader.float(value, path)?),
            "os" => server.os = Some(reader.string(value, path)?.map(Into::into)),
            "files" => {
                server.files = reader.list(value, path, |item, path| file(&reader, item, path))?.unwrap_or_default();
            }
            "hooks" => server.hooks = hooks(&reader, value, path)?,
            "permissions" => {
                let read = reader.list(value, path, |item, path| permission(&reader, item, path))?;
                server.permissions = read.unwrap_or_default();
            }
            _ => {
                let read = reader.optional_string(value, path)?;
                server.file_exists_behavior = read.map(|found| found.map(Into::into));
            }
        }
        Ok(())
    })?;
    let missing = |field: &str| reader.error(root, "", &format!("missing field `{field}`"));
    let version = version.ok_or_else(|| missing("version"))?;
    if server.os.is_none() {
        return Err(missing("os"));
    }
    let text = version.value.to_string();
    server.version = Some(Spanned::new(Version { text, is_zero: version.value == 0.0 }, version.span));
    Ok((server, version.value))
}

fn file(reader: &Reader<'_>, node: &Node, path: &str) -> Read<FileMapping> {
    let mut file = FileMapping { span: node.span, source: None, destination: None };
    reader.fields(node, path, FILE, |key, value, path| {
        let text = reader.optional_string(value, path)?;
        if key == "source" {
            file.source = text;
        } else {
            file.destination = text;
        }
        Ok(())
    })?;
    Ok(file)
}

fn hooks(reader: &Reader<'_>, node: &Node, path: &str) -> Read<Vec<EventHooks>> {
    let mut hooks: Vec<EventHooks> = Vec::new();
    for entry in reader.map(node, path)?.unwrap_or_default() {
        let event = reader.string(&entry.key, path)?;
        let path = joined(path, &event.value);
        let scripts = reader.list(&entry.value, &path, |item, path| script(reader, item, path))?.unwrap_or_default();
        match hooks.iter_mut().find(|known| known.event.value == event.value) {
            Some(known) => known.scripts = scripts,
            None => hooks.push(EventHooks { event, scripts }),
        }
    }
    Ok(hooks)
}

fn script(reader: &Reader<'_>, node: &Node, path: &str) -> Read<Script> {
    let mut script = Script { span: node.span, location: None, timeout: None, runas: None, sudo: false };
    reader.fields(node, path, SCRIPT, |key, value, path| {
        match key {
            "location" => script.location = stripped(reader.optional_string(value, path)?),
            "timeout" => script.timeout = reader.optional_u32(value, path)?.map(|found| found.map(i128::from)),
            "runas" => script.runas = stripped(reader.optional_string(value, path)?),
            _ => script.sudo = reader.optional_bool(value, path)?.unwrap_or_default(),
        }
        Ok(())
    })?;
    Ok(script)
}

fn permission(reader: &Reader<'_>, node: &Node, path: &str) -> Read<Permission> {
    let mut read = Permission {
        span: node.span,
        object: None,
        pattern: None,
        except: Vec::new(),
        owner: None,
        group: None,
        mode: None,
        acls: None,
        context: None,
        types: None,
    };
    reader.fields(node, path, PERMISSION, |key, value, path| {
        match key {
            "object" => read.object = stripped(reader.optional_string(value, path)?),
            "pattern" => read.pattern = reader.optional_string(value, path)?,
            "except" => read.except = reader.strings(value, path)?.unwrap_or_default(),
            "type" => {
                let types = reader.strings(value, path)?;
                read.types = types.map(|types| types.into_iter().map(|found| found.map(Into::into)).collect());
            }
            "owner" => read.owner = reader.optional_string(value, path)?,
            "group" => read.group = reader.optional_string(value, path)?,
            "mode" => read.mode = reader.optional_string(value, path)?,
            "acls" => read.acls = reader.strings(value, path)?,
            _ => read.context = context(reader, value, path)?,
        }
        Ok(())
    })?;
    Ok(read)
}

fn context(reader: &Reader<'_>, node: &Node, path: &str) -> Read<Option<Context>> {
    if node.resolved().as_str() == Some("") {
        return Ok(None);
    }
    let (mut name, mut kind, mut range) = (None, None, None);
    reader.fields(node, path, CONTEXT, |key, value, path| {
        let text = reader.optional_string(value, path)?;
        match key {
            "name" => name = text,
            "type" => kind = text,
            _ => range = text,
        }
        Ok(())
    })?;
    let shown = |text: &Option<Spanned<String>>| format!("{:?}", text.as_ref().map(|found| &found.value));
    let text = format!("RawContext {{ name: {}, type_: {}, range: {} }}", shown(&name), shown(&kind), shown(&range));
    Ok(Some(Context { span: node.span, text, name, user: None, kind, range }))
}

fn stripped(text: Option<Spanned<String>>) -> Option<Spanned<String>> {
    text.map(|found| found.map(|value| value.trim().to_owned())).filter(|found| !found.value.is_empty())
}

/// The text of a value that is there and not empty.
fn given(text: Option<&Spanned<String>>) -> Option<&str> {
    text.map(|found| found.value.as_str()).filter(|text| !text.is_empty())
}

fn check(server: &Server, version: f64) -> Result<(), String> {
    if version != 0.0 {
        return Err(agent::invalid_version(&version.to_string()));
    }
    if let Some(Os::Unknown(os)) = server.os.as_ref().map(|os| &os.value) {
        return Err(agent::unsupported_os(os));
    }
    for script in server.hooks.iter().flat_map(|hooks| &hooks.scripts) {
        if script.location.is_none() {
            return Err(agent::NO_LOCATION.to_owned());
        }
        if script.timeout_seconds() <= 0 {
            return Err(agent::INVALID_TIMEOUT.to_owned());
        }
    }
    for file in &server.files {
        let source = given(file.source.as_ref()).ok_or(agent::NO_SOURCE)?;
        given(file.destination.as_ref()).ok_or_else(|| agent::no_destination(source))?;
    }
    for permission in &server.permissions {
        check_permission(permission, server.is_windows())?;
    }
    match server.file_exists_behavior.as_ref().map(|behavior| &behavior.value) {
        Some(FileExistsBehavior::Unknown(text)) => Err(agent::invalid_file_exists_behavior(text)),
        _ => Ok(()),
    }
}

fn check_permission(permission: &Permission, is_windows: bool) -> Result<(), String> {
    if is_windows {
        return Err(agent::PERMISSIONS_ON_WINDOWS.to_owned());
    }
    if permission.object.is_none() {
        return Err(agent::NO_OBJECT.to_owned());
    }
    for kind in permission.types.iter().flatten() {
        if let ObjectType::Unknown(text) = &kind.value {
            return Err(agent::unsupported_object_type(text));
        }
    }
    if let Some(mode) = &permission.mode {
        check_mode(&mode.value)?;
    }
    for ace in permission.acls.iter().flatten() {
        check_ace(&ace.value)?;
    }
    let Some(context) = &permission.context else { return Ok(()) };
    if context.kind.is_none() {
        let what = format!("SELinux context missing required 'type' field: {}", context.text);
        return Err(agent::context_type(&what));
    }
    match &context.range {
        Some(range) if !is_range(&range.value) => Err(agent::selinux_order(&range.value)),
        _ => Ok(()),
    }
}

/// `[d:]kind:name:permissions` in full: the short forms of agent v1 are gone.
fn check_ace(text: &str) -> Result<(), String> {
    let invalid = || agent::invalid_ace(text);
    let parts: Vec<&str> = text.split(':').collect();
    let (is_default, [kind, name, permissions]) = match *parts.as_slice() {
        [kind, name, permissions] => (false, [kind, name, permissions]),
        ["d" | "default", kind, name, permissions] => (true, [kind, name, permissions]),
        _ => return Err(invalid()),
    };
    let is_named = match kind {
        "u" | "user" | "g" | "group" => true,
        "m" | "mask" | "o" | "other" => false,
        _ => return Err(invalid()),
    };
    if !is_named && !name.is_empty() {
        return Err(invalid());
    }
    if let [digit] = permissions.as_bytes()
        && digit.is_ascii_digit()
    {
        if *digit > b'7' {
            return Err(invalid());
        }
    } else if let Some(character) = permissions.chars().find(|character| !matches!(character, 'r' | 'w' | 'x' | '-')) {
        return Err(agent::ace_character(text, character));
    }
    if is_named && name.is_empty() && !is_default { Err(agent::base_ace(text)) } else { Ok(()) }
}

/// Whether agent v2 takes a SELinux range: it splits where agent v1 parses, so what follows a second
/// separator is not looked at, and one complaint stands for all mistakes.
fn is_range(text: &str) -> bool {
    let number = |text: &str, letter: char| -> Option<u32> {
        let digits = text.strip_prefix(letter)?;
        if digits.starts_with('+') { None } else { digits.parse().ok() }
    };
    let mut parts = text.split(':');
    let mut sensitivities = parts.next().unwrap_or_default().split('-').map(|part| number(part, 's'));
    let Some(Some(low)) = sensitivities.next() else { return false };
    match sensitivities.next() {
        None => {}
        Some(Some(high)) if low <= high => {}
        Some(_) => return false,
    }
    let is_category = |part: &str| {
        let mut ends = part.split('.').map(|end| number(end, 'c').filter(|category| *category <= 1023));
        match (ends.next(), ends.next()) {
            (Some(Some(_)), None) => true,
            (Some(Some(first)), Some(Some(last))) => first <= last,
            _ => false,
        }
    };
    parts.next().is_none_or(|categories| categories.split(',').all(is_category))
}
