//! Builds the tree from events, and keeps what is open when the events end early.

use granit_parser::ScalarStyle;

use super::{error, spans};
use crate::read::Notes;
use crate::{Alias, Entry, Limits, Node, Scalar, Span, Style, Tag, Value};

/// Why the events of a text were not read to their end.
pub(super) enum Stop {
    Syntax {
        at: usize,
        kind: granit_parser::ErrorKind,
    },
    Limit {
        span: Span,
        message: String,
    },
    /// Taking up reading again led nowhere; the error before it is reported already.
    Nowhere {
        at: usize,
    },
}

impl Stop {
    pub(super) fn syntax(error: &granit_parser::ScanError, from: usize) -> Self {
        let at = from + error.marker().byte_offset().unwrap_or_default();
        Self::Syntax { at, kind: error.kind().clone() }
    }

    pub(super) fn offset(&self) -> usize {
        match self {
            Self::Syntax { at, .. } | Self::Nowhere { at } => *at,
            Self::Limit { span, .. } => span.start,
        }
    }

    pub(super) fn may_go_on(&self) -> bool {
        matches!(self, Self::Syntax { .. })
    }

    pub(super) fn report(self, builder: &Builder<'_>, notes: &mut Notes<'_>) {
        match self {
            Self::Syntax { at, kind } => error::report(at, &kind, builder.open_flow(), notes),
            Self::Limit { span, message } => notes.limit(span, message),
            Self::Nowhere { .. } => {}
        }
    }
}

pub(super) struct Builder<'t> {
    text: &'t str,
    most_nodes: usize,
    depth: usize,
    nodes: usize,
    stack: Vec<Frame>,
    root: Option<Node>,
    /// The end of the last token that was seen; what follows is white space, comments, properties
    /// and indicators up to the next one.
    passed: usize,
    /// The next block mapping goes on with the outermost one.
    resuming: bool,
    /// The last node event opened a collection (else it placed a node): where an anchor belongs.
    opened: bool,
    tabs: Vec<Span>,
    /// The first line of a block scalar that begins in the first column.
    outdented: Option<Span>,
}

struct Frame {
    start: usize,
    flow: bool,
    tag: Option<Tag>,
    anchor: Option<String>,
    kind: Kind,
}

enum Kind {
    Seq(Vec<Node>),
    Map { entries: Vec<Entry>, key: Option<Node> },
}

impl<'t> Builder<'t> {
    pub(super) fn new(text: &'t str, limits: &Limits) -> Self {
        Self {
            text,
            most_nodes: limits.nodes,
            depth: limits.effective_depth(),
            nodes: 0,
            stack: Vec::new(),
            root: None,
            passed: 0,
            resuming: false,
            opened: false,
            tabs: Vec::new(),
            outdented: None,
        }
    }

    pub(super) fn text(&self) -> &'t str {
        self.text
    }

    pub(super) fn depth_limit(&self) -> usize {
        self.depth
    }

    /// Notes a token. Block collections have none: their events come with empty spans at tokens that
    /// are still to come.
    pub(super) fn passed(&mut self, span: Span) {
        if !span.is_empty() {
            self.passed = self.passed.max(span.end);
        }
    }

    pub(super) fn take_tab(&mut self) -> Option<Span> {
        self.tabs.pop()
    }

    pub(super) fn take_outdented(&mut self) -> Option<Span> {
        self.outdented.take()
    }

    /// The bracket of the innermost flow collection that is open.
    pub(super) fn open_flow(&self) -> Option<Span> {
        // `[a: b]` holds a mapping without brackets of its own.
        let bracket = |frame: &&Frame| matches!(self.text.as_bytes().get(frame.start), Some(b'[' | b'{'));
        let frame = self.stack.iter().rev().filter(|frame| frame.flow).find(bracket)?;
        Some(Span::new(frame.start, frame.start + 1))
    }

    pub(super) fn alias(&mut self, span: Span) -> Result<(), Stop> {
        self.count(span)?;
        self.check_tab(span, None);
        let name = self.text.get(span.start + 1..span.end).unwrap_or_default().to_owned();
        let value = Value::Alias(Alias { name, target: None });
        self.place(Node { span, tag: None, anchor: None, value });
        Ok(())
    }

    pub(super) fn anchor(&mut self, name: String) {
        let slot = if self.opened {
            self.stack.last_mut().map(|frame| &mut frame.anchor)
        } else {
            self.last_placed().map(|node| &mut node.anchor)
        };
        if let Some(slot) = slot {
            *slot = Some(name);
        }
    }

    pub(super) fn scalar(
        &mut self,
        mut text: String,
        style: ScalarStyle,
        mut span: Span,
        tag: Option<Tag>,
    ) -> Result<(), Stop> {
        self.count(span)?;
        let style = match style {
            ScalarStyle::Plain => Style::Plain,
            ScalarStyle::SingleQuoted => Style::SingleQuoted,
            ScalarStyle::DoubleQuoted => Style::DoubleQuoted,
            ScalarStyle::Literal => Style::Literal,
            ScalarStyle::Folded => Style::Folded,
        };
        match style {
            // The parser gives a value that was left out the text `~`.
            Style::Plain if span.is_empty() => {
                text.clear();
                span = self.left_out(span);
            }
            Style::Literal | Style::Folded => {
                span = spans::block_scalar(self.text, self.passed, span);
                self.check_tab(span, tag.as_ref());
                self.outdented = spans::outdented(self.text, span);
                self.passed(span);
            }
            _ => self.check_tab(span, tag.as_ref()),
        }
        self.place(Node { span, tag, anchor: None, value: Value::Scalar(Scalar { text, style }) });
        Ok(())
    }

    pub(super) fn open_seq(&mut self, flow: bool, span: Span, tag: Option<Tag>) -> Result<(), Stop> {
        let mut start = span.start;
        // For a list that is not indented below its key the parser gives the place behind the `-`.
        if !flow && matches!(self.stack.last(), Some(Frame { kind: Kind::Map { key: Some(_), .. }, .. })) {
            start = spans::indicator(self.text, self.passed, span.start + 1, b"-").unwrap_or(start);
        }
        self.open(Frame { start, flow, tag, anchor: None, kind: Kind::Seq(Vec::new()) }, span)
    }

    pub(super) fn open_map(&mut self, flow: bool, span: Span, tag: Option<Tag>) -> Result<(), Stop> {
        if self.resuming && !flow {
            self.resuming = false;
            return Ok(());
        }
        let kind = Kind::Map { entries: Vec::new(), key: None };
        self.open(Frame { start: span.start, flow, tag, anchor: None, kind }, span)
    }

    fn open(&mut self, frame: Frame, span: Span) -> Result<(), Stop> {
        self.count(span)?;
        if self.stack.len() >= self.depth {
            let message = format!("collections are nested more than {} deep here; reading stops", self.depth);
            return Err(Stop::Limit { span: Span::at(frame.start), message });
        }
        if frame.flow {
            self.check_tab(span, frame.tag.as_ref());
        }
        self.stack.push(frame);
        self.opened = true;
        Ok(())
    }

    pub(super) fn close(&mut self, span: Span) {
        if let Some(frame) = self.stack.pop() {
            let node = frame.into_node(span.end, None);
            self.place(node);
        }
    }

    /// Where reading may be taken up again after an error: the next line that looks like an entry of
    /// the outermost block mapping, behind the entry that is open.
    pub(super) fn restart_point(&self, from: usize) -> Option<usize> {
        let Some(Frame { start, flow: false, kind: Kind::Map { entries, key }, .. }) = self.stack.first() else {
            return None;
        };
        let top_level = *start == 0 || self.text.as_bytes().get(*start - 1) == Some(&b'\n');
        if !top_level {
            return None;
        }
        let open = key.as_ref().or_else(|| entries.last().map(|entry| &entry.key));
        let open = open.map_or(*start, |key| key.span.start).max(from);
        let mut at = open;
        for line in self.text[open..].split_inclusive('\n') {
            if at > open {
                if line.starts_with("---") || line.starts_with("...") {
                    return None;
                }
                if looks_like_entry(line) {
                    return Some(at);
                }
            }
            at += line.len();
        }
        None
    }

    /// Closes all but the outermost mapping, in order to go on with it at `at`.
    pub(super) fn close_to_root(&mut self, at: usize) {
        while self.stack.len() > 1 {
            self.close_early(at);
        }
        if let Some(Frame { kind: Kind::Map { key, .. }, .. }) = self.stack.last_mut() {
            *key = None;
        }
        self.resuming = true;
        self.opened = false;
        self.passed = at;
    }

    /// Closes what is open and gives the outermost node.
    pub(super) fn finish(mut self) -> Option<Node> {
        let end = self.text.len();
        while !self.stack.is_empty() {
            self.close_early(end);
        }
        self.root
    }

    fn close_early(&mut self, at: usize) {
        if let Some(frame) = self.stack.pop() {
            let node = frame.into_node(at, Some(at));
            self.place(node);
        }
    }

    fn count(&mut self, span: Span) -> Result<(), Stop> {
        if self.resuming {
            // The line that looked like an entry is none.
            return Err(Stop::Nowhere { at: span.start });
        }
        self.nodes += 1;
        if self.nodes > self.most_nodes {
            let message = format!("the file has more than {} values; reading stops here", self.most_nodes);
            return Err(Stop::Limit { span, message });
        }
        Ok(())
    }

    fn place(&mut self, node: Node) {
        self.opened = false;
        match self.stack.last_mut().map(|frame| &mut frame.kind) {
            None => self.root = Some(node),
            Some(Kind::Seq(items)) => items.push(node),
            Some(Kind::Map { entries, key }) => match key.take() {
                Some(key) => entries.push(Entry { key, value: node }),
                None => *key = Some(node),
            },
        }
    }

    /// The place of a value that was left out: behind the `:`, not before it.
    fn left_out(&self, span: Span) -> Span {
        let is_value = matches!(self.stack.last(), Some(Frame { kind: Kind::Map { key: Some(_), .. }, .. }));
        let rest = self.text.get(span.start..).unwrap_or_default();
        let blank = rest.len() - rest.trim_start_matches([' ', '\t']).len();
        match rest.as_bytes().get(blank) {
            Some(b':') if is_value => Span::at(span.start + blank + 1),
            _ => span,
        }
    }

    fn last_placed(&mut self) -> Option<&mut Node> {
        match self.stack.last_mut().map(|frame| &mut frame.kind) {
            None => self.root.as_mut(),
            Some(Kind::Seq(items)) => items.last_mut(),
            Some(Kind::Map { key: Some(key), .. }) => Some(key),
            Some(Kind::Map { entries, key: None }) => entries.last_mut().map(|entry| &mut entry.value),
        }
    }

    fn check_tab(&mut self, span: Span, tag: Option<&Tag>) {
        if self.stack.last().is_some_and(|frame| frame.flow) {
            return;
        }
        self.check_gap(tag.map_or(span.start, |tag| tag.span.start));
    }

    /// Looks for tabs between the last token and `until`, outside of flow collections.
    pub(super) fn check_gap(&mut self, until: usize) {
        if let Some(tab) = spans::tab_in_gap(self.text, self.passed, until) {
            self.tabs.push(Span::new(tab, tab + 1));
        }
    }
}

impl Frame {
    /// The finished node. Flow collections end at their bracket, block collections with their last
    /// entry; one that is cut off ends where reading stopped.
    fn into_node(self, end: usize, cut_off: Option<usize>) -> Node {
        let (value, content) = match self.kind {
            Kind::Seq(items) => {
                let content = items.last().map(|item| item.span.end);
                (Value::Seq(items), content)
            }
            Kind::Map { entries, .. } => {
                let last = entries.last();
                let content = last.map(|entry| entry.key.span.end.max(entry.value.span.end));
                (Value::Map(entries), content)
            }
        };
        let end = match (cut_off, self.flow, content) {
            (None, false, Some(content_end)) => content_end,
            (_, _, content_end) => end.max(content_end.unwrap_or_default()),
        };
        Node { span: Span::new(self.start, end), tag: self.tag, anchor: self.anchor, value }
    }
}

/// Whether a line begins with `key:` at its first column.
fn looks_like_entry(line: &str) -> bool {
    let begins = line.starts_with(|c: char| c.is_alphanumeric() || matches!(c, '_' | '"' | '\'' | '/' | '.' | '$'));
    let colon = line.trim_end().ends_with(':') || line.contains(": ");
    begins && colon
}
