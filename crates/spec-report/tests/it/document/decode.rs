//! Bytes to text.

use proptest::prelude::*;
use spec_report::{Encoding, Limits, Severity, decode};

use super::lines;
use crate::rules::STRUCTURE;

fn utf16(text: &str, unit: fn(u16) -> [u8; 2], mark: bool) -> Vec<u8> {
    let mark = mark.then_some(0xFEFF);
    mark.into_iter().chain(text.encode_utf16()).flat_map(unit).collect()
}

#[test]
fn encodings() {
    let table: &[(&[u8], &str, Encoding, &[&str])] = &[
        (b"a: 1", "a: 1", Encoding::Utf8, &[]),
        (b"", "", Encoding::Utf8, &[]),
        (b"a", "a", Encoding::Utf8, &[]),
        (b"\xEF\xBB\xBFa: 1", "a: 1", Encoding::Utf8Bom, &[]),
        (
            b"a: \xFF\xFEb",
            "a: \u{fffd}\u{fffd}b",
            Encoding::Lossy,
            &["1:4 syntax byte 0xFF is not valid UTF-8; the file must be saved as UTF-8"],
        ),
        (
            b"ab\xC3",
            "ab\u{fffd}",
            Encoding::Lossy,
            &["1:3 syntax byte 0xC3 is not valid UTF-8; the file must be saved as UTF-8"],
        ),
        (
            b"\xFF\xFEa",
            "\u{fffd}",
            Encoding::Lossy,
            &["1:1 syntax the file is not valid UTF-16 here; it must be saved as UTF-8"],
        ),
        (
            b"\xFF\xFEa\0\0\xD8b\0",
            "a\u{fffd}b",
            Encoding::Lossy,
            &["1:2 syntax the file is not valid UTF-16 here; it must be saved as UTF-8"],
        ),
        // One NUL does not make UTF-16.
        (b"a\0bc", "a\0bc", Encoding::Utf8, &[]),
        (b"\0abc", "\0abc", Encoding::Utf8, &[]),
    ];
    for (bytes, text, encoding, expected) in table {
        let (source, report) = decode("t.yml", bytes, &Limits::default(), &STRUCTURE);
        assert_eq!((source.text(), source.encoding()), (*text, *encoding), "{bytes:?}");
        assert_eq!(&lines(&report), expected, "{bytes:?}");
    }
}

#[test]
fn utf16_is_read_with_a_warning() {
    let text = "a: é\u{1F600}\n";
    for (unit, encoding) in
        [(u16::to_le_bytes as fn(u16) -> [u8; 2], Encoding::Utf16Le), (u16::to_be_bytes, Encoding::Utf16Be)]
    {
        for mark in [true, false] {
            let (source, report) = decode("t.yml", &utf16(text, unit, mark), &Limits::default(), &STRUCTURE);
            assert_eq!((source.text(), source.encoding()), (text, encoding));
            assert_eq!(report.count(Severity::Warning), 1);
            assert!(!report.has_errors());
        }
    }
}

#[test]
fn a_file_beyond_the_limit_is_not_kept() {
    let (source, report) = decode("t.yml", &[b'a'; 11], &Limits::default().with_bytes(10), &STRUCTURE);
    assert!(source.is_empty());
    assert_eq!(lines(&report), ["1:1 limit the file has 11 bytes, more than the limit of 10; it is not read"]);
}

proptest! {
    #[test]
    fn valid_text_comes_back(text in any::<String>()) {
        let (source, report) = decode("t", text.as_bytes(), &Limits::default(), &STRUCTURE);
        if source.encoding() == Encoding::Utf8 {
            prop_assert_eq!(source.text(), text);
            prop_assert!(report.is_empty());
        }
    }
}
