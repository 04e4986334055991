//! The text of one file: its name, its lines, and the way from byte offsets to lines and columns.

use std::fmt;
use std::sync::{Arc, OnceLock};

use crate::Span;

/// Distance in bytes between two remembered character counts; bounds the work of one lookup.
const STRIDE: usize = 1024;

/// A file's name and text; clones share one allocation.
///
/// A byte order mark is not part of the text: offsets, lines and columns count from the first
/// character behind it, and [`Source::encoding`] remembers that it was there.
#[derive(Clone)]
pub struct Source(Arc<Inner>);

struct Inner {
    name: String,
    text: String,
    encoding: Encoding,
    index: OnceLock<Index>,
}

/// Built on first use: most sources are read without a single diagnostic.
struct Index {
    /// Offset of the first byte of each line; never empty.
    lines: Vec<usize>,
    /// `chars[i]` counts the characters that begin before byte `i * STRIDE`; empty for ASCII.
    chars: Vec<usize>,
}

/// How the bytes of a file were turned into text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Encoding {
    /// UTF-8.
    #[default]
    Utf8,
    /// UTF-8 with a byte order mark.
    Utf8Bom,
    /// UTF-16, little endian.
    Utf16Le,
    /// UTF-16, big endian.
    Utf16Be,
    /// Not valid in the encoding it seemed to be in; bad sequences became U+FFFD.
    Lossy,
}

/// A place as people count: lines and columns from 1, columns in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

impl Source {
    /// A source from text; one leading byte order mark is taken off.
    #[must_use]
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Self {
        let mut text = text.into();
        let mut encoding = Encoding::Utf8;
        if text.starts_with('\u{feff}') {
            text.drain(..'\u{feff}'.len_utf8());
            encoding = Encoding::Utf8Bom;
        }
        Self::with_encoding(name.into(), text, encoding)
    }

    pub(crate) fn with_encoding(name: String, text: String, encoding: Encoding) -> Self {
        Self(Arc::new(Inner { name, text, encoding, index: OnceLock::new() }))
    }

    /// The file's name as shown to people, usually its path.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// The whole text, without a byte order mark.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.0.text
    }

    /// How the bytes were decoded.
    #[must_use]
    pub fn encoding(&self) -> Encoding {
        self.0.encoding
    }

    /// Length of the text in bytes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.text.len()
    }

    /// Whether the text is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.text.is_empty()
    }

    /// The text of a span. Offsets beyond the end, or inside a character, are moved back to the
    /// nearest boundary, so this never panics.
    #[must_use]
    pub fn slice(&self, span: Span) -> &str {
        let start = self.floor(span.start);
        let end = self.floor(span.end).max(start);
        &self.0.text[start..end]
    }

    /// Line and column of a byte offset; offsets beyond the end mean the end.
    ///
    /// `\n`, `\r\n` and a lone `\r` end a line. A lookup costs a binary search and a scan of at most
    /// a kilobyte, also in files of one huge line.
    #[must_use]
    pub fn position(&self, offset: usize) -> Position {
        let offset = self.floor(offset);
        let index = self.index();
        let line = index.lines.partition_point(|&start| start <= offset).max(1);
        let start = index.lines[line - 1];
        let column = 1 + self.chars_before(offset) - self.chars_before(start);
        Position { line, column }
    }

    /// The byte offset of a position; `None` outside the text. The column behind the last character
    /// of a line exists, the one behind it does not.
    #[must_use]
    pub fn offset(&self, position: Position) -> Option<usize> {
        let line = self.line_span(position.line)?;
        let text = self.slice(line);
        let skip = position.column.checked_sub(1)?;
        text.char_indices().map(|(at, _)| at).chain([text.len()]).nth(skip).map(|at| line.start + at)
    }

    /// Number of lines; a final line break begins another, empty line.
    #[must_use]
    pub fn line_count(&self) -> usize {
        self.index().lines.len()
    }

    /// The span of a line (from 1) without its line break.
    #[must_use]
    pub fn line_span(&self, line: usize) -> Option<Span> {
        let lines = &self.index().lines;
        let start = *lines.get(line.checked_sub(1)?)?;
        let end = lines.get(line).copied().unwrap_or(self.len());
        let text = &self.0.text[start..end];
        let text = text.strip_suffix('\n').unwrap_or(text);
        let text = text.strip_suffix('\r').unwrap_or(text);
        Some(Span::new(start, start + text.len()))
    }

    fn floor(&self, offset: usize) -> usize {
        self.0.text.floor_char_boundary(offset)
    }

    fn index(&self) -> &Index {
        self.0.index.get_or_init(|| Index::build(&self.0.text))
    }

    fn chars_before(&self, offset: usize) -> usize {
        let chars = &self.index().chars;
        let Some(&counted) = chars.get(offset / STRIDE) else {
            return offset;
        };
        let from = offset / STRIDE * STRIDE;
        counted + count_chars(&self.0.text.as_bytes()[from..offset])
    }
}

impl Index {
    fn build(text: &str) -> Self {
        let bytes = text.as_bytes();
        let mut lines = vec![0];
        for (at, &byte) in bytes.iter().enumerate() {
            if byte == b'\n' || (byte == b'\r' && bytes.get(at + 1) != Some(&b'\n')) {
                lines.push(at + 1);
            }
        }
        let mut chars = Vec::new();
        if !text.is_ascii() {
            let mut total = 0;
            for chunk in bytes.chunks(STRIDE) {
                chars.push(total);
                total += count_chars(chunk);
            }
            chars.push(total);
        }
        Self { lines, chars }
    }
}

/// Characters that begin in a piece of UTF-8.
fn count_chars(bytes: &[u8]) -> usize {
    bytes.iter().filter(|&&byte| byte & 0xC0 != 0x80).count()
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Source").field("name", &self.0.name).field("bytes", &self.len()).finish_non_exhaustive()
    }
}

/// Equal name and text.
impl PartialEq for Source {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || (self.0.name == other.0.name && self.0.text == other.0.text)
    }
}

impl Eq for Source {}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Counts character by character, as a person would.
    fn naive(text: &str, offset: usize) -> Position {
        let (mut line, mut column) = (1, 1);
        let mut chars = text.char_indices().peekable();
        while let Some((at, c)) = chars.next() {
            if at >= offset {
                break;
            }
            let crlf = c == '\r' && chars.peek().is_some_and(|&(_, next)| next == '\n');
            if c == '\n' || (c == '\r' && !crlf) {
                line += 1;
                column = 1;
            } else {
                column += 1;
            }
        }
        Position { line, column }
    }

    #[test]
    fn lines_and_columns() {
        let source = Source::new("x", "a\r\né\rß\n");
        assert_eq!(source.line_count(), 4);
        assert_eq!(source.position(3), Position { line: 2, column: 1 });
        assert_eq!(source.position(5), Position { line: 2, column: 2 });
        assert_eq!(source.position(6), Position { line: 3, column: 1 });
        assert_eq!(source.position(4), Position { line: 2, column: 1 }, "inside é");
        assert_eq!(source.position(99), Position { line: 4, column: 1 });
        assert_eq!(source.slice(source.line_span(2).unwrap()), "é");
        assert_eq!(source.line_span(5), None);
        assert_eq!(source.line_span(0), None);
    }

    #[test]
    fn a_byte_order_mark_is_not_text() {
        let source = Source::new("x", "\u{feff}a: 1");
        assert_eq!(source.text(), "a: 1");
        assert_eq!(source.encoding(), Encoding::Utf8Bom);
        assert_eq!(source.position(0), Position { line: 1, column: 1 });
    }

    #[test]
    fn slices_never_panic() {
        let source = Source::new("x", "aéb");
        assert_eq!(source.slice(Span::new(0, 2)), "a");
        assert_eq!(source.slice(Span::new(2, 99)), "éb");
        assert_eq!(source.slice(Span { start: 3, end: 1 }), "");
    }

    proptest! {
        #[test]
        fn positions_agree_with_counting(
            head in "[a-zé\u{1F600}\r\n]{0,40}", fill in 0usize..3000, tail in "[a-zß\u{2028}\r\n]{0,40}", at in 0usize..4000,
        ) {
            let text = format!("{head}{}{tail}", "ü".repeat(fill));
            let source = Source::new("x", text.clone());
            let offset = text.floor_char_boundary(at);
            let position = source.position(offset);
            prop_assert_eq!(position, naive(&text, offset));
            // A line break itself has a position but is not part of the line's span.
            if let Some(back) = source.offset(position) {
                prop_assert_eq!(back, offset);
            } else {
                prop_assert!(text[offset..].starts_with('\n'));
            }
        }
    }
}
