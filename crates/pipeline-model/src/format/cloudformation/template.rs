//! The sections of a template, and what its names mean.

use std::collections::BTreeMap;

use spec_report::Node;

use super::Values;

/// A template or a fragment of one: logical ids at the top level.
#[derive(Debug)]
pub(super) struct Template<'t> {
    resources: BTreeMap<&'t str, &'t Node>,
    parameters: Option<&'t Node>,
    mappings: Option<&'t Node>,
    conditions: Option<&'t Node>,
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

fn resource_type(node: &Node) -> Option<&str> {
    node.get("Type")?.as_str()
}

impl<'t> Template<'t> {
    pub(super) fn new(root: &'t Node, values: &'t Values) -> Self {
        let resources = match root.get("Resources") {
            Some(resources) => entries(resources).collect(),
            None => fragment(root).collect(),
        };
        Self {
            resources,
            parameters: root.get("Parameters"),
            mappings: root.get("Mappings"),
            conditions: root.get("Conditions"),
            values,
        }
    }

    pub(super) fn resources_of(&self, kind: &str) -> Vec<(&'t str, &'t Node)> {
        let mut found: Vec<_> = self
            .resources
            .iter()
            .filter(|(_, node)| resource_type(node) == Some(kind))
            .map(|(id, node)| (*id, *node))
            .collect();
        found.sort_by_key(|(_, node)| node.span.start);
        found
    }

    pub(super) fn meaning(&self, name: &str) -> Meaning<'t> {
        if let Some(parameter) = self.parameters.and_then(|parameters| parameters.get(name)) {
            let kind = parameter.get("Type").and_then(Node::as_str).unwrap_or("String");
            let given = self.values.parameters.get(name).map(String::as_str);
            let default = || parameter.get("Default").and_then(Node::as_str);
            if kind.starts_with("AWS::SSM::Parameter::Value") {
                return given.map_or(Meaning::ParameterStore, Meaning::Value);
            }
            return match given.or_else(default) {
                Some(value) if kind.starts_with("List<") || kind == "CommaDelimitedList" => Meaning::List(value),
                Some(value) => Meaning::Value(value),
                None => Meaning::Valueless,
            };
        }
        if self.resources.contains_key(name) {
            return Meaning::Resource;
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

    pub(super) fn mapping(&self, map: &str, top: &str, second: &str) -> Option<&'t Node> {
        self.mappings?.get(map)?.get(top)?.get(second)
    }

    pub(super) fn condition(&self, name: &str) -> Option<&'t Node> {
        self.conditions?.get(name)
    }
}
