//! The few lines of a source that a diagnostic is about, short enough and harmless to print.

use std::ops::Range;

use crate::render::stand_in;
use crate::{Source, Span};

/// Labels whose lines are at most this far apart share an excerpt; the renderer folds what is between.
const NEAR: usize = 20;

/// A span of more lines than this is shown by its first line.
const TALLEST: usize = 8;

/// Consecutive lines, long ones cut around the first span in them, control characters replaced.
#[derive(Debug)]
pub(super) struct Excerpt {
    pub(super) text: String,
    /// Number of the first line, from 1.
    pub(super) first_line: usize,
    /// The spans with their index in the input and their range in `text`.
    pub(super) marks: Vec<(usize, Range<usize>)>,
}

/// Spans with their index in the input, and the lines from the first to the last of them.
struct Group {
    first: usize,
    last: usize,
    spans: Vec<(usize, Span)>,
}

/// One line of an excerpt: which bytes of the source it shows, and where in the excerpt.
struct Line {
    shown: Span,
    at: usize,
    end: usize,
}

/// Excerpts for labels in one source; the one with the first label comes first.
pub(super) fn for_labels(source: &Source, spans: &[Span], width: usize) -> Vec<Excerpt> {
    let spans: Vec<Span> = spans.iter().map(|span| shorten(source, *span)).collect();
    for_edits(source, &spans, width)
}

/// Excerpts for edits of one source, whose spans are kept to the byte.
pub(super) fn for_edits(source: &Source, spans: &[Span], width: usize) -> Vec<Excerpt> {
    let mut groups: Vec<Group> = Vec::new();
    let mut order: Vec<Group> = spans
        .iter()
        .enumerate()
        .map(|(index, &span)| {
            let first = source.position(span.start).line;
            let last = source.position(span.end).line.max(first);
            Group { first, last, spans: vec![(index, span)] }
        })
        .collect();
    order.sort_by_key(|group| (group.first, group.last));
    for next in order {
        match groups.last_mut() {
            Some(group) if next.first <= group.last + NEAR => {
                group.last = group.last.max(next.last);
                group.spans.extend(next.spans);
            }
            _ => groups.push(next),
        }
    }
    groups.sort_by_key(|group| (group.spans.iter().all(|(index, _)| *index != 0), group.first));
    groups.into_iter().map(|group| excerpt(source, &group, width)).collect()
}

/// Leaves out the break at the end of a span, and all but the first line of a tall one.
fn shorten(source: &Source, span: Span) -> Span {
    let start = span.start.min(source.len());
    let kept = source.slice(Span::new(start, span.end)).trim_end_matches(['\n', '\r']).len();
    let span = Span::new(start, start + kept);
    let first = source.position(span.start).line;
    if source.position(span.end).line < first + TALLEST {
        return span;
    }
    let end = source.line_span(first).map_or(span.end, |line| line.end);
    Span::new(span.start, end)
}

fn excerpt(source: &Source, group: &Group, width: usize) -> Excerpt {
    let Group { first, last, ref spans } = *group;
    let mut text = String::new();
    let mut lines = Vec::new();
    for number in first..=last {
        let Some(line) = source.line_span(number) else { break };
        let focus = spans
            .iter()
            .filter(|(_, span)| span.start <= line.end && span.end >= line.start)
            .min_by_key(|(index, _)| *index)
            .map_or(line.start, |(_, span)| span.start.clamp(line.start, line.end));
        let shown = cut(source, line, focus, width);
        if number > first {
            text.push('\n');
        }
        if shown.start > line.start {
            text.push('…');
        }
        let at = text.len();
        text.extend(source.slice(shown).chars().map(visible));
        let end = text.len();
        if shown.end < line.end {
            text.push('…');
        }
        lines.push(Line { shown, at, end });
    }
    let place = |offset: usize| {
        // The last line that begins at or before the offset; the first if it was cut off on the left.
        let index = lines.partition_point(|line| line.shown.start <= offset).saturating_sub(1);
        lines.get(index).map_or(0, |line| {
            if offset > line.shown.end {
                return line.end;
            }
            let before = source.slice(Span::new(line.shown.start, offset.max(line.shown.start)));
            line.at + before.chars().map(|c| visible(c).len_utf8()).sum::<usize>()
        })
    };
    let marks = spans
        .iter()
        .map(|&(index, span)| {
            let start = place(span.start);
            (index, start..place(span.end).max(start))
        })
        .collect();
    Excerpt { text, first_line: first, marks }
}

/// The part of a line around `focus` that has at most `width` characters.
fn cut(source: &Source, line: Span, focus: usize, width: usize) -> Span {
    // As many bytes cannot be more characters; longer lines are looked at near the focus only.
    if line.len() <= width {
        return line;
    }
    let before = source.slice(Span::new(line.start, focus));
    let after = |from: usize, count: usize| {
        let rest = source.slice(Span::new(from, line.end));
        rest.char_indices().nth(count).map_or(line.end, |(at, _)| from + at)
    };
    let lead = before.char_indices().rev().take(width / 3).last().map_or(focus, |(at, _)| line.start + at);
    // A line that is just too long keeps its beginning if the focus is near enough to it.
    let near = source.slice(line).char_indices().nth(width / 2).is_none_or(|(at, _)| focus <= line.start + at);
    let start = if near { line.start } else { lead };
    Span::new(start, after(start, width))
}

fn visible(c: char) -> char {
    if c == '\t' { c } else { stand_in(c).unwrap_or(c) }
}
