//! The rule `VariableCheck`: compares a variable of the execution with a value, here and on the service alike.

use std::sync::Arc;

use async_trait::async_trait;
use pipeline_model::model::ActionTypeId;
use regex_lite::Regex;

use crate::backends::Backends;
use crate::job::{ActionJob, ActionOutcome, ActionProvider, JobContext};

pub(super) fn provider(_: &Backends) -> Arc<dyn ActionProvider> {
    Arc::new(VariableCheck)
}

#[derive(Debug)]
struct VariableCheck;

#[async_trait]
impl ActionProvider for VariableCheck {
    fn action_types(&self) -> Vec<ActionTypeId> {
        vec![ActionTypeId::new("Rule", "AWS", "VariableCheck", "1")]
    }

    async fn run(&self, job: ActionJob, _: &JobContext) -> ActionOutcome {
        let checked = || -> Result<ActionOutcome, ActionOutcome> {
            let (variable, value) = (job.required("Variable")?, job.required("Value")?);
            let operator = job.required("Operator")?;
            let holds = check(operator, variable, value).map_err(ActionOutcome::misconfigured)?;
            Ok(match holds {
                true => ActionOutcome::succeeded().with_summary(format!("`{variable}` {operator} `{value}`")),
                false => ActionOutcome::failed(format!("`{variable}` {operator} `{value}` does not hold")),
            })
        };
        checked().unwrap_or_else(|outcome| outcome)
    }
}

/// Operators as the page "VariableCheck" of the rule reference has them. That `MATCHES` means the whole value, as Java's
/// `matches` does, is an inference; its regular expressions are Java's, of which those that both know work here.
fn check(operator: &str, variable: &str, value: &str) -> Result<bool, String> {
    match operator {
        "EQ" => Ok(variable == value),
        "NE" => Ok(variable != value),
        "CONTAINS" => Ok(variable.contains(value)),
        "MATCHES" => {
            let whole = Regex::new(&format!("^(?:{value})$"));
            Ok(whole.map_err(|error| format!("`Value` is no regular expression: {error}"))?.is_match(variable))
        }
        other => Err(format!("`Operator` is `{}`: write EQ, NE, CONTAINS or MATCHES", other.escape_debug())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operators_do_what_their_names_say() {
        for (operator, variable, value, holds) in [
            ("EQ", "main", "main", true),
            ("EQ", "main", "Main", false),
            ("NE", "main", "release", true),
            ("CONTAINS", "an update of it", "update", true),
            ("CONTAINS", "update", "an update", false),
            ("MATCHES", "v1.2", r"v\d+\.\d+", true),
            ("MATCHES", "xv1.2", r"v\d+\.\d+", false),
            ("MATCHES", "b", "a|b", true),
        ] {
            assert_eq!(check(operator, variable, value), Ok(holds), "{variable} {operator} {value}");
        }
        assert!(check("GT", "2", "1").unwrap_err().contains("write EQ, NE, CONTAINS or MATCHES"));
        assert!(check("MATCHES", "x", "(").unwrap_err().contains("no regular expression"));
    }
}
