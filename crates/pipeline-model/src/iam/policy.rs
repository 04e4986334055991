//! Policy documents: written from needs, read, and asked what they lack.
//!
//! The evaluation is that of "Policy evaluation logic" in the IAM user guide for one identity policy: an explicit deny
//! wins, then an allow. A condition on an allow is taken to hold and one on a deny not to, because neither can be known
//! here: what is reported as lacking certainly lacks. Only `iam:PassedToService` is known, and compared.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Need;

/// An IAM policy document.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct Policy {
    /// The version of the language; `2012-10-17` today.
    #[serde(default = "version")]
    pub version: String,
    /// The statements.
    pub statement: OneOrMany<Statement>,
}

fn version() -> String {
    "2012-10-17".to_owned()
}

/// What a statement does when it applies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[allow(clippy::exhaustive_enums, reason = "the language has these two")]
pub enum Effect {
    /// It allows.
    #[default]
    Allow,
    /// It denies, whatever else allows.
    Deny,
}

/// One statement.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct Statement {
    /// Its name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sid: Option<String>,
    /// What it does.
    pub effect: Effect,
    /// Whom it is for, in policies of resources.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub principal: Option<Value>,
    /// The actions, with `*` and `?`.
    #[serde(default, skip_serializing_if = "OneOrMany::is_empty")]
    pub action: OneOrMany<String>,
    /// All actions but these.
    #[serde(default, skip_serializing_if = "OneOrMany::is_empty")]
    pub not_action: OneOrMany<String>,
    /// The resources, with `*` and `?`.
    #[serde(default, skip_serializing_if = "OneOrMany::is_empty")]
    pub resource: OneOrMany<String>,
    /// All resources but these.
    #[serde(default, skip_serializing_if = "OneOrMany::is_empty")]
    pub not_resource: OneOrMany<String>,
    /// When it applies.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub condition: Option<Value>,
}

/// A list that may be written as its only item.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
#[allow(clippy::exhaustive_enums, reason = "the language has these two forms")]
pub enum OneOrMany<T> {
    /// The item alone.
    One(T),
    /// A list.
    Many(Vec<T>),
}

impl<T> Default for OneOrMany<T> {
    fn default() -> Self {
        Self::Many(Vec::new())
    }
}

impl<T> OneOrMany<T> {
    /// The items.
    #[must_use]
    pub fn items(&self) -> &[T] {
        match self {
            Self::One(item) => std::slice::from_ref(item),
            Self::Many(items) => items,
        }
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.items().is_empty()
    }
}

/// A need that a policy does not meet.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Lack {
    /// No statement allows the action on anything.
    Action(Need),
    /// The action is allowed, on other resources.
    Resource(Need),
    /// A statement denies it.
    Denied(Need),
}

impl Lack {
    /// What is not met.
    #[must_use]
    pub const fn need(&self) -> &Need {
        match self {
            Self::Action(need) | Self::Resource(need) | Self::Denied(need) => need,
        }
    }
}

impl fmt::Display for Lack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Need { permission, resource, because, .. } = self.need();
        match self {
            Self::Action(_) => write!(f, "`{permission}` is not allowed: {because} needs it on `{resource}`"),
            Self::Resource(_) => {
                write!(f, "`{permission}` is allowed on other resources only: {because} needs it on `{resource}`")
            }
            Self::Denied(_) => {
                write!(f, "`{permission}` is denied: {because} needs it on `{resource}`; a deny wins over any allow")
            }
        }
    }
}

impl Policy {
    /// The policy that allows exactly these needs: one statement for each set of resources.
    #[must_use]
    pub fn granting(needs: &[Need]) -> Self {
        let mut resources: BTreeMap<(&str, Option<&str>), BTreeSet<&str>> = BTreeMap::new();
        for need in needs {
            resources.entry((&need.permission, need.passed_to)).or_default().insert(&need.resource);
        }
        let mut grants: BTreeMap<(BTreeSet<&str>, Option<&str>), BTreeSet<&str>> = BTreeMap::new();
        for ((permission, passed_to), resources) in resources {
            grants.entry((resources, passed_to)).or_default().insert(permission);
        }
        let texts = |set: BTreeSet<&str>| OneOrMany::Many(set.into_iter().map(str::to_owned).collect());
        let statements = grants.into_iter().map(|((resources, passed_to), permissions)| Statement {
            action: texts(permissions),
            resource: texts(resources),
            condition: passed_to
                .map(|service| serde_json::json!({ "StringEquals": { "iam:PassedToService": service } })),
            ..Statement::default()
        });
        Self { version: version(), statement: OneOrMany::Many(statements.collect()) }
    }

    /// The needs that this policy does not meet, in their order.
    #[must_use]
    pub fn lacks(&self, needs: &[Need]) -> Vec<Lack> {
        needs.iter().filter_map(|need| self.lack(need)).collect()
    }

    fn lack(&self, need: &Need) -> Option<Lack> {
        let statements = self.statement.items();
        let denied = |statement: &&Statement| {
            statement.effect == Effect::Deny
                && statement.condition.is_none()
                && statement.names_action(&need.permission)
                && statement.names_resource(&need.resource)
        };
        if statements.iter().any(|statement| denied(&statement)) {
            return Some(Lack::Denied(need.clone()));
        }
        let allows =
            |statement: &&Statement| statement.effect == Effect::Allow && statement.names_action(&need.permission);
        let mut allowing = statements.iter().filter(allows).peekable();
        if allowing.peek().is_none() {
            return Some(Lack::Action(need.clone()));
        }
        if allowing.any(|statement| statement.names_resource(&need.resource) && statement.passes_to(need.passed_to)) {
            return None;
        }
        Some(Lack::Resource(need.clone()))
    }
}

impl Statement {
    /// Actions are compared without regard to case.
    fn names_action(&self, permission: &str) -> bool {
        let permission = permission.to_ascii_lowercase();
        let named = |list: &OneOrMany<String>| {
            list.items().iter().any(|pattern| wildcard(&pattern.to_ascii_lowercase(), &permission))
        };
        if self.not_action.is_empty() { named(&self.action) } else { !named(&self.not_action) }
    }

    fn passes_to(&self, service: Option<&str>) -> bool {
        let condition = self.condition.as_ref().zip(service).and_then(|(condition, service)| {
            let named = ["StringEquals", "StringLike"]
                .iter()
                .find_map(|test| condition.get(test)?.get("iam:PassedToService"))?;
            Some(match named {
                Value::Array(services) => services.iter().any(|own| own == service),
                named => named == service,
            })
        });
        condition.unwrap_or(true)
    }

    fn names_resource(&self, resource: &str) -> bool {
        let named = |list: &OneOrMany<String>| list.items().iter().any(|pattern| wildcard(pattern, resource));
        if self.not_resource.is_empty() { named(&self.resource) } else { !named(&self.not_resource) }
    }
}

/// `*` is any text, `?` one character. A `*` in `text` stands for texts that are not known: only a `*` covers it.
fn wildcard(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (pattern.as_bytes(), text.as_bytes());
    let (mut at, mut seen) = (0, 0);
    // The last star, and how much of the text it has taken.
    let mut star: Option<(usize, usize)> = None;
    while seen < text.len() {
        match pattern.get(at) {
            Some(b'*') => {
                star = Some((at, seen));
                at += 1;
            }
            Some(b'?') if text[seen] != b'*' => (at, seen) = (at + 1, seen + 1),
            Some(letter) if *letter == text[seen] => (at, seen) = (at + 1, seen + 1),
            _ => {
                let Some((place, taken)) = star else { return false };
                star = Some((place, taken + 1));
                (at, seen) = (place + 1, taken + 1);
            }
        }
    }
    pattern[at..].iter().all(|letter| *letter == b'*')
}
