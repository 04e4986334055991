//! What the resources and conditions of a template refer to: names that do not exist, and circles. CloudFormation looks
//! at this before anything else, and refuses the template as a whole.

use std::collections::{BTreeMap, BTreeSet};

use spec_report::{Diagnostic, Node, Report, Rule, Source, Span, Value, declare_rule, did_you_mean};

use crate::format::cloudformation::{call, names_in_sub, resource_type};

declare_rule! {
    /// ## What it does
    /// Reports resources, or conditions, of a template that refer to one another in a circle, by `Ref`, `Fn::GetAtt`,
    /// `Fn::Sub` or `DependsOn`.
    ///
    /// ## Why
    /// Each would have to be made before the other. CloudFormation refuses the template.
    pub(crate) static CIRCULAR_DEPENDENCY = {
        id: "pipeline-model/circular-dependency",
        severity: Error,
        summary: "resources or conditions of a template depend on one another in a circle",
        service: "ValidationError: Circular dependency between resources",
    }

    /// ## What it does
    /// Reports a reference to something that the template neither has as a parameter nor as a resource, and a condition
    /// that is not among its conditions. Templates with a transform, which may add resources, and fragments are not
    /// looked at.
    ///
    /// ## Why
    /// CloudFormation refuses the template.
    pub(crate) static UNRESOLVED_DEPENDENCY = {
        id: "pipeline-model/unresolved-dependency",
        severity: Error,
        summary: "a template refers to something that it does not have",
        service: "ValidationError: Template format error: Unresolved resource dependencies",
    }
}

/// Both rules.
pub(crate) static RULES: &[&Rule] = &[&CIRCULAR_DEPENDENCY, &UNRESOLVED_DEPENDENCY];

/// How many names a message lists.
const LISTED: usize = 10;
/// Among how many names a suggestion is looked for.
const SUGGESTIONS: usize = 200;
/// How many references that lead nowhere are reported.
const MOST: usize = 100;

/// What is wrong with the references of a template. Fragments of templates are silently right.
pub(crate) fn check(source: &Source, root: &Node) -> Report {
    let mut report = Report::new();
    let Some(resources) = root.get("Resources").and_then(Node::as_map) else { return report };
    let names = |section: &str| -> BTreeMap<&str, &Node> {
        let entries = root.get(section).and_then(Node::as_map).unwrap_or_default();
        entries.iter().filter_map(|entry| Some((entry.key.as_str()?, &entry.value))).collect()
    };
    let (parameters, conditions) = (names("Parameters"), names("Conditions"));
    let resources: BTreeMap<&str, &Node> =
        resources.iter().filter_map(|entry| Some((entry.key.as_str()?, &entry.value))).collect();
    let mut graph: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    let mut of_conditions: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    let mut lost: Vec<(&str, Span, &'static str)> = Vec::new();
    for (id, resource) in &resources {
        let mut found = References::default();
        for section in ["Properties", "Metadata", "UpdatePolicy", "CreationPolicy"] {
            resource.get(section).into_iter().for_each(|node| found.walk(node));
        }
        match resource.get("DependsOn").map(Node::resolved) {
            Some(Node { value: Value::Seq(items), .. }) => {
                found.names.extend(items.iter().filter_map(|item| Some((item.as_str()?, item.span))));
            }
            Some(node) => found.names.extend(node.as_str().map(|name| (name, node.span))),
            None => {}
        }
        if let Some(condition) = resource.get("Condition") {
            found.conditions.extend(condition.as_str().map(|name| (name, condition.span)));
        }
        let edges = graph.entry(*id).or_default();
        for (name, span) in found.names {
            if resources.contains_key(name) {
                edges.insert(name);
            } else if !parameters.contains_key(name) && !name.starts_with("AWS::") {
                lost.push((name, span, "parameter or resource"));
            }
        }
        lost.extend(
            found
                .conditions
                .iter()
                .filter(|(name, _)| !conditions.contains_key(name))
                .map(|(name, span)| (*name, *span, "condition")),
        );
    }
    for (id, condition) in &conditions {
        let mut found = References::default();
        found.walk(condition);
        let edges = of_conditions.entry(*id).or_default();
        for (name, span) in found.conditions {
            if conditions.contains_key(name) {
                edges.insert(name);
            } else {
                lost.push((name, span, "condition"));
            }
        }
    }
    circles(source, &graph, &resources, "resources", &mut report);
    circles(source, &of_conditions, &conditions, "conditions", &mut report);
    // What a transform or a module adds cannot be seen.
    let module = |node: &&&Node| resource_type(node).is_some_and(|kind| kind.ends_with("::MODULE"));
    if root.get("Transform").is_none() && resources.values().find(module).is_none() {
        let known: Vec<&str> = resources.keys().chain(parameters.keys()).copied().take(SUGGESTIONS).collect();
        for (name, span, what) in lost.into_iter().take(MOST) {
            let message = format!("the template has no {what} `{name}`");
            let mut diagnostic = Diagnostic::new(&UNRESOLVED_DEPENDENCY, source, span, message);
            let known = if what == "condition" {
                conditions.keys().copied().take(SUGGESTIONS).collect()
            } else {
                known.clone()
            };
            if let Some(meant) = did_you_mean(name, known) {
                diagnostic.set_help(format!("did you mean `{meant}`?"));
            }
            report.push(diagnostic);
        }
    }
    report
}

/// The names that a tree refers to.
#[derive(Default)]
struct References<'n> {
    names: Vec<(&'n str, Span)>,
    conditions: Vec<(&'n str, Span)>,
}

impl<'n> References<'n> {
    fn walk(&mut self, node: &'n Node) {
        let node = node.resolved();
        if let Some(call) = call(node) {
            let argument = call.argument.resolved();
            match call.name {
                "Ref" => self.names.extend(argument.as_str().map(|name| (name, call.span))),
                "GetAtt" => {
                    let first = argument.as_seq().and_then(|parts| parts.first());
                    let name = first.unwrap_or(argument).as_str().and_then(|name| name.split('.').next());
                    self.names.extend(name.map(|name| (name, call.span)));
                }
                "Sub" => {
                    let (text, own) = match &argument.value {
                        Value::Seq(items) => (items.first().and_then(Node::as_str), items.get(1)),
                        _ => (argument.as_str(), None),
                    };
                    for name in names_in_sub(text.unwrap_or_default()) {
                        if own.is_none_or(|own| own.get(name).is_none()) {
                            self.names.push((name.split('.').next().unwrap_or(name), call.span));
                        }
                    }
                }
                "Condition" => self.conditions.extend(argument.as_str().map(|name| (name, call.span))),
                "If" => {
                    let name = argument.as_seq().and_then(|parts| parts.first());
                    self.conditions.extend(name.and_then(|node| Some((node.as_str()?, node.span))));
                }
                _ => {}
            }
        }
        match &node.value {
            Value::Seq(items) => items.iter().for_each(|item| self.walk(item)),
            Value::Map(entries) => {
                // The long form of a reference to a condition has no `Fn::`; policies have mappings under this key.
                if let [entry] = entries.as_slice()
                    && entry.key.as_str() == Some("Condition")
                {
                    self.conditions.extend(entry.value.as_str().map(|name| (name, entry.value.span)));
                }
                entries.iter().for_each(|entry| self.walk(&entry.value));
            }
            Value::Scalar(_) | Value::Alias(_) => {}
        }
    }
}

/// Reports what is left when everything is taken away that depends on nothing left, and then what nothing left depends
/// on.
fn circles(
    source: &Source,
    graph: &BTreeMap<&str, BTreeSet<&str>>,
    nodes: &BTreeMap<&str, &Node>,
    what: &str,
    report: &mut Report,
) {
    let mut reverse: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (from, targets) in graph {
        for to in targets {
            reverse.entry(to).or_default().insert(from);
        }
    }
    let mut left: BTreeSet<&str> = graph.keys().copied().collect();
    peel(&mut left, graph, &reverse);
    peel(&mut left, &reverse, graph);
    let Some(first) = left.iter().min_by_key(|name| nodes.get(*name).map(|node| node.span)) else { return };
    let node = nodes[first];
    let span = node.get("Type").unwrap_or(node).span;
    let listed: Vec<&str> = left.iter().copied().take(LISTED).collect();
    let more = if left.len() > LISTED { format!(" and {} more", left.len() - LISTED) } else { String::new() };
    let message = format!("Circular dependency between {what}: [{}{more}]", listed.join(", "));
    report.push(Diagnostic::new(&CIRCULAR_DEPENDENCY, source, span, message));
}

/// Takes away, again and again, what has no edge to anything left.
fn peel<'n>(
    left: &mut BTreeSet<&'n str>,
    edges: &BTreeMap<&'n str, BTreeSet<&'n str>>,
    back: &BTreeMap<&'n str, BTreeSet<&'n str>>,
) {
    let inside = |name: &str, left: &BTreeSet<&str>| {
        edges.get(name).map_or(0, |targets| targets.iter().filter(|target| left.contains(*target)).count())
    };
    let mut open: BTreeMap<&str, usize> = left.iter().map(|name| (*name, inside(name, left))).collect();
    let mut ready: Vec<&str> = open.iter().filter(|(_, count)| **count == 0).map(|(name, _)| *name).collect();
    while let Some(name) = ready.pop() {
        left.remove(name);
        for dependent in back.get(name).into_iter().flatten() {
            if let Some(count) = open.get_mut(dependent)
                && left.contains(dependent)
            {
                *count -= 1;
                if *count == 0 {
                    ready.push(dependent);
                }
            }
        }
    }
}
