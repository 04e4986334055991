//! `aws ecr get-login`, which version 2 of the AWS CLI does not have.

use spec_report::{Edit, Findings, Fix, Safety, declare_rule, emit};

use super::shell::SimpleCommand;
use super::subject::Subject;
use crate::model::Text;

declare_rule! {
    /// `aws ecr get-login` was removed in version 2 of the AWS CLI, which all current build images have. Inside `$(…)` its
    /// failure does not even end the build: the push fails later, for want of a login.
    pub(crate) static ECR_GET_LOGIN_REMOVED = {
        id: "buildspec/ecr-get-login-removed",
        severity: Error,
        summary: "`aws ecr get-login` does not exist any more",
        service: "argument operation: Invalid choice, valid choices are:",
    }
}

const VARIABLE: &str = "$AWS_DEFAULT_REGION";

pub(crate) fn check(subject: &Subject, findings: &mut Findings<'_>) {
    for script in &subject.scripts {
        for command in script.commands.iter().filter(|command| command.calls(&["aws", "ecr", "get-login"])) {
            let diagnostic = findings
                .report(
                    &ECR_GET_LOGIN_REMOVED,
                    &subject.source,
                    subject.place(&script.text, command.at()),
                    "`aws ecr get-login` was removed in version 2 of the AWS CLI",
                )
                .set_help("use `aws ecr get-login-password` and `docker login --password-stdin`");
            if is_all(&script.text.value) {
                diagnostic.set_fix(fix(&script.text, command));
            }
        }
    }
}

/// Whether the command is the substitution and nothing else: only then it can be replaced as a whole.
fn is_all(text: &str) -> bool {
    let text = text.trim();
    let text = text.strip_prefix("eval ").unwrap_or(text).trim().trim_matches('"');
    let inner = text
        .strip_prefix("$(")
        .and_then(|rest| rest.strip_suffix(')'))
        .or_else(|| text.strip_prefix('`').and_then(|rest| rest.strip_suffix('`')));
    inner.is_some_and(|inner| !inner.contains(['(', ')', '`', '|', ';', '&', '\n']))
}

fn fix(text: &Text, command: &SimpleCommand) -> Fix {
    let words: Vec<&str> = command.call().iter().map(|word| word.text.as_str()).collect();
    let after = |option: &str| words.iter().position(|word| *word == option).and_then(|at| words.get(at + 1)).copied();
    let region = after("--region").unwrap_or(VARIABLE);
    let account = after("--registry-ids").unwrap_or("$AWS_ACCOUNT_ID");
    let login = format!(
        "aws ecr get-login-password --region {region} | docker login --username AWS --password-stdin \
         {account}.dkr.ecr.{region}.amazonaws.com"
    );
    Fix {
        title: "log in with `get-login-password`".to_owned(),
        edits: vec![Edit { span: text.span, replacement: emit::quote_if_needed(&login).into_owned() }],
        // The account's variable may have another name.
        safety: Safety::Unsafe,
    }
}
