//! What rules look at: the model, and the way back into the text.

use std::ops::Range;

use spec_report::{Document, Node, Source, Span, Value};

use super::image::Image;
use super::shell::{Scan, SimpleCommand, scan};
use crate::model::{Buildspec, PhaseName, Text};

/// In a longer text no part is looked for: each finding would read all of it once more.
const LONGEST_SEARCHED: usize = 64 * 1024;

/// A buildspec as rules see it.
#[derive(Debug)]
pub(crate) struct Subject {
    pub(crate) source: Source,
    pub(crate) spec: Buildspec,
    /// Whether all of the file was read; rules about what is absent keep silent otherwise.
    pub(crate) complete: bool,
    pub(crate) document: Document,
    /// The build image, if the caller knows it and it is one whose runtimes are known.
    pub(crate) image: Option<&'static Image>,
    /// Every command, taken apart.
    pub(crate) scripts: Vec<Script>,
}

/// One command of a phase.
#[derive(Debug)]
pub(crate) struct Script {
    pub(crate) phase: PhaseName,
    pub(crate) text: Text,
    pub(crate) commands: Vec<SimpleCommand>,
    /// Whether all of the text was understood: rules about what is absent keep silent otherwise.
    pub(crate) complete: bool,
    /// Whether it sends a command to the background.
    pub(crate) background: bool,
    /// Where a quote begins that never ends.
    pub(crate) unclosed: Option<usize>,
}

impl Subject {
    pub(crate) fn new(document: &Document, spec: &Buildspec, image: Option<&'static Image>) -> Self {
        let named = spec.env.shell.as_ref().is_some_and(|shell| shell.value.ends_with(".exe"));
        let windows = named || spec.commands().any(|(_, text)| is_powershell(&text.value));
        let scripts = spec.commands().map(|(phase, text)| {
            // The words of PowerShell and cmd are not these words.
            let Scan { commands, complete, background, unclosed } =
                if windows { Scan::default() } else { scan(&text.value) };
            Script { phase, text: text.clone(), commands, complete, background, unclosed }
        });
        Self {
            source: document.source().clone(),
            scripts: scripts.collect(),
            spec: spec.clone(),
            complete: document.is_complete(),
            document: document.clone(),
            image,
        }
    }

    /// Every simple command of every phase with the script it is in.
    pub(crate) fn commands(&self) -> impl Iterator<Item = (&Script, &SimpleCommand)> {
        self.scripts.iter().flat_map(|script| script.commands.iter().map(move |command| (script, command)))
    }

    /// The value at a path of keys.
    pub(crate) fn node(&self, path: &[&str]) -> Option<&Node> {
        path.iter().try_fold(self.document.root()?, |node, key| node.get(key))
    }

    /// The key at the end of a path of keys.
    pub(crate) fn key(&self, path: &[&str]) -> Option<&Node> {
        let (last, path) = path.split_last()?;
        let Value::Map(entries) = &self.node(path)?.resolved().value else { return None };
        entries.iter().map(|entry| &entry.key).find(|key| key.as_str() == Some(*last))
    }

    /// The word whose span this is, as it is written.
    pub(crate) fn raw<'s>(&self, script: &'s Script, at: &Range<usize>) -> &'s str {
        script.text.value.get(at.clone()).unwrap_or_default()
    }

    /// Where a part of a scalar's text is written; all of the scalar if that cannot be told.
    pub(crate) fn place(&self, text: &Text, part: Range<usize>) -> Span {
        let raw = self.source.slice(text.span);
        let Some(wanted) = text.value.get(part.clone()).filter(|wanted| !wanted.is_empty()) else { return text.span };
        if text.value.len() > LONGEST_SEARCHED {
            return text.span;
        }
        if raw.starts_with('|')
            && let Some(start) = in_literal(raw, &text.value, part.start).filter(|at| raw[*at..].starts_with(wanted))
        {
            return Span::new(text.span.start + start, text.span.start + start + wanted.len());
        }
        let start = if raw == text.value {
            part.start
        } else if raw.get(1..raw.len().saturating_sub(1)) == Some(text.value.as_str()) {
            part.start + 1
        } else {
            match raw.find(wanted) {
                Some(found) => found,
                None => return text.span,
            }
        };
        Span::new(text.span.start + start, text.span.start + start + wanted.len())
    }
}

/// Whether a text has a word that only Windows shells have.
fn is_powershell(text: &str) -> bool {
    const SIGNS: [&str; 9] = [
        "$env:",
        "$Env:",
        "$ENV:",
        "Write-Host",
        "Write-Output",
        "-ErrorAction",
        "Invoke-",
        "Set-Location",
        "Get-Content",
    ];
    SIGNS.iter().any(|sign| text.contains(sign))
}

/// Where the byte of a literal block's text stands in the block as it is written: every line but the first is indented.
fn in_literal(raw: &str, text: &str, at: usize) -> Option<usize> {
    let before = text.get(..at)?;
    let line_start = before.rfind('\n').map_or(0, |end| end + 1);
    let line = text[line_start..].split('\n').next().unwrap_or_default();
    // The header is a line of its own.
    let header = raw.find('\n')? + 1;
    let skipped = before.matches('\n').count();
    let start = if skipped == 0 { header } else { header + raw[header..].match_indices('\n').nth(skipped - 1)?.0 + 1 };
    let written = raw[start..].split('\n').next().unwrap_or_default().trim_end_matches('\r');
    let indent = written.len().checked_sub(line.len()).filter(|indent| written.get(*indent..) == Some(line))?;
    Some(start + indent + (at - line_start))
}
