//! Values that the agent's YAML reader refuses to load: dates, times and Ruby objects.

use spec_report::{Edit, Findings, Fix, Node, Safety, Style, Value, declare_rule, is_timestamp};

use super::Subject;
use super::yaml_alias::walk;
use crate::agent;

declare_rule! {
    /// ## What it does
    /// Reports an unquoted date or time, and tags for Ruby objects, anywhere in an EC2/on-premises
    /// AppSpec. Agent v1 on Ruby 3.1 and later refuses the whole file, even if the key means nothing.
    pub(crate) static UNLOADABLE_VALUE = {
        id: "appspec/unloadable-value",
        severity: Error,
        summary: "a date, time or object that the agent refuses to load",
        service: "Tried to load unspecified class",
    }
}

pub(super) fn check(subject: &Subject, findings: &mut Findings<'_>) {
    if subject.server().is_none() {
        return;
    }
    walk(subject.document(), &mut |node| {
        let Some(class) = class(node) else { return };
        let what = match class {
            "Date" | "Time" => "a date or time without quotes",
            _ => "a Ruby object",
        };
        let message = format!("the agent does not load {what}");
        let found = findings.report(&UNLOADABLE_VALUE, subject.source(), node.span, message);
        found.set_help(agent::says(&format!("Tried to load unspecified class: {class}")));
        if node.tag.is_none() {
            found.set_fix(Fix {
                title: "quote it".to_owned(),
                edits: vec![Edit {
                    span: node.span,
                    replacement: format!("\"{}\"", subject.source().slice(node.span)),
                }],
                safety: Safety::Safe,
            });
        }
    });
}

/// The Ruby class that the agent would have to load for this node.
pub(crate) fn class(node: &Node) -> Option<&str> {
    if let Some(tag) = &node.tag {
        let name = tag.text.strip_prefix("!ruby/")?;
        return match name.split_once(':') {
            Some(("object" | "struct" | "exception" | "class" | "module", class)) => Some(class),
            _ if name.starts_with("regexp") => Some("Regexp"),
            _ if name.starts_with("range") => Some("Range"),
            _ => None,
        };
    }
    match &node.value {
        Value::Scalar(scalar) if scalar.style == Style::Plain && is_timestamp(&scalar.text) => {
            Some(if scalar.text.len() == 10 { "Date" } else { "Time" })
        }
        _ => None,
    }
}
