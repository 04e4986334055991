//! Accounts in commands.

use spec_report::{Findings, declare_rule};

use super::subject::Subject;

declare_rule! {
    /// The file builds in this account only. A copy of it in another account pushes to the wrong place, or fails.
    pub(crate) static HARDCODED_ACCOUNT = {
        id: "buildspec/hardcoded-account",
        severity: Info,
        summary: "the number of an account is written in a command",
    }
}

pub(super) fn check(subject: &Subject, findings: &mut Findings<'_>) {
    for script in &subject.scripts {
        let text = script.text.value.as_str();
        let found = text.match_indices(".dkr.ecr.").find_map(|(at, _)| {
            let start = at.checked_sub(12)?;
            let digits = text.get(start..at)?.bytes().all(|byte| byte.is_ascii_digit());
            let longer = text[..start].ends_with(|c: char| c.is_ascii_digit());
            (digits && !longer).then_some(start..at)
        });
        if let Some(place) = found {
            findings
                .report(
                    &HARDCODED_ACCOUNT,
                    &subject.source,
                    subject.place(&script.text, place),
                    "the account is written out",
                )
                .set_help("use a variable of the project, such as `$AWS_ACCOUNT_ID`");
            return;
        }
    }
}
