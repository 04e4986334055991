//! The part of JSONPath that webhook filters use: members, indices, wildcards and descent.
//!
//! The service evaluates filters with the Java library named in its documentation; expressions with conditions or
//! functions of that library are refused here by name instead of being guessed at.

use std::fmt;

use serde_json::Value as Json;

/// No path has more steps: longer ones could make the number of visited nodes explode.
const STEPS: usize = 32;
/// The most values that a path selects, and the most nodes that it looks at per value asked for.
const VALUES: usize = 10_000;

/// A path into a JSON document.
///
/// ```
/// use pipeline_model::webhook::JsonPath;
/// use serde_json::json;
///
/// let path = JsonPath::parse("$.commits[*].id")?;
/// let body = json!({ "commits": [{ "id": "a" }, { "id": "b" }] });
/// assert_eq!(path.select(&body), [&json!("a"), &json!("b")]);
/// # Ok::<(), pipeline_model::webhook::JsonPathError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JsonPath {
    steps: Vec<Step>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    Member(String),
    Index(i64),
    Any,
    Descend,
}

/// Why a path cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JsonPathError {
    at: usize,
    what: &'static str,
}

impl fmt::Display for JsonPathError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at byte {} of the path", self.what, self.at)
    }
}

impl std::error::Error for JsonPathError {}

impl JsonPath {
    /// Reads a path such as `$.ref`, `$.repository['full_name']`, `$.commits[0]` or `$..id`.
    ///
    /// # Errors
    /// Where the text is none, or uses conditions, slices, unions or functions.
    pub fn parse(text: &str) -> Result<Self, JsonPathError> {
        let mut parser = Parser { text, at: 0 };
        let steps = parser.steps()?;
        Ok(Self { steps })
    }

    /// Whether the path can select several values.
    #[must_use]
    pub fn is_definite(&self) -> bool {
        !self.steps.iter().any(|step| matches!(step, Step::Any | Step::Descend))
    }

    /// The values at the path, in the order of the document; at most ten thousand.
    #[must_use]
    pub fn select<'j>(&self, root: &'j Json) -> Vec<&'j Json> {
        let mut nodes = vec![root];
        for step in &self.steps {
            let mut next: Vec<&Json> = Vec::new();
            for node in nodes {
                if next.len() >= VALUES {
                    break;
                }
                match step {
                    Step::Member(name) => next.extend(node.get(name)),
                    Step::Index(index) => next.extend(node.as_array().and_then(|items| at(items, *index))),
                    Step::Any => next.extend(children(node)),
                    Step::Descend => descend(node, &mut next),
                }
            }
            next.truncate(VALUES);
            nodes = next;
        }
        nodes
    }
}

/// The item at an index, which counts from the end if it is negative.
fn at(items: &[Json], index: i64) -> Option<&Json> {
    let place = usize::try_from(index.unsigned_abs()).ok()?;
    if index < 0 { items.get(items.len().checked_sub(place)?) } else { items.get(place) }
}

fn children(node: &Json) -> Vec<&Json> {
    match node {
        Json::Array(items) => items.iter().collect(),
        Json::Object(members) => members.values().collect(),
        _ => Vec::new(),
    }
}

/// The node and everything below it, parents first.
fn descend<'j>(node: &'j Json, out: &mut Vec<&'j Json>) {
    let mut open = vec![node];
    while let Some(node) = open.pop() {
        if out.len() >= VALUES {
            return;
        }
        out.push(node);
        open.extend(children(node).into_iter().rev());
    }
}

struct Parser<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Parser<'t> {
    fn rest(&self) -> &'t str {
        &self.text[self.at..]
    }

    fn eat(&mut self, token: &str) -> bool {
        let found = self.rest().starts_with(token);
        if found {
            self.at += token.len();
        }
        found
    }

    const fn error(&self, what: &'static str) -> JsonPathError {
        JsonPathError { at: self.at, what }
    }

    fn steps(&mut self) -> Result<Vec<Step>, JsonPathError> {
        if !self.eat("$") {
            return Err(self.error("a path begins with `$`, which is missing"));
        }
        let mut steps = Vec::new();
        while !self.rest().is_empty() {
            if self.eat("..") {
                steps.push(Step::Descend);
                if !self.rest().starts_with('[') {
                    steps.push(self.name()?);
                }
            } else if self.eat(".") {
                steps.push(self.name()?);
            } else if self.eat("[") {
                steps.push(self.bracket()?);
            } else {
                return Err(self.error("there is something that is no step"));
            }
            if steps.len() > STEPS {
                return Err(self.error("there are too many steps"));
            }
        }
        if steps.last() == Some(&Step::Descend) {
            return Err(self.error("a step is missing"));
        }
        Ok(steps)
    }

    /// What stands behind a dot.
    fn name(&mut self) -> Result<Step, JsonPathError> {
        if self.eat("*") {
            return Ok(Step::Any);
        }
        let rest = self.rest();
        let length = rest.find(['.', '[', ']', '(', ')', '\'', '"', '*', ' ']).unwrap_or(rest.len());
        let name = &rest[..length];
        if name.is_empty() {
            return Err(self.error("a name is missing"));
        }
        if rest[length..].starts_with('(') {
            return Err(self.error("a function is used, which is not supported"));
        }
        self.at += length;
        Ok(Step::Member(name.to_owned()))
    }

    fn bracket(&mut self) -> Result<Step, JsonPathError> {
        self.blanks();
        let step = if self.eat("*") {
            Step::Any
        } else if self.eat("'") {
            Step::Member(self.quoted('\'')?)
        } else if self.eat("\"") {
            Step::Member(self.quoted('"')?)
        } else if self.rest().starts_with('?') || self.rest().starts_with('(') {
            return Err(self.error("a condition is used, which is not supported"));
        } else {
            let rest = self.rest();
            let length = rest.find(|c: char| !c.is_ascii_digit() && c != '-').unwrap_or(rest.len());
            let Ok(index) = rest[..length].parse() else {
                return Err(self.error("an index, a quoted name or `*` is missing"));
            };
            self.at += length;
            Step::Index(index)
        };
        self.blanks();
        if self.rest().starts_with(',') || self.rest().starts_with(':') {
            return Err(self.error("several indices are asked for at once, which is not supported"));
        }
        if !self.eat("]") {
            return Err(self.error("a `]` is missing"));
        }
        Ok(step)
    }

    fn blanks(&mut self) {
        while self.eat(" ") {}
    }

    fn quoted(&mut self, quote: char) -> Result<String, JsonPathError> {
        let mut name = String::new();
        let mut chars = self.rest().char_indices();
        while let Some((offset, found)) = chars.next() {
            if found == quote {
                self.at += offset + quote.len_utf8();
                return Ok(name);
            }
            if found == '\\' {
                match chars.next() {
                    Some((_, escaped)) => name.push(escaped),
                    None => break,
                }
            } else {
                name.push(found);
            }
        }
        Err(self.error("a quote is not closed"))
    }
}
