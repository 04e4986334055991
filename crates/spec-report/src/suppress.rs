//! Suppression comments: what they say, how far they reach, and whether they silence anything.

use std::collections::BTreeMap;

use crate::suppress_comment::{Comment, Meaning, Name};
use crate::{
    Diagnostic, Document, Edit, Fix, Node, Report, Rule, Safety, Source, Span, Suppression, Value, did_you_mean,
};

/// The suppressions of some documents, with the complaints about those that are wrong.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Suppressions {
    silences: Vec<Silence>,
    wrong: Vec<Diagnostic>,
}

/// One rule name in one comment.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Silence {
    rule: &'static Rule,
    /// A diagnostic is meant when it begins here.
    reach: Span,
    /// Reported, with the removal of the name as its fix, when nothing is silenced.
    unused: Diagnostic,
}

impl Suppressions {
    pub(crate) fn extend(&mut self, other: Self) {
        self.silences.extend(other.silences);
        self.wrong.extend(other.wrong);
    }

    /// Adds the suppressions of a document.
    pub(crate) fn read(&mut self, document: &Document, crate_name: &str, known: &[&'static Rule], rules: Suppression) {
        let source = document.source();
        let mut found: Vec<(Comment, Vec<Name>)> = Vec::new();
        for comment in document.comments() {
            let comment = Comment::new(source, comment.span);
            match comment.meaning(source, crate_name, known) {
                Meaning::Other => {}
                Meaning::Malformed(why) => self.wrong.push(
                    Diagnostic::new(rules.unknown, source, comment.span, why)
                        .with_help(format!("write `# {crate_name}: allow(rule, other-rule)`")),
                ),
                Meaning::Allow(names) => found.push((comment, names)),
            }
        }
        let comments: Vec<&Comment> = found.iter().map(|(comment, _)| comment).collect();
        let reaches = reaches(document, &comments);
        for ((comment, names), reach) in found.iter().zip(reaches) {
            for (index, name) in names.iter().enumerate() {
                let word = source.slice(name.span);
                let Some(rule) = known.iter().find(|rule| rule.name() == word || rule.id == word) else {
                    self.wrong.push(unknown(source, name.span, known, rules.unknown));
                    continue;
                };
                let message = format!("this comment silences no diagnostic of `{}`", rule.name());
                let unused = Diagnostic::new(rules.unused, source, name.span, message)
                    .with_help("remove it, or move it to the line that it is meant for")
                    .with_fix(Fix {
                        title: format!("remove the suppression of `{}`", rule.name()),
                        edits: vec![Edit { span: comment.removal(source, names, index), replacement: String::new() }],
                        safety: Safety::Safe,
                    });
                self.silences.push(Silence { rule, reach, unused });
            }
        }
    }

    /// Moves what is silenced to the suppressed diagnostics of the report and gives back the rest,
    /// with the complaints about the comments themselves.
    pub(crate) fn sift(&self, report: &mut Report) -> Vec<Diagnostic> {
        let mut usage = Usage::new(&self.silences);
        // What an earlier call suppressed counts, which makes a second call harmless.
        for earlier in report.suppressed() {
            usage.silence(earlier);
        }
        let active = report.take_active();
        let mut rest = Vec::new();
        let mut sort = |found: Diagnostic, usage: &mut Usage<'_>| {
            if usage.silence(&found) {
                report.push_suppressed(found);
            } else {
                rest.push(found);
            }
        };
        for found in active.into_iter().chain(self.wrong.iter().cloned()) {
            sort(found, &mut usage);
        }
        // `allow(unused-suppression)` is judged last, for it silences the complaints about the others.
        let about_itself = |silence: &Silence| silence.rule == silence.unused.rule;
        for meta in [false, true] {
            for (index, silence) in self.silences.iter().enumerate() {
                if about_itself(silence) == meta && !usage.used[index] {
                    sort(silence.unused.clone(), &mut usage);
                }
            }
        }
        rest
    }
}

fn unknown(source: &Source, span: Span, known: &[&'static Rule], rule: &'static Rule) -> Diagnostic {
    let word = source.slice(span);
    let diagnostic =
        Diagnostic::new(rule, source, span, format!("there is no rule `{}` to allow", word.escape_debug()));
    let short = word.split_once('/').map_or(word, |(_, name)| name);
    let Some(meant) = did_you_mean(short, known.iter().map(|rule| rule.name()))
        .or_else(|| known.iter().map(|rule| rule.name()).find(|name| *name == short))
    else {
        return diagnostic;
    };
    diagnostic.with_help(format!("did you mean `{meant}`?")).with_fix(Fix {
        title: format!("allow `{meant}` instead"),
        edits: vec![Edit { span, replacement: meant.to_owned() }],
        safety: Safety::Unsafe,
    })
}

/// Which silences have silenced something.
struct Usage<'s> {
    silences: &'s [Silence],
    used: Vec<bool>,
    by_rule: BTreeMap<(&'s str, &'static str), Reaches>,
}

/// The reaches of one rule in one source, by their start.
#[derive(Default)]
struct Reaches {
    starts: Vec<usize>,
    /// Of the reaches up to here: the largest end, and the silence that has it.
    furthest: Vec<(usize, usize)>,
}

impl<'s> Usage<'s> {
    fn new(silences: &'s [Silence]) -> Self {
        let mut order: Vec<usize> = (0..silences.len()).collect();
        order.sort_by_key(|&index| silences[index].reach.start);
        let mut by_rule: BTreeMap<_, Reaches> = BTreeMap::new();
        for index in order {
            let silence = &silences[index];
            let name = silence.unused.primary.source.name();
            let reaches = by_rule.entry((name, silence.rule.id)).or_default();
            let mut furthest = (silence.reach.end, index);
            if let Some(&before) = reaches.furthest.last()
                && before.0 >= furthest.0
            {
                furthest = before;
            }
            reaches.starts.push(silence.reach.start);
            reaches.furthest.push(furthest);
        }
        Self { silences, used: vec![false; silences.len()], by_rule }
    }

    /// Whether a diagnostic is silenced. Of several comments that reach it the widest is used, so
    /// that those it makes superfluous are reported.
    fn silence(&mut self, found: &Diagnostic) -> bool {
        let key = (found.primary.source.name(), found.rule.id);
        let Some(reaches) = self.by_rule.get(&key) else {
            return false;
        };
        let offset = found.primary.span.start;
        let Some(last) = reaches.starts.partition_point(|&start| start <= offset).checked_sub(1) else {
            return false;
        };
        let (end, index) = reaches.furthest[last];
        // A complaint about a comment is not silenced by that comment.
        if offset >= end || self.silences[index].unused == *found {
            return false;
        }
        self.used[index] = true;
        true
    }
}

/// How far each comment reaches. Comments are in the order of the text.
fn reaches(document: &Document, comments: &[&Comment]) -> Vec<Span> {
    let source = document.source();
    let first_content = (1..=source.line_count()).find(|&line| {
        let text = line_text(source, line);
        !(is_blank_or_comment(text)
            || text.starts_with('%')
            || text.strip_prefix("---").is_some_and(is_blank_or_comment))
    });
    // From the last to the first, so that a block of comments is skipped once and not once for each.
    let mut below: Option<(usize, Option<usize>)> = None;
    let mut targets: Vec<Option<usize>> = Vec::with_capacity(comments.len());
    for comment in comments.iter().rev() {
        if !comment.alone {
            targets.push(Some(comment.line));
            continue;
        }
        if first_content.is_none_or(|content| comment.line < content) {
            targets.push(None);
            continue;
        }
        let mut line = comment.line + 1;
        let target = loop {
            if let Some((known, target)) = below
                && known == line
            {
                break target;
            }
            if line > source.line_count() {
                break None;
            }
            if !is_blank_or_comment(line_text(source, line)) {
                break Some(line);
            }
            line += 1;
        };
        below = Some((comment.line, target));
        // Nothing follows: the comment reaches its own line, where nothing can begin.
        targets.push(Some(target.unwrap_or(comment.line)));
    }
    targets.reverse();

    let mut lines: Vec<usize> =
        comments.iter().zip(&targets).filter_map(|(comment, target)| target.filter(|_| comment.alone)).collect();
    lines.sort_unstable();
    lines.dedup();
    let ends = ends_of_nodes(document, &lines);
    comments
        .iter()
        .zip(targets)
        .map(|(comment, target)| {
            let Some(line) = target else {
                return Span::new(0, usize::MAX);
            };
            let reach = whole_line(source, line);
            match lines.binary_search(&line) {
                Ok(index) if comment.alone => Span::new(reach.start, reach.end.max(ends[index])),
                _ => reach,
            }
        })
        .collect()
}

/// For each of `lines` (sorted) the largest end of the entries and items that begin on it, or 0.
fn ends_of_nodes(document: &Document, lines: &[usize]) -> Vec<usize> {
    let mut ends = vec![0; lines.len()];
    if lines.is_empty() {
        return ends;
    }
    let source = document.source();
    let mut begins: Vec<(Span, usize)> = Vec::with_capacity(lines.len());
    for (index, &line) in lines.iter().enumerate() {
        begins.push((whole_line(source, line), index));
        // The item of a `-` without content begins with the line below, for the tree knows no dashes.
        if is_bare_dash(line_text(source, line))
            && let Some(next) = (line + 1..=source.line_count()).find(|&n| !is_blank_or_comment(line_text(source, n)))
        {
            begins.push((whole_line(source, next), index));
        }
    }
    begins.sort();
    let mut note = |start: usize, end: usize| {
        let first = begins.partition_point(|(line, _)| line.end <= start);
        for (_, index) in begins[first..].iter().take_while(|(line, _)| line.start <= start) {
            ends[*index] = ends[*index].max(end);
        }
    };
    // A stack of its own: how deep a tree is, the caller's limits decide.
    let mut stack: Vec<&Node> = document.root().into_iter().collect();
    while let Some(node) = stack.pop() {
        match &node.value {
            Value::Map(entries) => {
                for entry in entries {
                    note(entry.key.span.start, entry.value.span.end);
                    stack.extend([&entry.key, &entry.value]);
                }
            }
            Value::Seq(items) => {
                for item in items {
                    note(item.span.start, item.span.end);
                    stack.push(item);
                }
            }
            _ => {}
        }
    }
    ends
}

/// A line with its line break; the last line also with the end of the text, where a diagnostic
/// about something missing may point.
fn whole_line(source: &Source, line: usize) -> Span {
    let start = source.line_span(line).map_or(source.len(), |span| span.start);
    let end = source.line_span(line + 1).map_or(source.len() + 1, |span| span.start);
    Span::new(start, end)
}

fn line_text(source: &Source, line: usize) -> &str {
    source.line_span(line).map_or("", |span| source.slice(span))
}

fn is_blank_or_comment(text: &str) -> bool {
    let text = text.trim_start();
    text.is_empty() || text.starts_with('#')
}

/// A dash with nothing but anchor, tag and comment behind it.
fn is_bare_dash(text: &str) -> bool {
    text.trim_start().strip_prefix('-').is_some_and(|rest| {
        rest.split_whitespace().take_while(|word| !word.starts_with('#')).all(|word| word.starts_with(['&', '!']))
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    crate::declare_rule! {
        /// One.
        static ONE = { id: "test/one", severity: Error, summary: "one" }
        /// Two.
        static TWO = { id: "test/two", severity: Error, summary: "two" }
        /// Unused.
        static UNUSED = { id: "test/unused", severity: Info, summary: "unused" }
    }

    proptest! {
        /// Whatever the reaches are, overlapping or not: silenced means that one of them is there.
        #[test]
        fn silenced_means_reached(
            reaches in prop::collection::vec((0usize..12, 0usize..6, any::<bool>(), any::<bool>()), 0..8),
            offset in 0usize..20, one in any::<bool>(), here in any::<bool>(),
        ) {
            let source = |here| Source::new(if here { "here" } else { "there" }, "");
            let rule = |one| if one { &ONE } else { &TWO };
            let silences: Vec<Silence> = reaches
                .iter()
                .enumerate()
                .map(|(index, &(start, len, one, here))| Silence {
                    rule: rule(one),
                    reach: Span::new(start, start + len),
                    unused: Diagnostic::new(&UNUSED, &source(here), Span::at(0), index.to_string()),
                })
                .collect();
            let expected = reaches.iter().any(|&(start, len, its_rule, its_source)| {
                its_rule == one && its_source == here && start <= offset && offset < start + len
            });
            let mut usage = Usage::new(&silences);
            let found = Diagnostic::new(rule(one), &source(here), Span::at(offset), "m");
            prop_assert_eq!(usage.silence(&found), expected);
            prop_assert_eq!(usage.used.iter().filter(|used| **used).count(), usize::from(expected));
        }
    }

    #[test]
    fn bare_dashes() {
        for text in ["-", "  - ", "- &a", "- !T &a # x", "- # x"] {
            assert!(is_bare_dash(text), "{text}");
        }
        for text in ["- a", "a: -", "-a", "", "- {", "--- "] {
            assert!(!is_bare_dash(text), "{text}");
        }
    }
}
