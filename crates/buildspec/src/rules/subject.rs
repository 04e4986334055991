//! What rules look at: the model, and the way back into the text.

use std::ops::Range;

use spec_report::{Document, Source, Span};

use super::shell::{SimpleCommand, simple_commands};
use crate::model::{Buildspec, PhaseName, Text};

/// A buildspec as rules see it.
#[derive(Debug)]
pub(crate) struct Subject {
    pub(crate) source: Source,
    pub(crate) spec: Buildspec,
    /// Whether all of the file was read; rules about what is absent keep silent otherwise.
    pub(crate) complete: bool,
    /// Every command, taken apart.
    pub(crate) scripts: Vec<Script>,
}

/// One command of a phase.
#[derive(Debug)]
pub(crate) struct Script {
    pub(crate) phase: PhaseName,
    pub(crate) text: Text,
    pub(crate) commands: Vec<SimpleCommand>,
}

impl Subject {
    pub(crate) fn new(document: &Document, spec: &Buildspec) -> Self {
        let windows = spec.env.shell.as_ref().is_some_and(|shell| shell.value.ends_with(".exe"));
        let scripts = spec.commands().map(|(phase, text)| Script {
            phase,
            text: text.clone(),
            // The words of PowerShell and cmd are not these words.
            commands: if windows { Vec::new() } else { simple_commands(&text.value) },
        });
        Self {
            source: document.source().clone(),
            scripts: scripts.collect(),
            spec: spec.clone(),
            complete: document.is_complete(),
        }
    }

    /// Where a part of a scalar's text is written; all of the scalar if that cannot be told.
    pub(crate) fn place(&self, text: &Text, part: Range<usize>) -> Span {
        let raw = self.source.slice(text.span);
        let Some(wanted) = text.value.get(part.clone()).filter(|wanted| !wanted.is_empty()) else { return text.span };
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
