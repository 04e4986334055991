//! Gives aliases their targets, within a budget, and reports duplicate keys on the way.
//!
//! Aliases make documents whose expansion is exponentially larger than their text. Here the sizes
//! that walks will meet are computed beforehand, and an alias that would exceed a limit gets no
//! target. Every consumer can then walk without a budget of its own.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::read::Notes;
use crate::{Alias, Limits, Node, Span, Value};

pub(super) fn aliases(root: &mut Node, limits: &Limits, notes: &mut Notes<'_>) {
    let mut wanted = HashSet::new();
    let written = survey(root, &mut wanted);
    let mut resolver = Resolver {
        wanted,
        targets: HashMap::new(),
        spent: written,
        copied: 0,
        most: limits.expanded_nodes,
        depth: limits.effective_depth(),
        notes,
    };
    resolver.walk(root, 0);
}

/// Counts nodes and collects the names that aliases use. Recursion is bounded: the builder enforces
/// the depth of what is written.
fn survey(node: &Node, wanted: &mut HashSet<String>) -> usize {
    match &node.value {
        Value::Scalar(_) => 1,
        Value::Alias(alias) => {
            if !wanted.contains(&alias.name) {
                wanted.insert(alias.name.clone());
            }
            1
        }
        Value::Seq(items) => 1 + items.iter().map(|item| survey(item, wanted)).sum::<usize>(),
        Value::Map(entries) => {
            let both = |entry: &crate::Entry, wanted: &mut _| survey(&entry.key, wanted) + survey(&entry.value, wanted);
            1 + entries.iter().map(|entry| both(entry, wanted)).sum::<usize>()
        }
    }
}

struct Resolver<'n, 's> {
    wanted: HashSet<String>,
    targets: HashMap<String, Target>,
    /// Nodes of the whole tree with the aliases followed that have a target so far.
    spent: usize,
    /// Nodes copied into shared targets; bounded too, as nested anchors would copy quadratically.
    copied: usize,
    most: usize,
    depth: usize,
    notes: &'n mut Notes<'s>,
}

enum Target {
    /// The anchored node is still being walked: an alias to it would be a cycle.
    Open,
    Ready {
        node: Arc<Node>,
        size: Size,
    },
    TooLarge,
}

#[derive(Clone, Copy, Default)]
struct Size {
    /// Nodes as written.
    written: usize,
    /// Nodes with aliases followed.
    expanded: usize,
    /// Collections on the longest way down, aliases followed.
    height: usize,
}

impl Size {
    fn add(&mut self, other: Self) {
        self.written += other.written;
        self.expanded = self.expanded.saturating_add(other.expanded);
        self.height = self.height.max(other.height);
    }
}

impl Resolver<'_, '_> {
    fn walk(&mut self, node: &mut Node, depth: usize) -> Size {
        let name = node.anchor.clone().filter(|name| self.wanted.contains(name));
        if let Some(name) = &name {
            self.targets.insert(name.clone(), Target::Open);
        }
        let mut size = Size { written: 1, expanded: 1, height: 0 };
        match &mut node.value {
            Value::Scalar(_) => {}
            Value::Alias(alias) => {
                let target = self.follow(alias, node.span, depth);
                size.expanded = size.expanded.saturating_add(target.expanded);
                size.height = target.height;
            }
            Value::Seq(items) => {
                for item in items {
                    size.add(self.walk(item, depth + 1));
                }
                size.height += 1;
            }
            Value::Map(entries) => {
                for entry in &mut *entries {
                    size.add(self.walk(&mut entry.key, depth + 1));
                    size.add(self.walk(&mut entry.value, depth + 1));
                }
                size.height += 1;
                self.notes.duplicates(entries);
            }
        }
        if let Some(name) = name {
            let target = if size.written <= self.most.saturating_sub(self.copied) {
                self.copied += size.written;
                Target::Ready { node: Arc::new(node.clone()), size }
            } else {
                Target::TooLarge
            };
            self.targets.insert(name, target);
        }
        size
    }

    fn follow(&mut self, alias: &mut Alias, span: Span, depth: usize) -> Size {
        let name = &alias.name;
        let (rule, message) = match self.targets.get(name) {
            Some(Target::Ready { node, size }) => {
                if depth + size.height > self.depth {
                    (
                        self.notes.rules.limit,
                        format!(
                            "the alias `*{name}` nests collections more than {} deep; it is not followed",
                            self.depth
                        ),
                    )
                } else if size.expanded > self.most.saturating_sub(self.spent) {
                    (
                        self.notes.rules.limit,
                        format!(
                            "the alias `*{name}` lets the document grow beyond {} values; it is not followed",
                            self.most
                        ),
                    )
                } else {
                    self.spent += size.expanded;
                    alias.target = Some(Arc::clone(node));
                    return *size;
                }
            }
            Some(Target::TooLarge) => (
                self.notes.rules.limit,
                format!("the node behind the alias `*{name}` is too large to be repeated; it is not followed"),
            ),
            Some(Target::Open) => {
                (self.notes.rules.syntax, format!("the alias `*{name}` lies inside the node that it stands for"))
            }
            None => (self.notes.rules.syntax, format!("there is no anchor `&{name}` before this alias")),
        };
        let mut note = self.notes.at(rule, span, message);
        if !self.targets.contains_key(name) {
            note = note.with_help("put the text in quotes if it should begin with `*`");
        }
        self.notes.push(note);
        Size::default()
    }
}
