//! A compute action has no commands, or one that spans lines.

use spec_report::{Findings, declare_rule};

use super::subject::Subject;
use crate::model::Category;
use crate::places::join;

declare_rule! {
    /// ## What it does
    /// Reports a `Commands` action without `commands`, with more than 50, and with a command that is empty, longer
    /// than 1000 characters or has a line break.
    ///
    /// ## Why
    /// The commands are the work of the action, each one line of a shell.
    pub(crate) static MISSING_COMMANDS = {
        id: "pipeline-model/missing-commands",
        severity: Error,
        summary: "a compute action has no commands, or one that spans lines",
    }
}

pub(super) fn check(subject: &Subject, out: &mut Findings<'_>) {
    for found in subject.actions() {
        let id = &found.action.action_type_id;
        let path = found.path("commands");
        if id.category != Category::Compute || id.provider != "Commands" || subject.is_symbolic(&path) {
            continue;
        }
        let commands = &found.action.commands;
        let name = &found.action.name;
        if commands.is_empty() {
            subject.report(
                out,
                &MISSING_COMMANDS,
                subject.name(found.path),
                format!("action `{name}` has no commands"),
            );
        } else if commands.len() > 50 {
            let message = format!("action `{name}` has {} commands, more than the 50 allowed", commands.len());
            subject.report(out, &MISSING_COMMANDS, subject.key(&path), message);
        }
        for (index, command) in commands.iter().enumerate() {
            let problem = if command.trim_end_matches('\n').contains('\n') {
                "spans several lines"
            } else if command.is_empty() {
                "is empty"
            } else if command.chars().count() > 1000 {
                "is longer than 1000 characters"
            } else {
                continue;
            };
            let message = format!("command {} of action `{name}` {problem}", index + 1);
            subject.report(out, &MISSING_COMMANDS, subject.value(&join(&path, index)), message);
        }
    }
}
