//! `ecs-taskdef/secret-reference`.

use spec_report::{Findings, declare_rule};

use super::Subject;
use crate::placeholder;

declare_rule! {
    /// Finds secrets whose `valueFrom` is empty, is the ARN of another service, or is the ARN of a secret with some but not all
    /// of its three last parts.
    pub static SECRET_REFERENCE = {
        id: "ecs-taskdef/secret-reference",
        severity: Error,
        summary: "a secret cannot be found by what is written",
    }
}

pub(super) fn check(subject: &Subject, out: &mut Findings<'_>) {
    for container in &subject.containers {
        for secret in &container.secrets {
            let Some(from) = secret.value_from.as_ref().filter(|from| !placeholder::has_any(&from.value)) else {
                continue;
            };
            let Some((problem, help)) = objection(&from.value) else { continue };
            let name = secret.name.as_ref().map_or("", |name| name.value.as_str());
            let message = format!("the secret `{name}` of {} {problem}", container.title());
            out.report(&SECRET_REFERENCE, subject.source(), from.span, message).set_help(help);
        }
    }
}

fn objection(from: &str) -> Option<(&'static str, &'static str)> {
    const FORMS: &str =
        "an ARN of Secrets Manager or of Parameter Store, or the name of a parameter of the same region";
    if from.is_empty() {
        return Some(("names nothing to read", FORMS));
    }
    let parts: Vec<&str> = from.split(':').collect();
    if parts[0] != "arn" {
        return None;
    }
    match parts.get(2) {
        Some(&"ssm") if parts.get(5).is_some_and(|resource| resource.starts_with("parameter/")) => None,
        Some(&"ssm") => {
            Some(("is an ARN of Systems Manager, but of no parameter", "parameters end in `:parameter/NAME`"))
        }
        Some(&"secretsmanager") => match (parts.get(5), parts.len()) {
            (Some(&"secret"), 7 | 10) => None,
            (Some(&"secret"), 8 | 9) => Some((
                "has some, but not all of JSON key, stage and version",
                "write all three colons, with nothing between them for what is not meant: `…:secret:NAME:KEY::`",
            )),
            _ => Some((
                "is an ARN of Secrets Manager, but of no secret",
                "secrets are `arn:aws:secretsmanager:REGION:ACCOUNT:secret:NAME`",
            )),
        },
        _ => Some(("is an ARN of neither Secrets Manager nor Parameter Store", FORMS)),
    }
}
