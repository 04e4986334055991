//! What CloudFormation refuses before it begins, in its own words.

use std::collections::{BTreeMap, BTreeSet};

use aws_call::CallError;
use spec_report::{Limits, Node, Schema, Source};

use super::super::StackInput;
use crate::format::cloudformation::{Budget, Resolver, Template, Values, resource_type};
use crate::rules::STRUCTURE;
use crate::template;

/// The most bytes of a template in a call.
const MOST_BYTES: usize = 51_200;
/// The most characters of a name.
const MOST_NAME: usize = 128;

/// What a template makes with its parameters.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Made {
    pub(super) parameters: BTreeMap<String, String>,
    /// The resources in the order of the template, with type and properties.
    pub(super) resources: Vec<(String, String, serde_json::Value)>,
    pub(super) outputs: BTreeMap<String, String>,
    /// Those that stay when they are taken out of the template, or with it.
    pub(super) retained: BTreeSet<String>,
    tags: BTreeMap<String, String>,
}

fn refused(operation: &'static str, message: impl Into<String>) -> CallError {
    CallError::service(operation, "ValidationError", message)
}

pub(super) fn name(operation: &'static str, name: &str) -> Result<(), CallError> {
    let begins = name.starts_with(|c: char| c.is_ascii_alphabetic());
    let fits = begins && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    let constraint = if !fits {
        "Member must satisfy regular expression pattern: [a-zA-Z][-a-zA-Z0-9]*".to_owned()
    } else if name.len() > MOST_NAME {
        format!("Member must have length less than or equal to {MOST_NAME}")
    } else {
        return Ok(());
    };
    Err(refused(
        operation,
        format!(
            "1 validation error detected: Value '{name}' at 'stackName' failed to satisfy constraint: {constraint}"
        ),
    ))
}

pub(super) fn template(
    operation: &'static str,
    input: &StackInput,
    given: BTreeMap<String, String>,
) -> Result<Made, CallError> {
    let refuse = |message: String| refused(operation, message);
    let text = input.template.as_str();
    if text.is_empty() || text.len() > MOST_BYTES {
        let bound = if text.is_empty() {
            "greater than or equal to 1".to_owned()
        } else {
            format!("less than or equal to {MOST_BYTES}")
        };
        return Err(refuse(format!(
            "1 validation error detected: Value at 'templateBody' failed to satisfy constraint: Member must have length {bound}"
        )));
    }
    let is_json = text.trim_start().starts_with('{');
    let source = Source::new(if is_json { "template.json" } else { "template.yaml" }, text);
    let (document, report) = spec_report::read(source.clone(), &Limits::default(), &STRUCTURE);
    let word = if is_json { "JSON" } else { "YAML" };
    let root = document.root().filter(|_| !report.has_errors());
    let root = root.ok_or_else(|| refuse(format!("Template format error: {word} not well-formed.")))?;
    let resources = root.get("Resources").and_then(Node::as_map).unwrap_or_default();
    if resources.is_empty() {
        return Err(refuse("Template format error: At least one Resources member must be defined.".to_owned()));
    }
    parameters(root, &given).map_err(refuse)?;
    if let Some(found) = template::check_references(&source, root).iter().next() {
        return Err(refuse(match found.rule.name() {
            "circular-dependency" => found.message.clone(),
            _ => format!("Template format error: Unresolved resource dependencies: {}", found.message),
        }));
    }
    let values = Values { parameters: given.clone(), ..Values::default() };
    let template = Template::new(root, &values);
    let mut made = Made { parameters: given, tags: input.tags.clone(), ..Made::default() };
    let mut needed = None;
    for (id, node) in template.resources() {
        let Some(kind) = resource_type(node) else {
            return Err(refuse(format!(
                "Template format error: [/Resources/{id}] Every Resources object must contain a Type member."
            )));
        };
        let mut resolver = Resolver::new(&template, Budget::new(&Limits::default()));
        let properties = node.get("Properties").and_then(|properties| resolver.resolve(properties));
        let properties = properties.map(|node| node.to_json(Schema::Yaml11)).unwrap_or_default();
        needed = needed.max(capability(kind, &properties));
        if matches!(node.get("DeletionPolicy").and_then(Node::as_str), Some("Retain" | "RetainExceptOnCreate")) {
            made.retained.insert(id.to_owned());
        }
        made.resources.push((id.to_owned(), kind.to_owned(), properties));
    }
    for output in root.get("Outputs").and_then(Node::as_map).unwrap_or_default() {
        let mut resolver = Resolver::new(&template, Budget::new(&Limits::default()));
        let value = output.value.get("Value").and_then(|value| resolver.resolve(value));
        if let (Some(name), Some(value)) = (output.key.as_str(), value.as_ref().and_then(Node::as_str)) {
            made.outputs.insert(name.to_owned(), value.to_owned());
        }
    }
    acknowledged(operation, input, needed)?;
    Ok(made)
}

/// Parameters that are missing, and values that nobody asked for.
fn parameters(root: &Node, given: &BTreeMap<String, String>) -> Result<(), String> {
    let declared = root.get("Parameters").and_then(Node::as_map).unwrap_or_default();
    let names: Vec<&str> = declared.iter().filter_map(|entry| entry.key.as_str()).collect();
    let unknown: Vec<&str> = given.keys().map(String::as_str).filter(|name| !names.contains(name)).collect();
    if !unknown.is_empty() {
        return Err(format!("Parameters: [{}] do not exist in the template", unknown.join(", ")));
    }
    let open = declared.iter().filter(|entry| entry.value.get("Default").is_none());
    let missing: Vec<&str> =
        open.filter_map(|entry| entry.key.as_str()).filter(|name| !given.contains_key(*name)).collect();
    if !missing.is_empty() {
        return Err(format!("Parameters: [{}] must have values", missing.join(", ")));
    }
    for entry in declared {
        let Some((name, value)) = entry.key.as_str().and_then(|name| Some((name, given.get(name)?))) else { continue };
        let allowed = entry.value.get("AllowedValues").and_then(Node::as_seq);
        if allowed.is_some_and(|allowed| !allowed.iter().any(|node| node.as_str() == Some(value))) {
            let allowed: Vec<&str> = allowed.unwrap_or_default().iter().filter_map(Node::as_str).collect();
            return Err(format!("Parameter '{name}' must be one of AllowedValues: [{}]", allowed.join(", ")));
        }
    }
    Ok(())
}

/// What the caller must acknowledge for a resource: roles and policies, and more for those with a name.
fn capability(kind: &str, properties: &serde_json::Value) -> Option<&'static str> {
    const IAM: [&str; 7] = ["AccessKey", "Group", "InstanceProfile", "ManagedPolicy", "Policy", "Role", "User"];
    let name = kind.strip_prefix("AWS::IAM::").filter(|name| IAM.contains(name))?;
    let named = ["GroupName", "InstanceProfileName", "ManagedPolicyName", "RoleName", "UserName"];
    let is_named = name != "Policy" && named.iter().any(|key| properties.get(key).is_some());
    // In the order of what is more.
    Some(if is_named { "CAPABILITY_NAMED_IAM" } else { "CAPABILITY_IAM" })
}

fn acknowledged(operation: &'static str, input: &StackInput, needed: Option<&'static str>) -> Result<(), CallError> {
    let has = |capability: &str| input.capabilities.iter().any(|own| own == capability);
    match needed {
        Some(needed) if !has(needed) && !has("CAPABILITY_NAMED_IAM") => {
            let message = format!("Requires capabilities : [{needed}]");
            Err(CallError::service(operation, "InsufficientCapabilitiesException", message))
        }
        _ => Ok(()),
    }
}
