//! Fixes: byte edits that are applied whole or not at all, and never over one another.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{Diagnostic, Source, Span};

/// How far a fix can be trusted. Orders from the safest.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Safety {
    /// What the file means does not change, or changes to what was certainly meant.
    Safe,
    /// Probably what was meant; somebody should look at the result.
    Unsafe,
    /// Shown to people, never applied.
    DisplayOnly,
}

/// Replaces the bytes of a span. An empty span inserts, an empty replacement deletes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Edit {
    /// The bytes that go.
    pub span: Span,
    /// The text that comes.
    pub replacement: String,
}

/// Edits of one source that together mend one finding.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fix {
    /// What it does, as an imperative: ``remove the second `version` ``.
    pub title: String,
    /// The edits, which must not overlap.
    pub edits: Vec<Edit>,
    /// How far the fix can be trusted.
    pub safety: Safety,
}

/// What [`apply_fixes`] made of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fixed {
    /// The text with the applied fixes.
    pub text: String,
    /// How many fixes are in the text.
    pub applied: usize,
    /// How many fixes were left out because they touch another one, or do not fit the text.
    pub skipped: usize,
    /// How many fixes are less safe than asked for.
    pub withheld: usize,
}

/// Applies the fixes of diagnostics about `source` whose safety is at most `max`.
///
/// A fix is applied whole or not at all. Where two fixes touch the same bytes, or one inserts at the
/// border of the other, the one that begins earlier is taken (then the one that ends earlier, then by
/// rule id and title). A fix with the very edits of another one counts as applied with it.
/// [`Safety::DisplayOnly`] is never applied.
///
/// One call leaves skipped fixes behind. To mend all, check the new text and call again until
/// nothing is applied, with a bound on the rounds.
pub fn apply_fixes<'d>(source: &Source, diagnostics: impl IntoIterator<Item = &'d Diagnostic>, max: Safety) -> Fixed {
    let mut fixed = Fixed { text: String::new(), applied: 0, skipped: 0, withheld: 0 };
    let mut candidates: Vec<Candidate<'d>> = Vec::new();
    for diagnostic in diagnostics {
        let Some(fix) = &diagnostic.fix else { continue };
        if diagnostic.primary.source.name() != source.name() {
            continue;
        }
        if fix.safety > max || fix.safety == Safety::DisplayOnly {
            fixed.withheld += 1;
        } else if diagnostic.primary.source == *source
            && let Some(candidate) = Candidate::new(source.text(), diagnostic.rule.id, fix)
        {
            candidates.push(candidate);
        } else {
            fixed.skipped += 1;
        }
    }
    candidates.sort_by(|a, b| a.order().cmp(&b.order()));

    // Keyed by span: taken edits never overlap, so their starts and their ends are in the same order.
    let mut taken: BTreeMap<Span, &str> = BTreeMap::new();
    for candidate in &candidates {
        let repeated = |edit: &&Edit| taken.get(&edit.span).is_some_and(|&text| text == edit.replacement);
        if candidate.edits.iter().all(repeated) {
            fixed.applied += 1;
        } else if candidate.edits.iter().any(|edit| collides(&taken, edit.span)) {
            fixed.skipped += 1;
        } else {
            taken.extend(candidate.edits.iter().map(|edit| (edit.span, edit.replacement.as_str())));
            fixed.applied += 1;
        }
    }

    let mut at = 0;
    for (span, replacement) in taken {
        fixed.text.push_str(&source.text()[at..span.start]);
        fixed.text.push_str(replacement);
        at = span.end;
    }
    fixed.text.push_str(&source.text()[at..]);
    fixed
}

/// A fix that fits the text, with its edits in order.
struct Candidate<'d> {
    rule: &'static str,
    fix: &'d Fix,
    edits: Vec<&'d Edit>,
}

impl<'d> Candidate<'d> {
    fn new(text: &str, rule: &'static str, fix: &'d Fix) -> Option<Self> {
        ordered_edits(text, fix).map(|edits| Self { rule, fix, edits })
    }

    fn order(&self) -> impl Ord {
        let start = self.edits.first().map(|edit| edit.span.start);
        let end = self.edits.last().map(|edit| edit.span.end);
        (start, end, self.rule, self.fix)
    }
}

/// The edits of a fix by position; `None` if there are none, if they touch each other, or if one is
/// not a range of whole characters of the text.
pub(crate) fn ordered_edits<'f>(text: &str, fix: &'f Fix) -> Option<Vec<&'f Edit>> {
    let mut edits: Vec<&Edit> = fix.edits.iter().collect();
    edits.sort();
    let fits = |edit: &&Edit| text.get(edit.span.start..edit.span.end).is_some();
    let apart = edits.is_sorted_by(|a, b| !touch(a.span, b.span));
    (!edits.is_empty() && apart && edits.iter().all(fits)).then_some(edits)
}

/// Whether two edits cannot both be made: they share bytes, or one inserts at an end of the other,
/// where the order of the two would be a guess.
fn touch(a: Span, b: Span) -> bool {
    if a.is_empty() || b.is_empty() { a.start <= b.end && b.start <= a.end } else { a.start < b.end && b.start < a.end }
}

fn collides(taken: &BTreeMap<Span, &str>, span: Span) -> bool {
    let up_to_end = Span { start: span.end, end: usize::MAX };
    taken
        .range(..=up_to_end)
        .rev()
        .take_while(|(other, _)| other.end >= span.start)
        .any(|(&other, _)| touch(other, span))
}
