//! Agent v1: its checks in its order on the value that Ruby holds, the first complaint wins.
//!
//! The agent never asks for types; a list where it wants a mapping ends in Ruby's own error, so each
//! step here does what the method called there does to every class.

use spec_report::{Document, Encoding};
use spec_report::{Limits, Node, Source, Value, read_yaml};

use super::{Psych, Verdict, syntax};
use crate::agent;
use crate::model::Kind;
use crate::model::acl::parse_ace;
use crate::model::selinux::parse_range;
use crate::model::server::{FileExistsBehavior, ObjectType, Os};
use crate::read::{NO_CONVERSION, finish};
use crate::ruby::Ruby;
use crate::rules::{STRUCTURE, unloadable_class};

pub(super) fn verdict(source: &Source, psych: Psych, host: &Os) -> Verdict {
    let (document, report) = read_yaml(source.clone(), &Limits::default(), &STRUCTURE);
    if let Some(syntax) = syntax::first(source, &report) {
        return syntax.in_psych();
    }
    if let Some(sentence) = document.root().and_then(|root| unloadable(root, psych)) {
        return Verdict::in_its_words(sentence);
    }
    if let Err(sentence) = check(&loaded(&document), host) {
        return Verdict::in_its_words(sentence);
    }
    match finish(document, report, Kind::Server).value {
        Some(value) => Verdict::Accept(Box::new(value)),
        None => Verdict::in_our_words("the aliases of this file make it too large to be read"),
    }
}

/// What Psych refuses to load, in the order in which it comes to it.
fn unloadable(node: &Node, psych: Psych) -> Option<String> {
    if let Value::Alias(alias) = &node.value {
        let refused = psych == Psych::Psych4 || alias.target.is_none();
        return refused.then(|| format!("Unknown alias: {}", alias.name));
    }
    if let Some(class) = unloadable_class(node).filter(|_| psych == Psych::Psych4) {
        return Some(format!("Tried to load unspecified class: {class}"));
    }
    match &node.value {
        Value::Seq(items) => items.iter().find_map(|item| unloadable(item, psych)),
        Value::Map(entries) => {
            entries.iter().flat_map(|entry| [&entry.key, &entry.value]).find_map(|node| unloadable(node, psych))
        }
        Value::Scalar(_) | Value::Alias(_) => None,
    }
}

/// The document as Ruby holds it. Behind a byte order mark libyaml takes the keys of the first line
/// for indented by one, and so everything behind that line for another document.
fn loaded(document: &Document) -> Ruby {
    let Some(root) = document.root() else { return Ruby::Nil };
    let source = document.source();
    let is_block = !source.slice(root.span).starts_with('{');
    match (Ruby::from_node(root), root.as_map()) {
        (Ruby::Hash(mut pairs), Some(entries)) if is_block && first_line_only(source, root) => {
            pairs.truncate(entries.iter().filter(|entry| source.position(entry.key.span.start).line == 1).count());
            Ruby::Hash(pairs)
        }
        (value, _) => value,
    }
}

/// Whether a byte order mark hides what is behind the first line of a document.
pub(super) fn first_line_only(source: &Source, root: &Node) -> bool {
    source.encoding() == Encoding::Utf8Bom && source.position(root.span.start).line == 1
}

/// Ruby's `[]` with a string.
fn get(value: &Ruby, key: &str) -> Result<Ruby, String> {
    match value {
        Ruby::Hash(pairs) => {
            let found = pairs.iter().find(|(known, _)| matches!(known, Ruby::Str(text) if text == key));
            Ok(found.map_or(Ruby::Nil, |(_, value)| value.clone()))
        }
        Ruby::Str(text) | Ruby::Symbol(text) if text.contains(key) => Ok(Ruby::Str(key.to_owned())),
        Ruby::Str(_) | Ruby::Symbol(_) => Ok(Ruby::Nil),
        Ruby::Array(_) | Ruby::Int(_) => Err(NO_CONVERSION.to_owned()),
        other => Err(other.undefined_method("[]")),
    }
}

/// The value of a key in what the agent first asks by `has_key?`.
fn get_in_hash(value: &Ruby, key: &str) -> Result<Ruby, String> {
    match value {
        Ruby::Hash(_) => get(value, key),
        other => Err(other.undefined_method("has_key?")),
    }
}

/// What Ruby's `each` goes through: a mapping pair by pair. Null and `false` are not gone through.
fn each(value: Ruby) -> Result<Vec<Ruby>, String> {
    match value {
        value if !value.is_truthy() => Ok(Vec::new()),
        Ruby::Array(items) => Ok(items),
        Ruby::Hash(pairs) => Ok(pairs.into_iter().map(|(key, value)| Ruby::Array(vec![key, value])).collect()),
        other => Err(other.undefined_method("each")),
    }
}

fn check(root: &Ruby, host: &Os) -> Result<(), String> {
    if !root.is_truthy() {
        return Err(agent::EMPTY.to_owned());
    }
    match get(root, "version")? {
        Ruby::Int(0) => {}
        Ruby::Float(0.0) => {}
        other => return Err(agent::invalid_version(&other.to_s())),
    }
    let os = get(root, "os")?;
    if !matches!(&os, Ruby::Str(text) if text == host.as_str()) {
        return Err(agent::unsupported_os(&os.to_s()));
    }
    check_hooks(get(root, "hooks")?)?;
    for file in each(get(root, "files")?)? {
        let source = get(&file, "source")?;
        let destination = get(&file, "destination")?;
        if source == Ruby::Nil {
            return Err(agent::NO_SOURCE.to_owned());
        }
        if destination == Ruby::Nil {
            return Err(agent::no_destination(&source.to_s()));
        }
    }
    for permission in each(get(root, "permissions")?)? {
        if *host == Os::Windows {
            return Err(agent::PERMISSIONS_ON_WINDOWS.to_owned());
        }
        check_permission(&permission)?;
    }
    match get(root, "file_exists_behavior")? {
        Ruby::Nil => Ok(()),
        Ruby::Str(text) if !matches!(text.clone().into(), FileExistsBehavior::Unknown(_)) => Ok(()),
        other => Err(agent::invalid_file_exists_behavior(&other.to_s())),
    }
}

fn check_hooks(hooks: Ruby) -> Result<(), String> {
    let events = match hooks {
        value if !value.is_truthy() => return Ok(()),
        Ruby::Hash(events) => events,
        other => return Err(other.undefined_method("each_pair")),
    };
    for (_, scripts) in events {
        for script in each(scripts)? {
            let location = get_in_hash(&script, "location")?;
            if location.to_s().trim().is_empty() {
                return Err(agent::NO_LOCATION.to_owned());
            }
            let timeout = get(&script, "timeout")?;
            if !timeout.is_truthy() {
                continue;
            }
            match (timeout.to_i(), &timeout) {
                (Some(seconds), _) if seconds > 0 => {}
                (Some(_), _) => return Err(agent::INVALID_TIMEOUT.to_owned()),
                (None, Ruby::Float(_)) => return Err(timeout.to_s()),
                (None, _) => return Err(timeout.undefined_method("to_i")),
            }
        }
    }
    Ok(())
}

fn check_permission(permission: &Ruby) -> Result<(), String> {
    let object = get_in_hash(permission, "object")?;
    if object == Ruby::Nil {
        return Err(agent::NO_OBJECT.to_owned());
    }
    each(get(permission, "except")?)?;
    for kind in each(get(permission, "type")?)? {
        if !matches!(&kind, Ruby::Str(text) if !matches!(text.clone().into(), ObjectType::Unknown(_))) {
            return Err(agent::unsupported_object_type(&kind.to_s()));
        }
    }
    let mode = get(permission, "mode")?;
    if mode != Ruby::Nil {
        check_mode(&mode.to_s())?;
    }
    for ace in each(get(permission, "acls")?)? {
        match &ace {
            Ruby::Str(text) => parse_ace(text)?,
            other => return Err(other.undefined_method("split")),
        };
    }
    let context = get(permission, "context")?;
    if context.is_truthy() {
        if get(&context, "type")? == Ruby::Nil {
            return Err(agent::context_type(&context.inspect()));
        }
        let range = get(&context, "range")?;
        if range != Ruby::Nil {
            parse_range(&range.to_s())?;
        }
    }
    if object.to_s().trim().is_empty() { Err(agent::NO_OBJECT.to_owned()) } else { Ok(()) }
}

/// The check of a mode's text, which both agents make.
pub(super) fn check_mode(mode: &str) -> Result<(), String> {
    if mode.chars().count() > 4 {
        return Err(agent::mode_length(mode));
    }
    match mode.chars().find(|character| !('0'..='7').contains(character)) {
        Some(character) => Err(agent::mode_character(mode, character)),
        None => Ok(()),
    }
}
