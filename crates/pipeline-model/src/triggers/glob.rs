//! The glob patterns of trigger filters: those of Java's `FileSystem.getPathMatcher`.
//!
//! `*` and `?` stay within a segment, `**` does not, `[a-z]` and `[!a]` never match a slash, `{a,b}` is one of several
//! and does not nest, `\` takes the next character as it is, and a leading dot is nothing special. A pattern becomes a
//! list of steps that is followed in all ways at once, so no pattern makes matching slow.

use std::fmt;

/// A pattern ready to match.
#[derive(Clone, Debug)]
pub struct Glob {
    /// What every match begins with, to reject most texts at once.
    prefix: String,
    /// What every match ends with, for the same reason; empty where a group may decide the end.
    suffix: String,
    /// The pairs of characters that every match holds somewhere.
    pairs: Pairs,
    steps: Vec<Step>,
}

#[derive(Clone, Debug)]
enum Step {
    One(char),
    Any,
    Stay { slash: bool },
    Class { negated: bool, ranges: Vec<(char, char)> },
    Fork(Vec<usize>),
    Jump(usize),
}

impl Step {
    fn letter(&self) -> Option<char> {
        if let Self::One(letter) = self { Some(*letter) } else { None }
    }
}

/// What is wrong with a pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GlobError(&'static str);

impl fmt::Display for GlobError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for GlobError {}

impl Glob {
    /// Reads a pattern.
    ///
    /// ```
    /// use pipeline_model::triggers::Glob;
    ///
    /// let glob = Glob::new("src/**/*.{rs,toml}")?;
    /// assert!(glob.matches("src/a/b/lib.rs"));
    /// assert!(!glob.matches("src/lib.rs"));
    /// # Ok::<(), pipeline_model::triggers::GlobError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// A class or a group has no end or is nested, a range is upside down, or a backslash is the last character.
    pub fn new(pattern: &str) -> Result<Self, GlobError> {
        let mut steps = Vec::new();
        // Of an open group: its fork, and the jumps behind its branches that must lead to its end.
        let mut open: Option<(usize, Vec<usize>)> = None;
        let mut letters = pattern.chars().peekable();
        while let Some(letter) = letters.next() {
            match letter {
                '\\' => steps.push(Step::One(letters.next().ok_or(GlobError("a backslash is the last character"))?)),
                '*' if letters.next_if_eq(&'*').is_some() => steps.push(Step::Stay { slash: true }),
                '*' => steps.push(Step::Stay { slash: false }),
                '?' => steps.push(Step::Any),
                '[' => steps.push(class(&mut letters)?),
                '{' if open.is_some() => return Err(GlobError("a group stands in another group")),
                '{' => {
                    steps.push(Step::Fork(vec![steps.len() + 1]));
                    open = Some((steps.len() - 1, Vec::new()));
                }
                ',' if open.is_some() => {
                    let next = steps.len() + 1;
                    if let Some((fork, jumps)) = &mut open {
                        jumps.push(steps.len());
                        if let Some(Step::Fork(branches)) = steps.get_mut(*fork) {
                            branches.push(next);
                        }
                    }
                    steps.push(Step::Jump(0));
                }
                '}' if open.is_some() => {
                    let end = steps.len();
                    for jump in open.take().map(|(_, jumps)| jumps).unwrap_or_default() {
                        steps[jump] = Step::Jump(end);
                    }
                }
                letter => steps.push(Step::One(letter)),
            }
        }
        if open.is_some() {
            return Err(GlobError("a group has no end"));
        }
        let (prefix, pairs, suffix) = literals(&steps);
        Ok(Self { prefix, suffix, pairs, steps })
    }

    /// Whether the whole text matches.
    #[must_use]
    pub fn matches(&self, text: &str) -> bool {
        self.matches_noted(Noted::new(text))
    }

    /// [`Self::matches`] for a text that is asked about many times.
    pub(super) fn matches_noted(&self, Noted { text, pairs }: Noted<'_>) -> bool {
        if !pairs.hold(self.pairs) || !text.starts_with(&self.prefix) || !text.ends_with(&self.suffix) {
            return false;
        }
        let skipped = self.prefix.chars().count();
        let (mut now, mut next) = (Ways::new(self.steps.len() + 1), Ways::new(self.steps.len() + 1));
        self.follow(skipped, &mut now);
        for letter in text[self.prefix.len()..].chars() {
            next.clear();
            for at in &now.list {
                match &self.steps.get(*at) {
                    Some(Step::One(own)) if *own == letter => self.follow(at + 1, &mut next),
                    Some(Step::Any) if letter != '/' => self.follow(at + 1, &mut next),
                    Some(Step::Stay { slash }) if *slash || letter != '/' => self.follow(*at, &mut next),
                    Some(Step::Class { negated, ranges })
                        if letter != '/'
                            && ranges.iter().any(|(low, high)| (*low..=*high).contains(&letter)) != *negated =>
                    {
                        self.follow(at + 1, &mut next);
                    }
                    _ => {}
                }
            }
            std::mem::swap(&mut now, &mut next);
            if now.list.is_empty() {
                return false;
            }
        }
        now.seen[self.steps.len()]
    }

    /// Notes a place and every place that is reached from there without a letter.
    fn follow(&self, from: usize, ways: &mut Ways) {
        let mut todo = vec![from];
        while let Some(at) = todo.pop() {
            if std::mem::replace(&mut ways.seen[at], true) {
                continue;
            }
            match self.steps.get(at) {
                Some(Step::Fork(branches)) => todo.extend(branches),
                Some(Step::Jump(to)) => todo.push(*to),
                Some(Step::Stay { .. }) => {
                    ways.list.push(at);
                    todo.push(at + 1);
                }
                _ => ways.list.push(at),
            }
        }
    }
}

/// A text and the pairs of characters in it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Noted<'t> {
    text: &'t str,
    pairs: Pairs,
}

impl<'t> Noted<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self { text, pairs: Pairs::of(text) }
    }
}

/// Which pairs of bytes follow each other, in 128 pigeonholes: enough to tell most paths from most patterns at the cost
/// of one comparison. Pairs that share a hole only make the exact answer necessary.
#[derive(Clone, Copy, Debug, Default)]
struct Pairs(u128);

impl Pairs {
    fn of(text: &str) -> Self {
        let hole = |pair: &[u8]| (u32::from(pair[0]) * 31 + u32::from(pair[1]) * 17) % 128;
        Self(text.as_bytes().windows(2).fold(0, |holes, pair| holes | 1 << hole(pair)))
    }

    const fn hold(self, others: Self) -> bool {
        others.0 & !self.0 == 0
    }
}

/// What every match begins with, the pairs it holds, and what it ends with. What stands in a group or behind one counts
/// for none of them.
fn literals(steps: &[Step]) -> (String, Pairs, String) {
    let plain = steps.iter().take_while(|step| !matches!(step, Step::Fork(_))).count();
    let runs = steps[..plain].split(|step| !matches!(step, Step::One(_)));
    let runs: Vec<String> = runs.map(|run| run.iter().filter_map(Step::letter).collect()).collect();
    let pairs = runs.iter().fold(0, |all, run| all | Pairs::of(run).0);
    let suffix = if plain == steps.len() { runs.last().cloned() } else { None };
    (runs.into_iter().next().unwrap_or_default(), Pairs(pairs), suffix.unwrap_or_default())
}

/// The places of the pattern at which a text may be.
struct Ways {
    seen: Vec<bool>,
    list: Vec<usize>,
}

impl Ways {
    fn new(places: usize) -> Self {
        Self { seen: vec![false; places], list: Vec::new() }
    }

    fn clear(&mut self) {
        self.seen.fill(false);
        self.list.clear();
    }
}

/// What stands between brackets. There, `*`, `?` and the backslash are characters like others.
fn class(letters: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Result<Step, GlobError> {
    let negated = letters.next_if_eq(&'!').is_some();
    let mut ranges: Vec<(char, char)> = Vec::new();
    if letters.next_if_eq(&'-').is_some() {
        ranges.push(('-', '-'));
    }
    let mut start = None;
    loop {
        match letters.next().ok_or(GlobError("a class has no end"))? {
            ']' if ranges.is_empty() => return Err(GlobError("a class is empty")),
            ']' => return Ok(Step::Class { negated, ranges }),
            '/' => return Err(GlobError("a class holds a slash")),
            '-' => {
                let low = start.take().ok_or(GlobError("a range has no beginning"))?;
                match letters.next().ok_or(GlobError("a class has no end"))? {
                    ']' => {
                        ranges.push(('-', '-'));
                        return Ok(Step::Class { negated, ranges });
                    }
                    '/' => return Err(GlobError("a class holds a slash")),
                    high if high < low => return Err(GlobError("a range is upside down")),
                    high => ranges.push((low, high)),
                }
            }
            letter => {
                ranges.push((letter, letter));
                start = Some(letter);
            }
        }
    }
}
