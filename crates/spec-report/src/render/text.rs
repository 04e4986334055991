//! Reports for people, in the style of rustc: excerpt, pointers, help, the fix as a patch.

use annotate_snippets::{Annotation, AnnotationKind, Group, Level, Patch, Renderer, Snippet, renderer::DecorStyle};

use crate::fix::ordered_edits;
use crate::render::excerpt::{Excerpt, for_edits, for_labels};
use crate::render::{clipped, one_line, place, some_lines, summary};
use crate::{Diagnostic, Fix, Label, Report, Safety, Severity, Source, Span};

/// Longest replacement that is shown; longer ones are named by the title of the fix only.
const LONGEST_PATCH: usize = 2000;

/// Most edits that are shown as a patch.
const MOST_EDITS: usize = 12;

/// Most places that one diagnostic points at; the rest is counted.
const MOST_LABELS: usize = 12;

/// Stands around the number of a place in what the renderer writes. The renderer counts columns in the
/// excerpt, where long lines are cut, so the true places are put in afterwards. A noncharacter,
/// which no text keeps that comes from a file.
const PLACE: char = '\u{ffff}';

/// Whether the text has colours.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Color {
    /// Plain text.
    #[default]
    Never,
    /// ANSI colours; the caller knows that a terminal will see them.
    Always,
}

/// How [`text_with`] writes.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextOptions {
    /// Whether there are colours.
    pub color: Color,
    /// Most characters of a source line that are shown; longer lines are cut around the pointer.
    pub width: usize,
}

impl Default for TextOptions {
    /// No colours, 120 characters of each line.
    fn default() -> Self {
        Self { color: Color::Never, width: 120 }
    }
}

impl TextOptions {
    /// With or without colours.
    #[must_use]
    pub fn with_color(mut self, color: Color) -> Self {
        self.color = color;
        self
    }

    /// With at most this many characters of a source line; below 20 means 20.
    #[must_use]
    pub fn with_width(mut self, width: usize) -> Self {
        self.width = width;
        self
    }
}

/// The report with excerpts, without colours, and a last line that counts.
pub fn text(report: &Report) -> String {
    text_with(report, &TextOptions::default())
}

/// The report with excerpts, and a last line that counts; empty for an empty report.
pub fn text_with(report: &Report, options: &TextOptions) -> String {
    if report.is_empty() {
        return String::new();
    }
    let renderer = match options.color {
        Color::Never => Renderer::plain(),
        Color::Always => Renderer::styled(),
    };
    let width = options.width.max(20);
    // The lines are cut already; the margin is for line numbers, indentation by tabs and labels.
    let renderer = renderer.decor_style(DecorStyle::Ascii).term_width(width * 8 + 1000);
    let mut out = String::new();
    for found in report {
        let mut places = Vec::new();
        let groups = groups(found, width, &mut places);
        put_places(&renderer.render(&groups), &places, &mut out);
        out.push_str("\n\n");
    }
    out.push_str(&summary(report));
    out.push('\n');
    out
}

/// Copies a rendering with the true places instead of their numbers and the renderer's own `:line:column`.
fn put_places(rendered: &str, places: &[String], out: &mut String) {
    let mut parts = rendered.split(PLACE);
    out.push_str(parts.next().unwrap_or_default());
    while let (Some(number), Some(rest)) = (parts.next(), parts.next()) {
        let place = number.parse().ok().and_then(|number: usize| places.get(number));
        out.push_str(place.map_or("", String::as_str));
        out.push_str(rest.trim_start_matches(|c: char| c == ':' || c.is_ascii_digit()));
    }
}

fn groups(found: &Diagnostic, width: usize, places: &mut Vec<String>) -> Vec<Group<'static>> {
    let level = match found.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Info => Level::INFO,
    };
    let title = level.primary_title(words(&found.message)).id(found.rule.id);
    let mut group = Group::with_title(title);
    for (source, labels) in by_source(found) {
        let spans: Vec<Span> = labels.iter().map(|(label, _)| label.span).collect();
        for excerpt in for_labels(source, &spans, width) {
            let annotations: Vec<Annotation<'static>> = excerpt
                .marks
                .iter()
                .map(|(index, range)| {
                    let (label, kind) = labels[*index];
                    let annotation = kind.span(range.clone());
                    if label.message.is_empty() {
                        annotation
                    } else {
                        annotation.label(one_line(&clipped(&label.message)).into_owned())
                    }
                })
                .collect();
            let first = excerpt.marks.iter().map(|(index, _)| *index).min().unwrap_or_default();
            let path = format!("{PLACE}{}{PLACE}", places.len());
            places.push(place(labels[first].0));
            group = group.element(snippet(&excerpt).path(path).annotations(annotations));
        }
    }
    let hidden = found.secondary.len().saturating_sub(MOST_LABELS);
    if hidden > 0 {
        group = group.element(Level::NOTE.message(format!("and {hidden} other places")));
    }
    if let Some(words) = found.rule.service {
        group = group.element(Level::NOTE.message(format!("the service says: {}", some_lines(words))));
    }
    if let Some(help) = &found.help {
        group = group.element(Level::HELP.message(words(help)));
    }
    let mut groups = vec![group];
    groups.extend(found.fix.as_ref().map(|fix| patch(&found.primary.source, fix, width)));
    groups
}

/// The labels by source, the primary one first.
fn by_source(found: &Diagnostic) -> Vec<(&Source, Vec<(&Label, AnnotationKind)>)> {
    let mut sources = vec![(&found.primary.source, vec![(&found.primary, AnnotationKind::Primary)])];
    for label in found.secondary.iter().take(MOST_LABELS) {
        let mark = (label, AnnotationKind::Context);
        match sources.iter_mut().find(|(source, _)| *source == &label.source) {
            Some((_, labels)) => labels.push(mark),
            None => sources.push((&label.source, vec![mark])),
        }
    }
    sources
}

fn patch(source: &Source, fix: &Fix, width: usize) -> Group<'static> {
    let mut title = one_line(&clipped(&fix.title)).into_owned();
    if fix.safety == Safety::Unsafe {
        title.push_str(" (unsafe: look at the result)");
    }
    let group = Group::with_title(Level::HELP.secondary_title(title));
    // A fix that does not fit its text is not applied either; it must not break the rendering.
    let Some(edits) = ordered_edits(source.text(), fix) else { return group };
    let length: usize = edits.iter().map(|edit| edit.replacement.len()).sum();
    let lines = |span: Span| source.position(span.end).line - source.position(span.start).line;
    if edits.len() > MOST_EDITS || length > LONGEST_PATCH || edits.iter().any(|edit| lines(edit.span) > 5) {
        return group;
    }
    let spans: Vec<Span> = edits.iter().map(|edit| edit.span).collect();
    group.elements(for_edits(source, &spans, width).into_iter().map(|excerpt| {
        let patches: Vec<Patch<'static>> = excerpt
            .marks
            .iter()
            .map(|(index, range)| Patch::new(range.clone(), some_lines(&edits[*index].replacement).into_owned()))
            .collect();
        snippet(&excerpt).patches(patches)
    }))
}

fn snippet<T: Clone>(excerpt: &Excerpt) -> Snippet<'static, T> {
    Snippet::source(excerpt.text.clone()).line_start(excerpt.first_line)
}

fn words(text: &str) -> String {
    some_lines(&clipped(text)).into_owned()
}
