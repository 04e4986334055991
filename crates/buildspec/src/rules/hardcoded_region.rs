//! Regions in commands.

use std::ops::Range;

use spec_report::{Findings, declare_rule};

use super::shell::expansions;
use super::subject::Script;
use super::subject::Subject;

declare_rule! {
    /// One part of the file goes with the region of the build, the other does not: moved to another region, they do not
    /// fit together.
    pub(crate) static HARDCODED_REGION = {
        id: "buildspec/hardcoded-region",
        severity: Info,
        summary: "a region is written out beside the variable of the region",
    }
}

pub(super) fn check(subject: &Subject, findings: &mut Findings<'_>) {
    let variable = |script: &Script| {
        expansions(&script.text.value).any(|(name, _)| matches!(name, "AWS_REGION" | "AWS_DEFAULT_REGION"))
    };
    if !subject.scripts.iter().any(variable) {
        return;
    }
    let mut report = |script: &Script, at: Range<usize>| {
        let message =
            format!("`{}` is written out, and other commands take it from the build", subject.raw(script, &at));
        findings
            .report(&HARDCODED_REGION, &subject.source, subject.place(&script.text, at), message)
            .set_help("use `$AWS_REGION`, or leave the option out");
    };
    for (script, command) in subject.commands().filter(|(_, command)| {
        // The public registry is in one region only.
        command.program() == Some("aws") && !command.calls(&["aws", "ecr-public"])
    }) {
        let words: Vec<_> = command.arguments().collect();
        let value = words.windows(2).find(|pair| pair[0].text == "--region").map(|pair| pair[1]);
        if let Some(value) = value.filter(|value| is_region(&value.text)) {
            report(script, value.at.clone());
        }
    }
    for script in &subject.scripts {
        for region in registries(&script.text.value) {
            report(script, region);
        }
    }
}

/// Where the regions of the account's own registries are written: `$ACCOUNT.dkr.ecr.us-west-2.amazonaws.com`. An account
/// that is written out is somebody else's, who may have registries in that region alone.
fn registries(text: &str) -> impl Iterator<Item = Range<usize>> + '_ {
    const BEHIND_THE_ACCOUNT: &str = ".dkr.ecr.";
    text.match_indices(BEHIND_THE_ACCOUNT).filter_map(move |(at, _)| {
        let start = at + BEHIND_THE_ACCOUNT.len();
        let end = start + text[start..].find(".amazonaws.com")?;
        let account = text[..at].rsplit([' ', '=', '"', '\'', '/']).next()?;
        (account.contains('$') && is_region(&text[start..end])).then_some(start..end)
    })
}

/// `eu-west-1`
fn is_region(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    parts.len() >= 3
        && parts[0].len() == 2
        && parts[..parts.len() - 1].iter().all(|part| part.bytes().all(|byte| byte.is_ascii_lowercase()))
        && parts[parts.len() - 1].bytes().all(|byte| byte.is_ascii_digit())
}
