//! What must not be in YAML text at all.

use crate::Span;
use crate::read::Notes;

/// Reports the first character that YAML does not allow unescaped.
///
/// The event parser lets most of them pass; the libyaml family refuses the whole file. Returns where
/// reading has to stop: at a NUL, which the event parser would take for the end of the text.
pub(super) fn characters(notes: &mut Notes<'_>) -> Option<usize> {
    let text = notes.source.text();
    if let Some((at, c)) = text.char_indices().find(|&(_, c)| !is_printable(c)) {
        let code = u32::from(c);
        let message = format!("the control character U+{code:04X} is not allowed in YAML");
        let help = format!("write it in double quotes as `\\u{code:04x}`, or remove it");
        let note = notes.at(notes.rules.syntax, Span::new(at, at + c.len_utf8()), message).with_help(help);
        notes.push(note);
    }
    text.find('\0')
}

/// `c-printable` of YAML 1.2, without the byte order mark.
pub(crate) fn is_printable(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='~' | '\u{85}' | '\u{a0}'..='\u{d7ff}' | '\u{e000}'..='\u{fefe}' | '\u{ff00}'..='\u{fffd}' | '\u{10000}'..)
}
