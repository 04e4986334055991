//! Corrections of the parser's spans, and its tags as they are written.

use crate::{Span, Tag};

pub(super) fn absolute(raw: &granit_parser::Span, from: usize) -> Span {
    // Input from a string always has byte offsets.
    let start = raw.start.byte_offset().unwrap_or_default();
    let end = raw.end.byte_offset().unwrap_or_default();
    Span::new(from + start, from + end)
}

pub(super) fn tag(raw: &granit_parser::Span, from: usize, text: &str) -> Option<Tag> {
    let span = absolute(&raw.tag_span()?, from);
    Some(Tag { text: text.get(span.start..span.end)?.to_owned(), span })
}

/// Finds the first `wanted` byte at or behind `from` that is a token of its own: white space, line
/// breaks, comments, anchors, tags and the indicators `:`, `?` and `-` (unless wanted) are skipped.
/// `None` if anything else comes first.
pub(super) fn indicator(text: &str, from: usize, until: usize, wanted: &[u8]) -> Option<usize> {
    let bytes = text.as_bytes().get(..until.min(text.len()))?;
    let mut at = from;
    while let Some(&byte) = bytes.get(at) {
        if wanted.contains(&byte) {
            return Some(at);
        }
        match byte {
            b' ' | b'\t' | b'\r' | b'\n' | b':' | b'?' | b'-' => at += 1,
            b'#' => at += line_length(&bytes[at..]),
            b'&' | b'!' => at += bytes[at..].iter().take_while(|byte| !byte.is_ascii_whitespace()).count(),
            _ => return None,
        }
    }
    None
}

fn line_length(bytes: &[u8]) -> usize {
    bytes.iter().take_while(|&&byte| byte != b'\n' && byte != b'\r').count()
}

/// The span of a block scalar: the parser gives its content up to the next token; wanted is
/// everything from the `|` or `>` to the end of the last line that is not blank.
pub(super) fn block_scalar(text: &str, passed: usize, span: Span) -> Span {
    let start = indicator(text, passed, span.end, b"|>").unwrap_or(span.start);
    let Some(mut written) = text.get(start..span.end) else {
        return span;
    };
    while let Some(at) = written.rfind(['\n', '\r']) {
        if !written[at + 1..].chars().all(|c| c == ' ' || c == '\t') {
            break;
        }
        written = &written[..at];
    }
    Span::new(start, start + written.len())
}

/// The first line of a block scalar that begins in the first column, which only one that is the whole document can have.
///
/// The event parser takes it for text, as YAML 1.2 does; for the libyaml family the scalar ends before it.
pub(super) fn outdented(text: &str, scalar: Span) -> Option<Span> {
    let mut at = scalar.start;
    for line in text.get(scalar.start..scalar.end)?.split_inclusive('\n') {
        if at > scalar.start && !line.starts_with([' ', '\t', '\r', '\n']) {
            return Some(Span::new(at, at + line.trim_end().len()));
        }
        at += line.len();
    }
    None
}

/// The first tab between two tokens of block collections that the libyaml family refuses: at the
/// beginning of a line (also of an empty one, and before a comment), or behind `-` or `?`.
///
/// The event parser lets these pass as YAML 1.2 does.
pub(super) fn tab_in_gap(text: &str, from: usize, until: usize) -> Option<usize> {
    let bytes = text.as_bytes().get(from..until)?;
    let mut at = 0;
    let mut leading = from == 0 || matches!(text.as_bytes().get(from - 1), Some(b'\n' | b'\r'));
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'\n' | b'\r' => leading = true,
            b' ' => {}
            b'\t' if leading => return Some(from + at),
            b'\t' => {}
            // An indicator is followed by white space, else it begins something else.
            b'-' | b'?' if leading && matches!(bytes.get(at + 1), Some(b' ' | b'\t')) => {}
            b'#' => {
                at += line_length(&bytes[at..]);
                continue;
            }
            _ => leading = false,
        }
        at += 1;
    }
    None
}
