//! How to ask whether the build succeeds.

use spec_report::{Findings, declare_rule};

use super::subject::Subject;

declare_rule! {
    /// The variable is `1` while the build succeeds, and `0` afterwards. A comparison with `true` is never equal.
    pub(crate) static BUILD_SUCCEEDING_VALUE = {
        id: "buildspec/build-succeeding-value",
        severity: Warning,
        summary: "the state of the build is compared with a word it never is",
    }
}

pub(super) fn check(subject: &Subject, findings: &mut Findings<'_>) {
    for (script, command) in subject.commands() {
        let words: Vec<_> = command.words.iter().collect();
        for three in words.windows(3) {
            let variable =
                |text: &str| text == "$CODEBUILD_BUILD_SUCCEEDING" || text == "${CODEBUILD_BUILD_SUCCEEDING}";
            let compares = matches!(three[1].text.as_str(), "=" | "==" | "!=" | "-eq" | "-ne");
            let value = three[2].text.as_str();
            let wrong = matches!(
                value.to_ascii_lowercase().as_str(),
                "true" | "false" | "yes" | "no" | "succeeded" | "failed" | "success"
            );
            if variable(&three[0].text) && compares && wrong {
                let place = subject.place(&script.text, three[2].at.clone());
                findings
                    .report(
                        &BUILD_SUCCEEDING_VALUE,
                        &subject.source,
                        place,
                        format!("it is `1` or `0`, never `{value}`"),
                    )
                    .set_help("compare it with `1`");
            }
        }
    }
}
