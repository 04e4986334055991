//! Anchors and aliases, which the agent on current Ruby refuses.

use spec_report::{Document, Findings, Node, Value, declare_rule};

use super::Subject;
use crate::agent;

declare_rule! {
    /// ## What it does
    /// Reports a YAML alias (`*name`) in an EC2/on-premises AppSpec. Agent v1 on Ruby 3.1 and later
    /// refuses it; agent v2 and older Rubies accept it.
    pub(crate) static YAML_ALIAS = {
        id: "appspec/yaml-alias",
        severity: Error,
        summary: "an alias, which the agent on Ruby 3.1 and later refuses",
        service: "Unknown alias",
    }
}

pub(super) fn check(subject: &Subject, findings: &mut Findings<'_>) {
    if subject.server().is_some() {
        walk(subject.document(), &mut |node| {
            if let Value::Alias(alias) = &node.value {
                let message = format!("agents on Ruby 3.1 and later do not know the alias `{}`", alias.name);
                findings
                    .report(&YAML_ALIAS, subject.source(), node.span, message)
                    .set_help(agent::says(&format!("Unknown alias: {}", alias.name)));
            }
        });
    }
}

/// Visits every node that is written in the document, without following aliases.
pub(super) fn walk<'d>(document: &'d Document, visit: &mut dyn FnMut(&'d Node)) {
    let mut open: Vec<&Node> = document.root().into_iter().collect();
    while let Some(node) = open.pop() {
        visit(node);
        match &node.value {
            Value::Seq(items) => open.extend(items),
            Value::Map(entries) => open.extend(entries.iter().flat_map(|entry| [&entry.key, &entry.value])),
            Value::Scalar(_) | Value::Alias(_) => {}
        }
    }
}
