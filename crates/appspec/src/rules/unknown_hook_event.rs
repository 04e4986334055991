//! A hook for an event that does not exist.

use spec_report::{Edit, Findings, Fix, Safety, Spanned, declare_rule, did_you_mean};

use super::Subject;
use crate::agent;
use crate::lifecycle::{self, DeploymentKind};
use crate::model::{AppSpec, Kind};

declare_rule! {
    /// ## What it does
    /// Reports a hook for a lifecycle event that deployments of this kind do not have. The agent
    /// finds out at the Install event, after ApplicationStop has stopped the old application.
    pub(crate) static UNKNOWN_HOOK_EVENT = {
        id: "appspec/unknown-hook-event",
        severity: Error,
        summary: "a hook for a lifecycle event that does not exist",
        service: "appspec.yml file contains unknown lifecycle events",
    }
}

pub(super) fn check(subject: &Subject, findings: &mut Findings<'_>) {
    let Some(spec) = &subject.parsed.value else { return };
    match spec {
        AppSpec::Server(server) => {
            let known: Vec<&str> = lifecycle::server_events().map(|event| event.name).collect();
            for hooks in &server.hooks {
                report(&hooks.event, spec.kind(), &known, subject, findings);
            }
        }
        AppSpec::Ecs(_) | AppSpec::Lambda(_) => {
            let kind = if spec.kind() == Kind::Ecs { DeploymentKind::Ecs } else { DeploymentKind::Lambda };
            let known: Vec<&str> = kind.events().iter().map(|event| event.name).collect();
            for hook in spec.function_hooks() {
                report(&hook.event, spec.kind(), &known, subject, findings);
            }
        }
    }
}

fn report(event: &Spanned<String>, kind: Kind, known: &[&str], subject: &Subject, findings: &mut Findings<'_>) {
    let name = event.value.as_str();
    if known.contains(&name) {
        return;
    }
    let message = format!("{kind} deployments have no lifecycle event `{name}`");
    let found = findings.report(&UNKNOWN_HOOK_EVENT, subject.source(), event.span, message);
    let near = known
        .iter()
        .copied()
        .find(|known| known.eq_ignore_ascii_case(name.trim()))
        .or_else(|| did_you_mean(name, known.iter().copied()));
    if let Some(near) = near {
        found.set_help(format!("did you mean `{near}`?")).set_fix(Fix {
            title: format!("rename the event to `{near}`"),
            edits: vec![Edit { span: event.span, replacement: near.to_owned() }],
            safety: Safety::Unsafe,
        });
    } else if kind == Kind::Server {
        found.set_help(agent::says(&agent::unknown_events(&[name])));
    }
}
