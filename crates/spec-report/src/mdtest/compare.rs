//! Running the examples of one page and comparing what is found with what the page says.

use std::collections::BTreeSet;

use crate::mdtest::page::{Example, Expected, Fence, Page};
use crate::{Diagnostic, Report, Rule, Safety, Severity, Source, apply_fixes};

/// Rounds of fixing after which a page's fixes are said to undo each other.
const ROUNDS: usize = 10;

type Failures = Vec<(usize, String)>;

/// What is wrong with a page, with the line of each.
pub(super) fn check_page(text: &str, rule: &Rule, shown_only: bool, check: &dyn Fn(&str, &str) -> Report) -> Failures {
    let page = Page::read(text);
    let mut failures = page.problems.clone();
    check_words(text, &page, rule, &mut failures);

    let bad: Vec<(&Fence, Example)> = page.in_section("Bad").map(|fence| (fence, Example::new(fence, rule))).collect();
    let good: Vec<(&Fence, Example)> =
        page.in_section("Good").map(|fence| (fence, Example::new(fence, rule))).collect();
    for (name, examples) in [("Bad", &bad), ("Good", &good)] {
        let needed = name == "Good" || !shown_only;
        if let Some(line) = page.section(name)
            && examples.is_empty()
            && needed
        {
            failures.push((line, format!("`## {name}` shows no example: add a fence")));
        }
    }
    let mut offers_fix = false;
    for (fence, example) in bad.iter().filter(|_| !shown_only) {
        failures.extend(example.problems.iter().cloned());
        let report = check(&example.file, &example.text);
        offers_fix |= report.iter().any(|found| {
            let fix = found.fix.as_ref();
            found.rule == rule && fix.is_some_and(|fix| fix.safety != Safety::DisplayOnly)
        });
        check_bad(fence, example, &report, rule, &mut failures);
    }
    for (fence, example) in &good {
        failures.extend(example.problems.iter().cloned());
        check_good(fence, example, &check(&example.file, &example.text), rule, &mut failures);
    }
    check_fixes(&page, &bad, offers_fix, shown_only, rule, check, &mut failures);
    failures
}

/// Title, summary, sections and the service's words.
fn check_words(text: &str, page: &Page, rule: &Rule, failures: &mut Failures) {
    let plain = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    if page.title != rule.id {
        failures.push((1, format!("the title is `{}`, expected `# {}`", page.title, rule.id)));
    }
    let (line, summary) = &page.summary;
    if sentence(summary) != sentence(rule.summary) {
        failures.push(((*line).max(1), format!("the summary is `{summary}`, expected `{}`", rule.summary)));
    }
    for name in ["What it does", "Why", "Bad", "Good"] {
        match page.sections.iter().filter(|(_, section)| section == name).count() {
            1 => {}
            0 => failures.push((1, format!("the section `## {name}` is missing"))),
            _ => failures.push((1, format!("there is more than one section `## {name}`"))),
        }
    }
    if let Some(words) = rule.service
        && !plain(text).contains(&plain(words))
    {
        failures.push((1, format!("the service's words are not quoted: `{words}`")));
    }
}

/// A summary without the marks of a sentence, which a page may write and a list need not.
fn sentence(summary: &str) -> String {
    let mut chars = summary.trim_end_matches('.').chars();
    chars.next().into_iter().flat_map(char::to_lowercase).chain(chars).collect()
}

fn check_bad(fence: &Fence, example: &Example, report: &Report, rule: &Rule, failures: &mut Failures) {
    let mut open: Vec<(usize, Expected)> = example.expected.clone();
    if !open.iter().any(|(_, expected)| expected.rule == rule.id) {
        failures.push((fence.line, format!("no line is marked with `# {}: [{}]`", rule.severity, rule.name())));
    }
    let mut also_used = BTreeSet::new();
    for found in report {
        let line = found.primary.source.position(found.primary.span.start).line;
        let matching = open.iter().position(|(_, expected)| {
            expected.line == line && expected.severity == found.severity && expected.rule == found.rule.id
        });
        if let Some(index) = matching {
            open.swap_remove(index);
        } else if example.also.iter().any(|id| id == found.rule.id) {
            also_used.insert(found.rule.id);
        } else {
            failures.push((
                example.page_line(line).unwrap_or(fence.line),
                format!("found but not marked: {}[{}]: {}", found.severity, found.rule, found.message),
            ));
        }
    }
    for (page_line, expected) in open {
        failures.push((
            page_line,
            format!(
                "marked but not found on line {} of the example: {}[{}]",
                expected.line, expected.severity, expected.rule
            ),
        ));
    }
    for id in example.also.iter().filter(|id| !also_used.contains(id.as_str())) {
        failures.push((fence.line, format!("`also=[{id}]` allows what is not found")));
    }
}

fn check_good(fence: &Fence, example: &Example, report: &Report, rule: &Rule, failures: &mut Failures) {
    if !example.expected.is_empty() || !example.also.is_empty() {
        failures.push((fence.line, "a good example has no markers".to_owned()));
    }
    for found in report {
        if found.severity == Severity::Info && found.rule != rule {
            continue;
        }
        let line = found.primary.source.position(found.primary.span.start).line;
        failures.push((
            example.page_line(line).unwrap_or(fence.line),
            format!("found in a good example: {}[{}]: {}", found.severity, found.rule, found.message),
        ));
    }
}

fn check_fixes(
    page: &Page,
    bad: &[(&Fence, Example)],
    offers_fix: bool,
    shown_only: bool,
    rule: &Rule,
    check: &dyn Fn(&str, &str) -> Report,
    failures: &mut Failures,
) {
    let fixes: Vec<&Fence> = page.in_section("Fix").collect();
    let Some(line) = page.section("Fix") else {
        if offers_fix {
            failures.push((1, "the rule offers a fix, but there is no `## Fix`".to_owned()));
        }
        return;
    };
    if shown_only {
        failures.push((line, "`## Fix` cannot be tested, for `## Bad` is shown only".to_owned()));
        return;
    }
    if fixes.is_empty() || fixes.len() > bad.len() {
        failures.push((line, format!("`## Fix` has {} fences for {} in `## Bad`", fixes.len(), bad.len())));
    }
    for (fence, (_, example)) in fixes.iter().zip(bad) {
        let expected = Example::new(fence, rule);
        failures.extend(expected.problems.iter().cloned());
        if !expected.expected.is_empty() || !expected.also.is_empty() {
            failures.push((fence.line, "a fixed example has no markers".to_owned()));
        }
        match fix_all(example, check) {
            Err(message) => failures.push((fence.line, message)),
            Ok(text) if text == example.text => {
                failures.push((fence.line, "no fix was applied to the example in `## Bad`".to_owned()));
            }
            Ok(text) if text != fence.text => failures.push((fence.line, differs(&fence.text, &text))),
            Ok(_) => {}
        }
    }
}

/// The text after all safe and unsafe fixes.
fn fix_all(example: &Example, check: &dyn Fn(&str, &str) -> Report) -> Result<String, String> {
    let mut text = example.text.clone();
    let mut report = check(&example.file, &text);
    let known: BTreeSet<&str> = report.iter().map(|found| found.rule.id).collect();
    for _ in 0..ROUNDS {
        let source = report.iter().next().map(|found| found.primary.source.clone());
        let source = source.unwrap_or_else(|| Source::new(example.file.as_str(), text.as_str()));
        let fixed = apply_fixes(&source, &report, Safety::Unsafe);
        if fixed.applied == 0 {
            return match fixed.skipped {
                0 => Ok(text),
                skipped => Err(format!("{skipped} fixes cannot be applied")),
            };
        }
        text = fixed.text;
        report = check(&example.file, &text);
        let worse = |found: &&Diagnostic| found.severity != Severity::Info && !known.contains(found.rule.id);
        if let Some(new) = report.iter().find(worse) {
            return Err(format!("the fix brings {}[{}]: {}", new.severity, new.rule, new.message));
        }
    }
    Err(format!("after {ROUNDS} rounds there are still fixes: they undo each other"))
}

fn differs(expected: &str, got: &str) -> String {
    let indent = |text: &str| text.lines().map(|line| format!("\n    {line}")).collect::<String>();
    format!("the fixed example differs\n  expected:{}\n  got:{}", indent(expected), indent(got))
}
