//! The sections of a template, and what its names mean.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};

use spec_report::Node;

use super::Values;
use super::resolve::call;

/// A template or a fragment of one: logical ids at the top level.
#[derive(Debug)]
pub(crate) struct Template<'t> {
    resources: BTreeMap<&'t str, &'t Node>,
    parameters: BTreeMap<&'t str, &'t Node>,
    mappings: BTreeMap<&'t str, &'t Node>,
    conditions: BTreeMap<&'t str, &'t Node>,
    /// The texts that a parameter or pseudo parameter is compared with in conditions.
    compared: OnceCell<BTreeMap<&'t str, BTreeSet<&'t str>>>,
    /// Whether a macro that is not AWS's own rewrites the template.
    macros: bool,
    values: &'t Values,
}

/// What a name refers to.
#[derive(Debug)]
pub(super) enum Meaning<'t> {
    /// A parameter with this value.
    Value(&'t str),
    /// A list parameter: its items, separated by commas.
    List(&'t str),
    /// A parameter whose default names an entry of the parameter store.
    ParameterStore,
    /// A parameter without a value.
    Valueless,
    /// A pseudo parameter without a value.
    Pseudo,
    /// A resource.
    Resource,
    /// Nothing in the file.
    Undefined,
}

/// The entries at the top level that look like resources.
pub(super) fn fragment(root: &Node) -> impl Iterator<Item = (&str, &Node)> {
    entries(root).filter(|(_, node)| resource_type(node).is_some_and(|kind| kind.contains("::")))
}

fn entries(node: &Node) -> impl Iterator<Item = (&str, &Node)> {
    let entries = node.as_map().unwrap_or_default().iter();
    entries.filter_map(|entry| Some((entry.key.as_str()?, &entry.value)))
}

fn names_a_macro(transform: &Node) -> bool {
    match transform.as_seq() {
        Some(items) => items.iter().any(names_a_macro),
        None => transform.as_str().is_none_or(|name| !name.starts_with("AWS::")),
    }
}

/// The type of a resource.
pub(crate) fn resource_type(node: &Node) -> Option<&str> {
    node.get("Type")?.as_str()
}

impl<'t> Template<'t> {
    pub(crate) fn new(root: &'t Node, values: &'t Values) -> Self {
        let whole = root.get("Resources");
        let section = |name| root.get(name).map(|section| entries(section).collect()).unwrap_or_default();
        Self {
            resources: whole.map_or_else(|| fragment(root).collect(), |resources| entries(resources).collect()),
            parameters: section("Parameters"),
            mappings: section("Mappings"),
            conditions: section("Conditions"),
            compared: OnceCell::new(),
            macros: root.get("Transform").is_some_and(names_a_macro),
            values,
        }
    }

    pub(super) const fn has_macros(&self) -> bool {
        self.macros
    }

    /// The resources in the order of the file.
    pub(crate) fn resources(&self) -> Vec<(&'t str, &'t Node)> {
        let mut found: Vec<_> = self.resources.iter().map(|(id, node)| (*id, *node)).collect();
        found.sort_by_key(|(_, node)| node.span.start);
        found
    }

    pub(super) fn resource(&self, id: &str) -> Option<&'t Node> {
        self.resources.get(id).copied()
    }

    pub(super) fn resources_of(&self, kind: &str) -> Vec<(&'t str, &'t Node)> {
        let mut found = self.resources();
        found.retain(|(_, node)| resource_type(node) == Some(kind));
        found
    }

    pub(super) fn meaning(&self, name: &str) -> Meaning<'t> {
        if let Some(parameter) = self.parameters.get(name) {
            let kind = parameter.get("Type").and_then(Node::as_str).unwrap_or("String");
            let given = self.values.parameters.get(name).map(String::as_str);
            let default = || parameter.get("Default").and_then(Node::as_str);
            if kind.starts_with("AWS::SSM::Parameter::Value") {
                let stored = || self.stored(default()?);
                let found = given.or_else(stored);
                return match found {
                    Some(value) if kind.contains("<List<") => Meaning::List(value),
                    Some(value) => Meaning::Value(value),
                    None => Meaning::ParameterStore,
                };
            }
            return match given.or_else(default) {
                Some(value) if kind.starts_with("List<") || kind == "CommaDelimitedList" => Meaning::List(value),
                Some(value) => Meaning::Value(value),
                None => Meaning::Valueless,
            };
        }
        if self.resources.contains_key(name) {
            return self.attribute(name).map_or(Meaning::Resource, Meaning::Value);
        }
        // A value given for a name the file does not declare still helps with fragments.
        if let Some(value) = self.values.parameters.get(name) {
            return Meaning::Value(value);
        }
        if name.starts_with("AWS::") { Meaning::Pseudo } else { Meaning::Undefined }
    }

    pub(super) fn export(&self, name: &str) -> Option<&'t str> {
        self.values.exports.get(name).map(String::as_str)
    }

    /// The value of `Resource` or `Resource.Attribute`, if it was given.
    pub(super) fn attribute(&self, name: &str) -> Option<&'t str> {
        self.values.attributes.get(name).map(String::as_str)
    }

    /// The value of an entry of the parameter store, if it was given.
    pub(super) fn stored(&self, name: &str) -> Option<&'t str> {
        self.values.stored.get(name).map(String::as_str)
    }

    /// The availability zones of a region, if they were given.
    pub(super) fn zones(&self, region: &str) -> Option<&'t [String]> {
        self.values.zones.get(region).map(Vec::as_slice)
    }

    pub(super) fn mapping(&self, map: &str, top: &str, second: &str) -> Option<&'t Node> {
        self.mappings.get(map)?.get(top)?.get(second)
    }

    pub(super) fn condition(&self, name: &str) -> Option<&'t Node> {
        self.conditions.get(name).copied()
    }

    /// The values of a parameter that some condition tells apart, the last one standing for all others; `None` for a
    /// name that is neither a parameter nor a pseudo parameter.
    pub(super) fn distinct(&self, name: &str) -> Option<Vec<&'t str>> {
        let parameter = self.parameters.get(name);
        if parameter.is_none() && !name.starts_with("AWS::") {
            return None;
        }
        let compared = self.compared.get_or_init(|| {
            let mut compared = BTreeMap::new();
            self.conditions.values().for_each(|node| comparisons(node, &mut compared));
            compared
        });
        let texts = compared.get(name)?;
        let allowed = parameter.and_then(|parameter| parameter.get("AllowedValues")?.as_seq());
        let Some(allowed) = allowed else {
            return Some(texts.iter().copied().chain([OTHER]).collect());
        };
        let allowed: Vec<&str> = allowed.iter().filter_map(Node::as_str).collect();
        let mut values: Vec<&str> = allowed.iter().copied().filter(|value| texts.contains(value)).collect();
        // All values that no condition asks for make one world.
        if values.len() < allowed.len() || values.is_empty() {
            values.push(OTHER);
        }
        Some(values)
    }
}

/// Stands for every value that no condition asks for; no text of a file is equal to it.
pub(super) const OTHER: &str = "\0";

/// Collects `Equals` between a reference and a text.
fn comparisons<'t>(node: &'t Node, out: &mut BTreeMap<&'t str, BTreeSet<&'t str>>) {
    let node = node.resolved();
    if let Some(call) = call(node)
        && call.name == "Equals"
        && let Some([left, right]) = call.argument.as_seq()
    {
        for (reference, text) in [(left, right), (right, left)] {
            if let Some(name) = referred(reference)
                && super::resolve::call(text.resolved()).is_none()
                && let Some(text) = text.as_str()
            {
                out.entry(name).or_default().insert(text);
            }
        }
        return;
    }
    match &node.value {
        spec_report::Value::Seq(items) => items.iter().for_each(|item| comparisons(item, out)),
        spec_report::Value::Map(entries) => entries.iter().for_each(|entry| comparisons(&entry.value, out)),
        _ => {}
    }
}

/// The name that a `Ref` refers to.
pub(super) fn referred(node: &Node) -> Option<&str> {
    let call = call(node.resolved())?;
    if call.name == "Ref" { call.argument.as_str() } else { None }
}
