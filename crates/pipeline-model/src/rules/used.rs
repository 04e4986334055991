//! Every reference to a variable in a declaration, with the place where it is used, and who has which namespace.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use spec_report::{Span, did_you_mean};

use super::subject::{ActionAt, SUGGESTIONS, Subject};
use crate::graph::ActionRef;
use crate::places::join;
use crate::references::references;

/// A reference and where it stands.
#[derive(Clone, Debug)]
pub(super) struct Used<'s> {
    /// What stands between the braces.
    pub(super) text: &'s str,
    /// The value it stands in.
    pub(super) span: Span,
    /// The action that uses it; `None` for a gate of a stage.
    pub(super) at: Option<ActionRef>,
    pub(super) stage: usize,
    pub(super) stage_name: &'s str,
    /// The action's name, or that of the gate's rule.
    pub(super) action_name: &'s str,
    /// The configuration key, or the field.
    pub(super) key: &'s str,
}

impl<'s> Used<'s> {
    pub(super) fn parts(&self) -> Option<(&'s str, &'s str)> {
        crate::references::split(self.text)
    }
}

/// The actions that have namespaces: of several with the same one, the action that runs first.
///
/// That one is enough: if it does not come before a reference, none of the others does.
#[derive(Debug)]
pub(super) struct Namespaces<'s> {
    givers: BTreeMap<&'s str, ActionAt<'s>>,
}

impl<'s> Namespaces<'s> {
    pub(super) fn new(subject: &'s Subject) -> Self {
        let mut givers: BTreeMap<&str, ActionAt<'_>> = BTreeMap::new();
        for found in subject.actions() {
            let Some(namespace) = found.action.namespace.as_deref() else { continue };
            let order = |found: &ActionAt<'_>| (found.at.stage, found.action.effective_run_order());
            match givers.entry(namespace) {
                Entry::Vacant(entry) => {
                    entry.insert(found);
                }
                Entry::Occupied(mut entry) if order(&found) < order(entry.get()) => {
                    entry.insert(found);
                }
                Entry::Occupied(_) => {}
            }
        }
        Self { givers }
    }

    pub(super) fn giver(&self, namespace: &str) -> Option<&ActionAt<'s>> {
        self.givers.get(namespace)
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &'s str> {
        self.givers.keys().copied()
    }

    /// The namespace that was probably meant.
    pub(super) fn near(&self, namespace: &str) -> Option<&'s str> {
        did_you_mean(namespace, self.names().take(SUGGESTIONS))
    }
}

/// Whether it is worth to look up where a value stands: most values refer to nothing.
fn refers(text: &str) -> bool {
    text.contains("#{")
}

/// All references of a declaration, in its order.
pub(super) fn all(subject: &Subject) -> Vec<Used<'_>> {
    let mut out = Vec::new();
    for found in subject.actions() {
        let mut add = |key: &'static str, path: &str, text| {
            let span = subject.value(path);
            for reference in references(text) {
                out.push(Used {
                    text: reference.text,
                    span,
                    at: Some(found.at),
                    stage: found.at.stage,
                    stage_name: &found.stage.name,
                    action_name: &found.action.name,
                    key,
                });
            }
        };
        for (index, command) in found.action.commands.iter().enumerate() {
            add("commands", &join(&found.path("commands"), index), command);
        }
        for (index, variable) in found.action.environment_variables.iter().enumerate() {
            let path = join(&join(&found.path("environmentVariables"), index), "value");
            add("environmentVariables", &path, &variable.value);
        }
        for (key, value) in found.action.configuration.iter().filter(|(_, value)| refers(value.expose())) {
            let span = subject.value(&found.config_path(key));
            out.extend(references(value.expose()).map(|reference| Used {
                text: reference.text,
                span,
                at: Some(found.at),
                stage: found.at.stage,
                stage_name: &found.stage.name,
                action_name: &found.action.name,
                key,
            }));
        }
    }
    gates(subject, &mut out);
    out
}

fn gates<'s>(subject: &'s Subject, out: &mut Vec<Used<'s>>) {
    for (index, (path, stage)) in subject.stages().enumerate() {
        let gates = [
            ("beforeEntry", stage.before_entry.as_ref().map(|gate| gate.conditions.as_slice())),
            ("onSuccess", stage.on_success.as_ref().map(|gate| gate.conditions.as_slice())),
            ("onFailure", stage.on_failure.as_ref().map(|gate| gate.conditions.as_slice())),
        ];
        for (gate, conditions) in gates {
            for (number, condition) in conditions.unwrap_or_default().iter().enumerate() {
                for (at, rule) in condition.rules.iter().enumerate() {
                    let conditions = join(&join(&path, gate), "conditions");
                    let rule_path = join(&join(&join(&conditions, number), "rules"), at);
                    for (key, value) in rule.configuration.iter().filter(|(_, value)| refers(value.expose())) {
                        let span = subject.value(&join(&join(&rule_path, "configuration"), key));
                        out.extend(references(value.expose()).map(|reference| Used {
                            text: reference.text,
                            span,
                            at: None,
                            stage: index,
                            stage_name: &stage.name,
                            action_name: &rule.name,
                            key,
                        }));
                    }
                }
            }
        }
    }
}
