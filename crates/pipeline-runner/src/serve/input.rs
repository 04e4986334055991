//! Members of a request, judged as the service does before it looks at anything else.

use aws_call::serve::Refusal;
use serde_json::{Map, Value as Json};

/// The request of one operation.
#[derive(Clone, Debug)]
pub(super) struct Input {
    members: Map<String, Json>,
    /// Where these members are in the whole request, for messages.
    path: String,
}

/// What a member must be.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shape {
    least: usize,
    most: usize,
    /// Characters beside letters and digits, and the pattern that says so.
    marks: Option<(&'static str, &'static str)>,
}

impl Shape {
    /// Names of pipelines, stages and actions.
    pub(super) const NAME: Self = Self::named(100, ".@-_", "[A-Za-z0-9.@\\-_]+");
    /// Names of variables.
    pub(super) const VARIABLE: Self = Self::named(128, "@-_", "[A-Za-z0-9@\\-_]+");
    /// `clientRequestToken`.
    pub(super) const TOKEN: Self = Self::named(128, "-", "^[a-zA-Z0-9-]+$");
    /// Why a transition is disabled.
    pub(super) const REASON: Self = Self::named(300, "!@ ().*?-", "[a-zA-Z0-9!@ \\(\\)\\.\\*\\?\\-]+");

    const fn named(most: usize, marks: &'static str, pattern: &'static str) -> Self {
        Self { least: 1, most, marks: Some((marks, pattern)) }
    }

    /// Any characters, so many of them.
    pub(super) const fn text(least: usize, most: usize) -> Self {
        Self { least, most, marks: None }
    }

    fn broken(&self, value: &str) -> Option<String> {
        let length = value.chars().count();
        if length > self.most {
            return Some(format!("Member must have length less than or equal to {}", self.most));
        }
        if length < self.least {
            return Some(format!("Member must have length greater than or equal to {}", self.least));
        }
        let (marks, pattern) = self.marks?;
        let fits = value.chars().all(|c| c.is_ascii_alphanumeric() || marks.contains(c));
        (!fits).then(|| format!("Member must satisfy regular expression pattern: {pattern}"))
    }
}

impl Input {
    /// The members of a request.
    pub(super) fn new(json: Json) -> Result<Self, Refusal> {
        match json {
            Json::Object(members) => Ok(Self { members, path: String::new() }),
            _ => Err(Refusal::serialization("the request is no JSON object")),
        }
    }

    fn place(&self, key: &str) -> String {
        format!("{}{key}", self.path)
    }

    fn wrong_type(&self, key: &str, wanted: &str) -> Refusal {
        Refusal::serialization(format!("`{}` is no {wanted}", self.place(key)))
    }

    /// A member of any kind; `null` is none.
    pub(super) fn any(&self, key: &str) -> Option<&Json> {
        self.members.get(key).filter(|value| !value.is_null())
    }

    /// A text, if it is there.
    pub(super) fn text(&self, key: &str) -> Result<Option<&str>, Refusal> {
        let Some(value) = self.any(key) else { return Ok(None) };
        value.as_str().map(Some).ok_or_else(|| self.wrong_type(key, "text"))
    }

    /// A text of this shape, if it is there.
    pub(super) fn shaped(&self, key: &str, shape: Shape) -> Result<Option<&str>, Refusal> {
        let value = self.text(key)?;
        match value.and_then(|value| Some((value, shape.broken(value)?))) {
            Some((value, constraint)) => Err(failed(&self.place(key), Some(value), &constraint)),
            None => Ok(value),
        }
    }

    /// A text of this shape that must be there.
    pub(super) fn needed(&self, key: &str, shape: Shape) -> Result<&str, Refusal> {
        self.shaped(key, shape)?.ok_or_else(|| self.missing(key))
    }

    /// The name of a pipeline, stage or action that must be there.
    pub(super) fn name(&self, key: &str) -> Result<&str, Refusal> {
        self.needed(key, Shape::NAME)
    }

    /// The id of an execution that must be there.
    pub(super) fn execution(&self, key: &str) -> Result<&str, Refusal> {
        let id = self.text(key)?.ok_or_else(|| self.missing(key))?;
        let hex = |part: &str| part.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        let parts: Vec<&str> = id.split('-').collect();
        if parts.iter().all(|part| hex(part)) && parts.iter().map(|part| part.len()).eq([8, 4, 4, 4, 12]) {
            return Ok(id);
        }
        let constraint = "Member must satisfy regular expression pattern: \
                          [0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}";
        Err(failed(&self.place(key), Some(id), constraint))
    }

    /// One of these words, which must be there.
    pub(super) fn word(&self, key: &str, words: &[&'static str]) -> Result<&'static str, Refusal> {
        let value = self.text(key)?.ok_or_else(|| self.missing(key))?;
        words.iter().copied().find(|word| *word == value).ok_or_else(|| {
            let constraint = format!("Member must satisfy enum value set: [{}]", words.join(", "));
            failed(&self.place(key), Some(value), &constraint)
        })
    }

    /// A number within these bounds, if it is there.
    pub(super) fn number(&self, key: &str, least: usize, most: usize) -> Result<Option<usize>, Refusal> {
        let Some(value) = self.any(key) else { return Ok(None) };
        let number = value.as_i64().ok_or_else(|| self.wrong_type(key, "whole number"))?;
        let constraint = match usize::try_from(number) {
            Ok(number) if (least..=most).contains(&number) => return Ok(Some(number)),
            Ok(number) if number > most => format!("Member must have value less than or equal to {most}"),
            _ => format!("Member must have value greater than or equal to {least}"),
        };
        Err(failed(&self.place(key), Some(&number.to_string()), &constraint))
    }

    /// A truth value; false when it is not there.
    pub(super) fn flag(&self, key: &str) -> Result<bool, Refusal> {
        let Some(value) = self.any(key) else { return Ok(false) };
        value.as_bool().ok_or_else(|| self.wrong_type(key, "truth value"))
    }

    /// A structure, if it is there.
    pub(super) fn inner(&self, key: &str) -> Result<Option<Self>, Refusal> {
        match self.any(key) {
            None => Ok(None),
            Some(Json::Object(members)) => {
                Ok(Some(Self { members: members.clone(), path: self.place(&format!("{key}.")) }))
            }
            Some(_) => Err(self.wrong_type(key, "structure")),
        }
    }

    /// The structures of a list with at most `most` of them; none when it is not there.
    pub(super) fn list(&self, key: &str, most: usize) -> Result<Vec<Self>, Refusal> {
        let Some(value) = self.any(key) else { return Ok(Vec::new()) };
        let members = value.as_array().ok_or_else(|| self.wrong_type(key, "list"))?;
        if members.len() > most {
            let constraint = format!("Member must have length less than or equal to {most}");
            return Err(failed(&self.place(key), None, &constraint));
        }
        let read = |(number, member): (usize, &Json)| match member {
            Json::Object(members) => {
                Ok(Self { members: members.clone(), path: self.place(&format!("{key}.{number}.member.")) })
            }
            _ => Err(self.wrong_type(key, "list of structures")),
        };
        (1..).zip(members).map(read).collect()
    }

    /// The refusal of a request that leaves a member out.
    pub(super) fn missing(&self, key: &str) -> Refusal {
        failed(&self.place(key), None, "Member must not be null")
    }
}

fn failed(place: &str, value: Option<&str>, constraint: &str) -> Refusal {
    let shown = match value {
        None if constraint.contains("null") => "Value null".to_owned(),
        None => "Value".to_owned(),
        Some(value) => {
            let start: String = value.chars().take(120).flat_map(char::escape_debug).collect();
            format!("Value '{start}'")
        }
    };
    invalid(format!("1 validation error detected: {shown} at '{place}' failed to satisfy constraint: {constraint}"))
}

/// The refusal of a request that is not as the operation wants it.
pub(super) fn invalid(message: impl Into<String>) -> Refusal {
    Refusal::new("ValidationException", message)
}
