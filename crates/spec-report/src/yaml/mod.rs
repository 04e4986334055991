//! The YAML reader: events of a private parser become a [`Document`].
//!
//! The parser crate is an implementation detail; none of its types leave this module. It checks
//! syntax and finds tokens; limits, spans of whole nodes, aliases, duplicate keys and the treatment
//! of errors are decided here.

mod build;
mod check;
mod error;
mod resolve;
mod spans;

pub(crate) use check::is_printable;

use granit_parser::{Event, Parser, StructureStyle};

use crate::read::{Notes, too_large, unread};
use crate::{Comment, Document, Format, Limits, Report, Severity, Source, Span, Structure};
use build::{Builder, Stop};

/// Most times that reading is taken up again behind a syntax error.
const MOST_RESTARTS: usize = 20;

pub(crate) fn read(source: Source, limits: &Limits, rules: &Structure) -> (Document, Report) {
    let shared = source.clone();
    let mut notes = Notes::new(&shared, rules);
    if too_large(&mut notes, source.len(), limits) {
        return (unread(source, Format::Yaml), notes.into_report());
    }
    let mut stopped_at = check::characters(&mut notes);
    let text = &shared.text()[..stopped_at.unwrap_or(shared.len())];
    let mut builder = Builder::new(text, limits);
    let mut comments = Vec::new();
    let mut from = 0;
    for restart in 0..=MOST_RESTARTS {
        let Err(stop) = drive(&mut builder, from, &mut comments, &mut notes) else {
            break;
        };
        let at = stop.offset();
        stopped_at = Some(stopped_at.map_or(at, |earlier| earlier.min(at)));
        let next = stop.may_go_on().then(|| builder.restart_point(from)).flatten();
        stop.report(&builder, &mut notes);
        match next {
            Some(next) if restart < MOST_RESTARTS => {
                builder.close_to_root(next);
                from = next;
            }
            _ => break,
        }
    }
    comments.sort_by_key(|comment: &Comment| comment.span);
    comments.dedup();
    let mut root = builder.finish();
    if let Some(root) = &mut root {
        resolve::aliases(root, limits, &mut notes);
    }
    let report = notes.into_report();
    (Document { source, format: Format::Yaml, root, comments, stopped_at }, report)
}

/// Feeds the builder with the events of the text from `from` on, up to the end of a document.
fn drive(
    builder: &mut Builder<'_>,
    from: usize,
    comments: &mut Vec<Comment>,
    notes: &mut Notes<'_>,
) -> Result<(), Stop> {
    let text = builder.text();
    let depth = builder.depth_limit();
    let options = granit_parser::options! {
        emit_unresolved_aliases: true,
        emit_anchor_events: true,
        // The crate's own bounds would refuse long runs of comments; size is bounded already.
        max_buffered_comment_events: usize::MAX,
        // One more than ours, so that ours is the one that reports.
        flow_nesting_limit: depth + 1,
        block_nesting_limit: depth + 1,
    };
    let mut ended = false;
    for event in Parser::new_from_str_with_options(&text[from..], options) {
        let (event, raw) = event.map_err(|error| Stop::syntax(&error, from))?;
        let span = spans::absolute(&raw, from);
        match event {
            Event::StreamStart => {}
            Event::StreamEnd => builder.check_gap(text.len()),
            Event::Comment(content, _) => {
                comments.push(Comment { span, text: content.into_owned() });
                continue;
            }
            Event::DocumentStart(..) if ended => {
                second_document(span, notes);
                return Ok(());
            }
            // Without `---` its span is that of the token behind it.
            Event::DocumentStart(..) => continue,
            Event::DocumentEnd => {
                ended = true;
                builder.check_gap(span.start);
            }
            Event::Alias(_) | Event::UnresolvedAlias(_) => builder.alias(span)?,
            Event::Anchor(_, name) => builder.anchor(name.into_owned()),
            Event::Scalar(content, style, _, _) => {
                let tag = spans::tag(&raw, from, text);
                builder.scalar(content.into_owned(), style, span, tag)?;
            }
            Event::SequenceStart(style, ..) => {
                let tag = spans::tag(&raw, from, text);
                builder.open_seq(style == StructureStyle::Flow, span, tag)?;
            }
            Event::MappingStart(style, ..) => {
                let tag = spans::tag(&raw, from, text);
                builder.open_map(style == StructureStyle::Flow, span, tag)?;
            }
            Event::SequenceEnd | Event::MappingEnd => builder.close(span),
            // Kinds of events that later versions of the parser may add on demand.
            _ => {}
        }
        builder.passed(span);
        while let Some(tab) = builder.take_tab() {
            let note = notes
                .at(notes.rules.syntax, tab, "a tab is used for indentation")
                .with_help("indent with spaces; YAML readers refuse tabs here");
            notes.push(note);
        }
        if let Some(line) = builder.take_outdented() {
            let note = notes
                .at(notes.rules.syntax, line, "the text of a block scalar begins in the first column")
                .with_help("indent it; YAML readers end the scalar before this line");
            notes.push(note);
        }
    }
    Ok(())
}

fn second_document(span: Span, notes: &mut Notes<'_>) {
    let note = notes
        .at(notes.rules.syntax, span, "a second document begins here; only the first one is read")
        .with_severity(Severity::Warning);
    notes.push(note);
}
