//! A configuration value does not do.

use spec_report::{Findings, Severity, declare_rule, did_you_mean};

use super::subject::Subject;
use crate::actions::{ProblemKind, Problems};

declare_rule! {
    /// ## What it does
    /// Reports values that the action type does not know, and values that do not go together, such as an artifact
    /// that is no input of the action.
    ///
    /// ## Why
    /// The service accepts most of them, and the action fails when it runs.
    pub(crate) static CONFIGURATION_VALUE = {
        id: "pipeline-model/configuration-value",
        severity: Error,
        summary: "a configuration value does not do",
    }
}

pub(super) fn check(subject: &Subject, out: &mut Findings<'_>) {
    for found in subject.actions() {
        let Some(kind) = found.kind() else { continue };
        let settings = subject.settings(&found);
        for key in kind.config().iter().filter(|key| !key.values.is_empty() && !key.secret) {
            let Some(value) = settings.known(key.name) else { continue };
            if key.values.contains(&value) {
                continue;
            }
            let message = format!("`{}` is `{value}`, but must be {}", key.name, one_of(key.values));
            let path = found.config_path(key.name);
            let span = subject.value(&path);
            let report = subject.report(out, &CONFIGURATION_VALUE, span, message);
            let same = key.values.iter().copied().find(|known| known.eq_ignore_ascii_case(value));
            if same.is_some() {
                // Most actions were seen to take another case as well.
                report.set_severity(Severity::Warning);
            }
            if let Some(near) = same.or_else(|| did_you_mean(value, key.values.iter().copied())) {
                report.set_help(format!("did you mean `{near}`?"));
                if let Some(fix) = subject.rewrite(span, value, near) {
                    report.set_fix(fix);
                }
            }
        }
        let mut problems = Problems::default();
        kind.check(&settings, &mut problems);
        for problem in problems.found().iter().filter(|problem| problem.kind == ProblemKind::Invalid) {
            let path = found.config_path(&problem.key);
            let message = format!("`{}` of action `{}`: {}", problem.key, found.action.name, problem.message);
            subject.report(out, &CONFIGURATION_VALUE, subject.value(&path), message);
        }
    }
}

fn one_of(words: &[&str]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
    match quoted.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        _ => quoted.concat(),
    }
}
