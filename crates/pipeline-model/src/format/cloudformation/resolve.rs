//! Evaluates a tree: intrinsic functions become their values, everything else stays as it is written.
//!
//! Invariant: every node of the result keeps the span of the expression it came from, so that a finding in a
//! computed value still points into the file. The work is bounded: the result has at most
//! `Limits::expanded_nodes` nodes and `TEXT_BUDGET` bytes of text, whatever the template says.

use std::collections::{BTreeMap, BTreeSet};

use spec_report::{Entry, Limits, Node, Scalar, Span, Style, Value};

use super::template::{Meaning, Template};
use super::worlds::Answers;
use super::{Reason, Unresolved};
use crate::format::fields::Origins;

/// Text that evaluation may produce: references repeat long values, so the file's size does not bound it.
const TEXT_BUDGET: usize = 16 << 20;

/// How deep functions may be nested in one another, counted through conditions.
const DEPTH: usize = 200;

/// What evaluation may still produce, over all worlds of a file.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Budget {
    nodes: usize,
    text: usize,
}

impl Budget {
    pub(crate) const fn new(limits: &Limits) -> Self {
        Self { nodes: limits.expanded_nodes, text: TEXT_BUDGET }
    }

    /// Whether another world like one that needed `self` less than `before` can be paid for.
    pub(super) const fn allows_more_than(&self, before: &Self) -> bool {
        let (nodes, text) = (before.nodes - self.nodes, before.text - self.text);
        self.nodes > nodes && self.text > text
    }
}

#[derive(Debug)]
pub(crate) struct Resolver<'t> {
    pub(super) template: &'t Template<'t>,
    pub(super) unresolved: Vec<Unresolved>,
    pub(super) origins: Origins,
    /// The conditions met so far; one that is being evaluated counts as unknown.
    pub(super) conditions: BTreeMap<String, Option<bool>>,
    /// The unknown conditions that this world has decided.
    pub(super) decided: BTreeMap<String, bool>,
    /// Those that are being decided.
    pub(super) deciding: BTreeSet<String>,
    /// The conditions that a branch depended on.
    pub(super) assumed: BTreeMap<String, bool>,
    pub(super) answers: Answers,
    budget: Budget,
    depth: usize,
}

/// What evaluating one tree has brought, beside the tree.
#[derive(Debug)]
pub(crate) struct Evaluated {
    pub(crate) unresolved: Vec<Unresolved>,
    pub(crate) origins: Origins,
    pub(super) assumed: BTreeMap<String, bool>,
    pub(super) answers: Answers,
    pub(crate) budget: Budget,
}

/// An intrinsic function with its argument.
#[derive(Debug)]
pub(crate) struct Call<'n> {
    pub(crate) name: &'n str,
    pub(crate) argument: &'n Node,
    pub(crate) span: Span,
    /// Whether it is written as a tag (`!Sub`), so that `argument` carries the tag itself.
    pub(crate) short: bool,
}

impl<'t> Resolver<'t> {
    pub(crate) fn new(template: &'t Template<'t>, budget: Budget) -> Self {
        Self {
            template,
            unresolved: Vec::new(),
            origins: Origins::default(),
            conditions: BTreeMap::new(),
            decided: BTreeMap::new(),
            deciding: BTreeSet::new(),
            assumed: BTreeMap::new(),
            answers: Answers::default(),
            budget,
            depth: 0,
        }
    }

    /// Reads the world of these answers.
    pub(super) fn in_world(mut self, answers: Answers) -> Self {
        self.answers = answers;
        self
    }

    /// What is read exists only where this condition holds.
    pub(crate) fn where_holds(mut self, condition: &str) -> Self {
        self.conditions.insert(condition.to_owned(), Some(true));
        self
    }

    pub(crate) fn finish(mut self) -> Evaluated {
        self.unresolved.sort_by(|a, b| (a.span, &a.expression).cmp(&(b.span, &b.expression)));
        self.unresolved.dedup();
        let Self { unresolved, origins, assumed, answers, budget, .. } = self;
        Evaluated { unresolved, origins, assumed, answers, budget }
    }

    /// The value of a node; `None` when it is `AWS::NoValue`, so that its key or item falls away.
    pub(crate) fn resolve(&mut self, node: &Node) -> Option<Node> {
        let node = node.resolved();
        if self.depth >= DEPTH || self.budget.nodes == 0 {
            return Some(self.unknown("${…}", node.span, Reason::Limit));
        }
        self.depth += 1;
        self.budget.nodes -= 1;
        let out = match (call(node), unsupported(node)) {
            (Some(call), _) => self.call(&call),
            (None, Some(name)) => Some(self.unsupported(name, node.span)),
            (None, None) => Some(self.structure(node)),
        };
        self.depth -= 1;
        out
    }

    /// What a macro of the account makes of the template is its own affair.
    fn unsupported(&mut self, name: &str, span: Span) -> Node {
        let reason = if self.template.has_macros() { Reason::Function } else { Reason::Unsupported };
        self.placeholder(&format!("Fn::{name}"), span, reason)
    }

    /// Goes one step deeper; gives nothing when that is too deep.
    pub(super) fn descend<T>(&mut self, step: impl FnOnce(&mut Self) -> Option<T>) -> Option<T> {
        if self.depth >= DEPTH {
            return None;
        }
        self.depth += 1;
        let out = step(self);
        self.depth -= 1;
        out
    }

    /// The parts of a text as a list.
    pub(super) fn split_text(&mut self, text: &str, separator: &str, span: Span) -> Node {
        let parts: Vec<Node> =
            text.split(separator).take(self.budget.nodes + 1).map(|part| scalar(part.to_owned(), span)).collect();
        if parts.len() > self.budget.nodes {
            return self.unknown("${…}", span, Reason::Limit);
        }
        self.budget.nodes -= parts.len();
        self.origins.computed.insert(span);
        self.charged(Node { span, tag: None, anchor: None, value: Value::Seq(parts) }, text.len())
    }

    fn structure(&mut self, node: &Node) -> Node {
        let value = match &node.value {
            Value::Seq(items) => Value::Seq(items.iter().filter_map(|item| self.resolve(item)).collect()),
            Value::Map(entries) => {
                let mut out = Vec::with_capacity(entries.len());
                for entry in entries {
                    // Beside other keys these two stand for keys that are not known here.
                    if entry.key.as_str().is_some_and(|key| key == "Fn::Transform" || key.starts_with("Fn::ForEach::"))
                    {
                        self.note("${Fn::Transform}", entry.key.span, Reason::Function);
                        self.origins.symbolic.insert(node.span);
                        continue;
                    }
                    if let Some(value) = self.resolve(&entry.value) {
                        out.push(Entry { key: entry.key.clone(), value });
                    }
                }
                Value::Map(out)
            }
            Value::Scalar(scalar) => {
                if let Some(text) = self.with_stored(&scalar.text) {
                    return self.computed(text, node.span);
                }
                self.note_dynamic(&scalar.text, node.span);
                return self.charged(node.clone(), scalar.text.len());
            }
            Value::Alias(_) => return node.clone(),
        };
        Node { span: node.span, tag: None, anchor: None, value }
    }

    /// A value that a function gave.
    pub(super) fn computed(&mut self, text: String, span: Span) -> Node {
        self.origins.computed.insert(span);
        let text = self.with_stored(&text).unwrap_or(text);
        self.note_dynamic(&text, span);
        let length = text.len();
        self.charged(scalar(text, span), length)
    }

    /// A placeholder for what is not known.
    pub(super) fn unknown(&mut self, expression: &str, span: Span, reason: Reason) -> Node {
        self.note(expression, span, reason);
        let length = expression.len();
        self.charged(scalar(expression.to_owned(), span), length)
    }

    pub(super) fn note(&mut self, expression: &str, span: Span, reason: Reason) {
        self.origins.symbolic.insert(span);
        self.unresolved.push(Unresolved { expression: expression.to_owned(), span, reason });
    }

    /// Text is paid for; when the budget is spent, a placeholder stands in its place.
    fn charged(&mut self, node: Node, length: usize) -> Node {
        match self.budget.text.checked_sub(length) {
            Some(left) => {
                self.budget.text = left;
                node
            }
            None => {
                self.budget.text = 0;
                self.origins.symbolic.insert(node.span);
                self.unresolved.push(Unresolved {
                    expression: "${…}".to_owned(),
                    span: node.span,
                    reason: Reason::Limit,
                });
                scalar("${…}".to_owned(), node.span)
            }
        }
    }

    fn note_dynamic(&mut self, text: &str, span: Span) {
        if let Some(start) = text.find("{{resolve:") {
            let end = text[start..].find("}}").map_or(text.len(), |end| start + end + 2);
            self.note(&text[start..end], span, Reason::Dynamic);
        }
    }

    /// The text with the references to entries of the parameter store that were given; `None` if it has none of them.
    fn with_stored(&self, text: &str) -> Option<String> {
        const START: &str = "{{resolve:ssm:";
        if !text.contains(START) {
            return None;
        }
        let (mut out, mut rest, mut found) = (String::with_capacity(text.len()), text, false);
        while let Some(start) = rest.find(START) {
            let Some(length) = rest[start..].find("}}") else { break };
            let name = &rest[start + START.len()..start + length];
            // A version behind a second colon does not change which entry it is.
            let value = self.template.stored(name).or_else(|| self.template.stored(name.rsplit_once(':')?.0));
            out.push_str(&rest[..start]);
            out.push_str(value.unwrap_or(&rest[start..start + length + 2]));
            found |= value.is_some();
            rest = &rest[start + length + 2..];
        }
        out.push_str(rest);
        found.then_some(out)
    }

    /// What `Ref` gives; `None` for `AWS::NoValue`.
    pub(super) fn reference(&mut self, name: &str, span: Span) -> Option<Node> {
        if name == "AWS::NoValue" {
            return None;
        }
        Some(match self.template.meaning(name) {
            Meaning::Value(value) => self.computed(value.to_owned(), span),
            Meaning::List(value) => self.split_text(value, ",", span),
            Meaning::ParameterStore => self.placeholder(name, span, Reason::ParameterStore),
            Meaning::Valueless => self.placeholder(name, span, Reason::Parameter),
            Meaning::Pseudo => self.placeholder(name, span, Reason::Pseudo),
            Meaning::Resource => self.placeholder(name, span, Reason::Resource),
            Meaning::Undefined => self.placeholder(name, span, Reason::Undefined),
        })
    }

    pub(super) fn placeholder(&mut self, name: &str, span: Span, reason: Reason) -> Node {
        self.unknown(&format!("${{{name}}}"), span, reason)
    }

    /// The text of an argument, and whether all of it is known.
    pub(super) fn text_of(&mut self, node: &Node) -> Option<(String, bool)> {
        let resolved = self.resolve(node)?;
        let text = resolved.as_str()?.to_owned();
        let known = !self.origins.symbolic.contains(&resolved.span);
        Some((text, known))
    }
}

pub(super) fn scalar(text: String, span: Span) -> Node {
    // Quoted, so that a computed `1` or `true` is the text that CloudFormation makes of it.
    let value = Value::Scalar(Scalar { text, style: Style::DoubleQuoted });
    Node { span, tag: None, anchor: None, value }
}

/// The function call that a node is, written as a tag or as a mapping with one key.
pub(crate) fn call(node: &Node) -> Option<Call<'_>> {
    if let Some(tag) = &node.tag
        && let Some(name) = tag.text.strip_prefix('!').filter(|name| is_function(name))
    {
        return Some(Call { name, argument: node, span: node.span, short: true });
    }
    let [Entry { key, value }] = node.as_map()? else { return None };
    let name = key.as_str()?;
    let name = match name.strip_prefix("Fn::") {
        Some(name) if is_function(name) => name,
        None if name == "Ref" => name,
        _ => return None,
    };
    Some(Call { name, argument: value, span: node.span, short: false })
}

/// The name of a function that CloudFormation does not have, written as a tag or as a mapping with one key.
fn unsupported(node: &Node) -> Option<&str> {
    let name = match (&node.tag, node.as_map()) {
        (Some(tag), _) => tag.text.strip_prefix('!').filter(|name| !name.is_empty() && !name.starts_with('!'))?,
        (None, Some([Entry { key, .. }])) => key.as_str()?.strip_prefix("Fn::")?,
        _ => return None,
    };
    // `Fn::ForEach::Name` makes keys, and the last two are CodePipeline's own, for `ParameterOverrides`.
    let elsewhere = name.starts_with("ForEach::") || ["GetArtifactAtt", "GetParam"].contains(&name);
    (!elsewhere && !is_function(name)).then_some(name)
}

fn is_function(name: &str) -> bool {
    FUNCTIONS.binary_search(&name).is_ok()
}

/// The intrinsic functions, sorted. `Condition` is one only inside conditions; as a key it belongs to resources and
/// policies.
pub(crate) static FUNCTIONS: &[&str] = &[
    "And",
    "Base64",
    "Cidr",
    "Condition",
    "Equals",
    "FindInMap",
    "ForEach",
    "GetAZs",
    "GetAtt",
    "If",
    "ImportValue",
    "Join",
    "Length",
    "Not",
    "Or",
    "Ref",
    "Select",
    "Split",
    "Sub",
    "ToJsonString",
    "Transform",
];
