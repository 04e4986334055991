//! `ecs-taskdef/duplicate-variable`.

use std::collections::HashMap;

use spec_report::{Findings, Span, declare_rule};

use super::Subject;

declare_rule! {
    /// Finds environment variables that a container gets twice, from `environment` or from `secrets`.
    ///
    /// Which of the two values the process sees is not for the file to say.
    pub static DUPLICATE_VARIABLE = {
        id: "ecs-taskdef/duplicate-variable",
        severity: Warning,
        summary: "an environment variable is set twice",
    }
}

pub(super) fn check(subject: &Subject, out: &mut Findings<'_>) {
    for container in &subject.containers {
        let variables = container.environment.iter().filter_map(|variable| variable.name.as_ref());
        let secrets = container.secrets.iter().filter_map(|secret| secret.name.as_ref());
        let mut seen: HashMap<&str, Span> = HashMap::new();
        for name in variables.chain(secrets) {
            match seen.get(name.value.as_str()) {
                Some(&first) => {
                    let message = format!("{} sets the variable `{}` twice", container.title(), name.value);
                    out.report(&DUPLICATE_VARIABLE, subject.source(), name.span, message).add_label(
                        subject.source(),
                        first,
                        "set here first",
                    );
                }
                None => {
                    seen.insert(&name.value, name.span);
                }
            }
        }
    }
}
