//! A hook for an event that the agent or CodeDeploy keeps for itself.

use spec_report::{Findings, declare_rule};

use super::Subject;
use crate::lifecycle::{self, DeploymentKind};
use crate::model::AppSpec;

declare_rule! {
    /// ## What it does
    /// Reports a hook for an event that exists but runs no scripts, such as `Install`. The file is
    /// accepted and the deployment succeeds; the scripts never run.
    pub(crate) static HOOK_NEVER_RUNS = {
        id: "appspec/hook-never-runs",
        severity: Warning,
        summary: "a hook for an event that runs no scripts",
    }
}

pub(super) fn check(subject: &Subject, findings: &mut Findings<'_>) {
    let Some(spec) = &subject.parsed.value else { return };
    let (events, reserved): (Vec<_>, Vec<&str>) = match spec {
        AppSpec::Server(server) => (
            server.hooks.iter().map(|hooks| &hooks.event).collect(),
            lifecycle::server_events().filter(|event| !event.scriptable).map(|event| event.name).collect(),
        ),
        AppSpec::Ecs(ecs) => (
            ecs.hooks.iter().map(|hook| &hook.event).collect(),
            DeploymentKind::Ecs.events().iter().filter(|event| !event.scriptable).map(|event| event.name).collect(),
        ),
        AppSpec::Lambda(lambda) => (
            lambda.hooks.iter().map(|hook| &hook.event).collect(),
            DeploymentKind::Lambda.events().iter().filter(|event| !event.scriptable).map(|event| event.name).collect(),
        ),
    };
    for event in events {
        let name = event.value.as_str();
        if reserved.contains(&name) {
            let message = format!("hooks of `{name}` never run: the event belongs to CodeDeploy");
            findings.report(&HOOK_NEVER_RUNS, subject.source(), event.span, message).set_help(match name {
                "Install" => "use `BeforeInstall` or `AfterInstall`",
                "DownloadBundle" => "use `ApplicationStop` or `BeforeInstall`",
                "BlockTraffic" => "use `BeforeBlockTraffic` or `AfterBlockTraffic`",
                "AllowTestTraffic" => "use `AfterInstall` or `AfterAllowTestTraffic`",
                _ => "use `BeforeAllowTraffic` or `AfterAllowTraffic`",
            });
        }
    }
}
