//! From the bytes of a file to text.

use crate::read::{Notes, too_large};
use crate::source::Encoding;
use crate::{Limits, Report, Severity, Source, Span, Structure};

/// Turns the bytes of a file into a [`Source`].
///
/// Never fails: a byte order mark is taken off (see [`Source::encoding`]), UTF-16 is converted and
/// reported as a warning, invalid sequences become U+FFFD and are reported, a file beyond
/// [`Limits::bytes`] is reported and gives an empty source.
#[must_use]
pub fn decode(name: &str, bytes: &[u8], limits: &Limits, rules: &Structure) -> (Source, Report) {
    if bytes.len() > limits.bytes {
        let source = Source::with_encoding(name.to_owned(), String::new(), Encoding::Utf8);
        let mut notes = Notes::new(&source, rules);
        too_large(&mut notes, bytes.len(), limits);
        let report = notes.into_report();
        return (source, report);
    }
    let utf16 = match bytes {
        [0xFF, 0xFE, rest @ ..] => Some((Encoding::Utf16Le, rest, u16::from_le_bytes as fn(_) -> _)),
        [0xFE, 0xFF, rest @ ..] => Some((Encoding::Utf16Be, rest, u16::from_be_bytes as fn(_) -> _)),
        // Without a mark: text begins with an ASCII character, which UTF-16 pads with a zero.
        [first, 0, ..] if *first != 0 && bytes.len().is_multiple_of(2) && second_is_padded(bytes, 1) => {
            Some((Encoding::Utf16Le, bytes, u16::from_le_bytes as fn(_) -> _))
        }
        [0, second, ..] if *second != 0 && bytes.len().is_multiple_of(2) && second_is_padded(bytes, 0) => {
            Some((Encoding::Utf16Be, bytes, u16::from_be_bytes as fn(_) -> _))
        }
        _ => None,
    };
    match utf16 {
        Some((encoding, bytes, unit)) => from_utf16(name, bytes, encoding, unit, rules),
        None => from_utf8(name, bytes, rules),
    }
}

/// Whether the second character, too, has its zero at `parity`; one zero alone is a stray NUL.
fn second_is_padded(bytes: &[u8], parity: usize) -> bool {
    bytes.len() == 2 || (bytes.get(2 + parity) == Some(&0) && bytes.get(3 - parity) != Some(&0))
}

fn from_utf8(name: &str, bytes: &[u8], rules: &Structure) -> (Source, Report) {
    let (bytes, encoding) = match bytes {
        [0xEF, 0xBB, 0xBF, rest @ ..] => (rest, Encoding::Utf8Bom),
        _ => (bytes, Encoding::Utf8),
    };
    match std::str::from_utf8(bytes) {
        Ok(text) => (Source::with_encoding(name.to_owned(), text.to_owned(), encoding), Report::new()),
        Err(error) => {
            let text = String::from_utf8_lossy(bytes).into_owned();
            let bad = error.valid_up_to();
            let byte = bytes.get(bad).copied().unwrap_or_default();
            let message = format!("byte 0x{byte:02X} is not valid UTF-8; the file must be saved as UTF-8");
            lossy(name, text, bad, message, rules)
        }
    }
}

fn from_utf16(
    name: &str,
    bytes: &[u8],
    encoding: Encoding,
    unit: fn([u8; 2]) -> u16,
    rules: &Structure,
) -> (Source, Report) {
    let (pairs, odd) = bytes.as_chunks::<2>();
    let units = pairs.iter().map(|&pair| unit(pair));
    let mut text = String::with_capacity(bytes.len());
    let mut bad = None;
    for decoded in char::decode_utf16(units) {
        if decoded.is_err() {
            bad = bad.or(Some(text.len()));
        }
        text.push(decoded.unwrap_or(char::REPLACEMENT_CHARACTER));
    }
    if !odd.is_empty() {
        bad = bad.or(Some(text.len()));
        text.push(char::REPLACEMENT_CHARACTER);
    }
    if let Some(bad) = bad {
        let message = "the file is not valid UTF-16 here; it must be saved as UTF-8".to_owned();
        return lossy(name, text, bad, message, rules);
    }
    let source = Source::with_encoding(name.to_owned(), text, encoding);
    let mut notes = Notes::new(&source, rules);
    let note = notes
        .at(rules.syntax, Span::at(0), "the file is UTF-16; most readers of this file want UTF-8")
        .with_severity(Severity::Warning);
    notes.push(note);
    let report = notes.into_report();
    (source, report)
}

fn lossy(name: &str, text: String, bad: usize, message: String, rules: &Structure) -> (Source, Report) {
    let end = bad + char::REPLACEMENT_CHARACTER.len_utf8();
    let source = Source::with_encoding(name.to_owned(), text, Encoding::Lossy);
    let mut notes = Notes::new(&source, rules);
    notes.syntax(Span::new(bad, end), message);
    let report = notes.into_report();
    (source, report)
}
