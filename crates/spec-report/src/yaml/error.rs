//! Syntax errors in words that help.

use granit_parser::ErrorKind;

use super::is_printable;
use crate::Span;
use crate::read::Notes;

/// Reports a syntax error of the parser at a byte offset.
pub(super) fn report(at: usize, kind: &ErrorKind, open_flow: Option<Span>, notes: &mut Notes<'_>) {
    if *kind == ErrorKind::RecursionLimitExceeded {
        notes.limit(Span::at(at), "collections are nested too deep here; reading stops");
        return;
    }
    if matches!(kind, ErrorKind::UnexpectedCharacter { character } if !is_printable(*character)) {
        // The check of all characters has named the first of them already.
        return;
    }
    let text = notes.source.text();
    let at = match kind {
        // The parser names the beginning of the text. Where that is indented by a tab already, as the first line of what
        // was to be a block is, libyaml stops there.
        ErrorKind::TabInPlainScalar => {
            let at = at.min(text.len());
            let line = text[..at].rfind('\n').map_or(0, |line| line + 1);
            match text[line..at].find('\t') {
                Some(tab) if text[line..at].trim().is_empty() => line + tab,
                _ => text[at..].find('\t').map_or(at, |tab| at + tab),
            }
        }
        // The parser names the place behind the tab.
        ErrorKind::TabNotAllowed | ErrorKind::TabInBlockIndentation | ErrorKind::TabInIndentation
            if text.get(..at).is_some_and(|before| before.ends_with('\t')) =>
        {
            at - 1
        }
        _ => at,
    };
    let end = text[at.min(text.len())..].chars().next().filter(|c| !c.is_control()).map_or(at, |c| at + c.len_utf8());
    let (message, help) = words(kind);
    let mut note = notes.at(notes.rules.syntax, Span::new(at, end), message);
    if concerns_flow(kind)
        && let Some(open) = open_flow
    {
        let bracket = notes.source.slice(open).to_owned();
        note = note.with_label(notes.source, open, format!("this `{bracket}` is still open"));
    }
    if let Some(line) = conflict_marker(text, at) {
        note = note.with_help(format!("line {line} is a merge conflict marker; resolve the conflict"));
    } else if tab_in_indentation(text, at) {
        note = note.with_help("the line begins with a tab; indent with spaces");
    } else if let Some(help) = help {
        note = note.with_help(help);
    }
    notes.push(note);
}

/// The line of the first marker that a version control system left up to the line of the error.
fn conflict_marker(text: &str, at: usize) -> Option<usize> {
    let end = text[at.min(text.len())..].find('\n').map_or(text.len(), |line| at + line);
    let mut lines = text[..end].lines();
    lines
        .position(|line| line.starts_with("<<<<<<< ") || line.starts_with(">>>>>>> ") || line == "=======")
        .map(|line| line + 1)
}

fn tab_in_indentation(text: &str, at: usize) -> bool {
    let before = &text[..at.min(text.len())];
    let line = before.rfind(['\n', '\r']).map_or(0, |line| line + 1);
    text[line..].chars().take_while(|c| matches!(c, ' ' | '\t')).any(|c| c == '\t')
}

fn concerns_flow(kind: &ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::ExpectedFlowMappingSeparator
            | ErrorKind::ExpectedFlowSequenceSeparator
            | ErrorKind::InvalidColonPlacement
            | ErrorKind::InvalidFlowScalarIndent
            | ErrorKind::UnexpectedEofFlowMapping
            | ErrorKind::UnexpectedEofFlowSequence
            | ErrorKind::UnexpectedEofImplicitFlowMapping
            | ErrorKind::BlockEntryInFlowCollection
            | ErrorKind::FlowMappingValueAdjacentCollection
    )
}

/// Message and advice. The rarer errors keep the parser's own words.
fn words(kind: &ErrorKind) -> (String, Option<&'static str>) {
    let (message, help) = match kind {
        ErrorKind::MappingValueNotAllowed => (
            "a `:` makes a mapping here, where none can begin",
            Some("quote the text if the `:` belongs to it; otherwise check the indentation and the line before"),
        ),
        ErrorKind::ExpectedBlockMappingKey => (
            "this line is not an entry of the mapping around it",
            Some("write `key: value`, and indent it like the other keys"),
        ),
        ErrorKind::ExpectedBlockSequenceEntry => (
            "this line is not an item of the list around it",
            Some("begin it with `- `, or indent it to belong to the item before"),
        ),
        ErrorKind::BlockSequenceEntryNotAllowed => {
            ("a list item cannot begin here", Some("begin the list on the line after its key"))
        }
        ErrorKind::SimpleKeyExpected | ErrorKind::InvalidSimpleKey => {
            ("this line has no `:` where a key is expected", Some("write `key: value` with a space behind the `:`"))
        }
        ErrorKind::InvalidIndentation => {
            ("the indentation fits none of the lines above", Some("indent entries of one mapping or list alike"))
        }
        ErrorKind::UnexpectedCharacter { character } => {
            let message = match character {
                '\t' => "a tab cannot begin a value".to_owned(),
                other => format!("the character `{other}` cannot begin a value"),
            };
            let help = match character {
                '\t' => "indent with spaces",
                _ => "put the value in quotes",
            };
            return (message, Some(help));
        }
        ErrorKind::TabNotAllowed | ErrorKind::TabInBlockIndentation | ErrorKind::TabInIndentation => {
            ("a tab is used for indentation", Some("indent with spaces"))
        }
        ErrorKind::TabAtBlockScalarStart => {
            ("a tab begins the text of a block scalar", Some("indent the text with spaces"))
        }
        ErrorKind::UnclosedQuotedScalar => {
            ("the quoted text that begins here is not closed", Some("close it with the same quote"))
        }
        ErrorKind::InvalidQuotedScalarIndent => (
            "a quoted text is not closed before this line",
            Some("close the quote, or indent the line if it belongs to the text"),
        ),
        ErrorKind::TabInPlainScalar => ("a tab begins this line of a text", Some("indent with spaces")),
        ErrorKind::DocumentIndicatorInQuotedScalar => {
            ("a quoted text is not closed before the document ends", Some("close it with the same quote"))
        }
        ErrorKind::InvalidTrailingDoubleQuotedScalar | ErrorKind::InvalidTrailingSingleQuotedScalar => (
            "there is text behind the closing quote",
            Some(
                "put the whole value in quotes; double a quote inside single quotes, or write `\\\"` inside double quotes",
            ),
        ),
        ErrorKind::UnknownQuotedScalarEscape => {
            ("double quotes know no such escape", Some("write `\\\\` for a backslash, or use single quotes"))
        }
        ErrorKind::UnclosedFlowCollection { open } => {
            let message = format!("the `{open}` that begins here is not closed");
            return (message, Some("close the bracket"));
        }
        ErrorKind::MissingAnchorOrAliasName => {
            ("a name is missing behind the `*` or `&`", Some("put the text in quotes if it should begin like this"))
        }
        ErrorKind::InvalidBlockScalarHeader => (
            "the text of a `|` or `>` block begins on the next line",
            Some("put the text in quotes if it should begin with `|` or `>`"),
        ),
        ErrorKind::UnexpectedEofFlowMapping | ErrorKind::UnexpectedEofFlowSequence => {
            ("the file ends inside brackets", Some("close the bracket"))
        }
        ErrorKind::ExpectedFlowSequenceSeparator => ("a list in brackets lacks a `,` or its `]` before this", None),
        ErrorKind::ExpectedFlowMappingSeparator => ("a mapping in braces lacks a `,` or its `}` before this", None),
        ErrorKind::InvalidColonPlacement => {
            ("a `:` cannot stand here", Some("close the bracket before, or put the text in quotes"))
        }
        ErrorKind::MisplacedFlowCollectionEnd => {
            ("this closes a bracket that was not opened", Some("remove it, or quote the text"))
        }
        ErrorKind::MismatchedFlowCollectionEnd { open, close } => {
            return (format!("the `{open}` that begins here is closed by `{close}`"), None);
        }
        ErrorKind::UndeclaredTagHandle => {
            ("the tag uses a handle that no `%TAG` line declares", Some("write `!name` for a local tag"))
        }
        ErrorKind::ExpectedNodeContent => ("a value is missing here", None),
        ErrorKind::CommentNotSeparated => {
            ("a comment needs a space before its `#`", Some("quote the text if the `#` belongs to it"))
        }
        ErrorKind::InvalidBlockScalarIndent => ("this line of a block of text is indented less than the first", None),
        other => return (other.to_string(), None),
    };
    (message.to_owned(), help)
}
