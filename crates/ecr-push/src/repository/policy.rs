//! Policies about images, read, compared and checked for statements that do nothing where they stand.
//!
//! The policy of a repository says who may do what with its images; the token with which anybody logs in belongs to the
//! whole registry, so that a repository cannot give it. What a pipeline's roles need in all is another question, which
//! `pipeline_model::iam` answers.
//!
//! Sources: the documentation pages "Private repository policies in Amazon ECR" and "Actions, resources, and condition keys
//! for Amazon Elastic Container Registry".

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{
    actions::{Kind, PULL, PUSH, kind, resembling},
    diff::{Difference, by_key},
    preview::matches,
};
use crate::error::{DocumentError, Error};

/// A policy document. Members that are not known are kept.
///
/// ```
/// use ecr_push::repository::{Place, Policy};
///
/// let text = r#"{"Version":"2008-10-17","Statement":[{"Sid":"push","Effect":"Allow",
///     "Principal":{"AWS":"arn:aws:iam::123456789012:role/build"},
///     "Action":["ecr:GetAuthorizationToken","ecr:BatchGetImage","ecr:GetDownloadUrlForLayer"]}]}"#;
/// let findings = Policy::read(text.as_bytes())?.findings(Place::Repository);
/// assert_eq!(findings.len(), 1);
/// assert!(findings[0].message.starts_with("`ecr:GetAuthorizationToken` does nothing here"));
/// # Ok::<(), ecr_push::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct Policy {
    /// The version of the language.
    #[serde(default = "version")]
    pub version: String,
    /// The statements; one alone may stand without a list.
    #[serde(with = "one_or_many")]
    pub statement: Vec<Statement>,
    /// Everything else.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

fn version() -> String {
    "2012-10-17".to_owned()
}

/// One statement.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct Statement {
    /// Its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sid: Option<String>,
    /// `Allow` or `Deny`.
    pub effect: String,
    /// Whom it is for: required in the policy of a repository, refused in that of an identity.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub principal: Option<Value>,
    /// What it is about, with `*` and `?`.
    #[serde(default, with = "one_or_many", skip_serializing_if = "Vec::is_empty")]
    pub action: Vec<String>,
    /// On what.
    #[serde(default, with = "one_or_many", skip_serializing_if = "Vec::is_empty")]
    pub resource: Vec<String>,
    /// When it applies.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub condition: Option<Value>,
    /// Everything else: `NotAction` and the like.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

/// Where a policy stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Place {
    /// At a repository.
    Repository,
    /// At a role or user.
    Identity,
}

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Severity {
    /// ECR or IAM refuses the policy.
    Error,
    /// It is taken, and does not do what whoever wrote it seems to want.
    Warning,
}

/// Something about a statement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// The statement's name, or its place in the list, counted from one.
    pub statement: String,
    /// What is wrong, and what to do.
    pub message: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "statement {}: {}", self.statement, self.message)
    }
}

impl Policy {
    /// Reads a policy.
    ///
    /// # Errors
    /// [`Error::Document`] if it is not JSON of this form.
    pub fn read(text: &[u8]) -> Result<Self, Error> {
        serde_json::from_slice(text).map_err(|error| DocumentError::new("policy", error).into())
    }

    /// A policy by which these principals may push and pull: ARNs of roles or users, or ids of accounts.
    #[must_use]
    pub fn allowing_push<T: Into<String>>(principals: impl IntoIterator<Item = T>) -> Self {
        let principals: Vec<Value> = principals.into_iter().map(|principal| Value::String(principal.into())).collect();
        let statement = Statement {
            sid: Some("Push".to_owned()),
            effect: "Allow".to_owned(),
            principal: Some(serde_json::json!({ "AWS": principals })),
            action: PUSH.iter().chain(PULL).map(|action| format!("ecr:{action}")).collect(),
            ..Statement::default()
        };
        Self { version: version(), statement: vec![statement], other: Map::new() }
    }

    /// A policy that says nothing.
    pub(super) fn empty() -> Self {
        Self { version: version(), statement: Vec::new(), other: Map::new() }
    }

    /// The text.
    ///
    /// # Errors
    /// [`Error::Document`] if it cannot be written, which no value causes.
    pub fn to_json(&self) -> Result<String, Error> {
        serde_json::to_string(self).map_err(|error| DocumentError::new("policy", error).into())
    }

    /// How `self` becomes `other`, statement by statement: those with one name are the same one, those without a name are
    /// told apart by what they say.
    #[must_use]
    pub fn diff(&self, other: &Self) -> Vec<Difference> {
        let keyed = |policy: &Self| -> Vec<(String, String, String)> {
            let statement = |statement: &Statement| {
                let text = statement.normalized();
                (statement.sid.clone().unwrap_or_else(|| text.clone()), text.clone(), text)
            };
            policy.statement.iter().map(statement).collect()
        };
        by_key(&keyed(self), &keyed(other))
    }

    /// What is refused, or does nothing, where the policy stands.
    #[must_use]
    pub fn findings(&self, place: Place) -> Vec<Finding> {
        let mut findings = Vec::new();
        for (at, statement) in self.statement.iter().enumerate() {
            let name = statement.sid.as_ref().filter(|sid| !sid.is_empty());
            let name = name.map_or_else(|| (at + 1).to_string(), |sid| format!("`{sid}`"));
            let found = statement.findings(place).into_iter();
            findings.extend(found.map(|(severity, message)| Finding { severity, statement: name.clone(), message }));
        }
        findings.extend(self.half(place));
        findings
    }

    /// Who is let begin a push or pull that cannot end. Identities may have the rest from another policy, so only the policy
    /// of a repository is looked at.
    fn half(&self, place: Place) -> Vec<Finding> {
        if place != Place::Repository {
            return Vec::new();
        }
        let mut principals: Vec<&Value> = self.statement.iter().filter_map(|one| one.principal.as_ref()).collect();
        principals.sort_by_key(|principal| principal.to_string());
        principals.dedup();
        let mut findings = Vec::new();
        for principal in principals {
            let allows = |action: &str| {
                self.statement.iter().any(|statement| {
                    statement.effect == "Allow"
                        && statement.principal.as_ref() == Some(principal)
                        && statement.covers(action)
                })
            };
            // `BatchCheckLayerAvailability` belongs to both, so it says nothing of what is wanted.
            for (what, needed, telling) in [("push", PUSH, &PUSH[1..]), ("pull", PULL, PULL)] {
                let missing: Vec<String> =
                    needed.iter().filter(|action| !allows(action)).map(|action| format!("`ecr:{action}`")).collect();
                if telling.iter().any(|action| allows(action)) && !missing.is_empty() {
                    let message = format!(
                        "lets {principal} begin a {what} and not end it: add {}, unless another policy of theirs allows it",
                        missing.join(", ")
                    );
                    findings.push(Finding { severity: Severity::Warning, statement: "*".to_owned(), message });
                }
            }
        }
        findings
    }
}

impl Statement {
    /// The text with lists in order, so that two that say the same are the same.
    fn normalized(&self) -> String {
        let mut own = self.clone();
        own.action.sort();
        own.resource.sort();
        serde_json::to_string(&own).unwrap_or_default()
    }

    /// Whether its actions include this one of ECR's.
    fn covers(&self, action: &str) -> bool {
        let action = format!("ecr:{action}").to_ascii_lowercase();
        self.action.iter().any(|pattern| matches(&pattern.to_ascii_lowercase(), &action))
    }

    fn findings(&self, place: Place) -> Vec<(Severity, String)> {
        let mut found = Vec::new();
        let mut add = |severity, message: String| found.push((severity, message));
        if !matches!(self.effect.as_str(), "Allow" | "Deny") {
            add(Severity::Error, format!("`Effect` is `Allow` or `Deny`, not `{}`", self.effect));
        }
        if self.action.is_empty() && !self.other.contains_key("NotAction") {
            add(Severity::Error, "names no `Action`".to_owned());
        }
        let not_principal = self.other.contains_key("NotPrincipal");
        match place {
            Place::Repository => {
                if self.principal.is_none() && !not_principal {
                    add(Severity::Error, "names no `Principal`: a repository's policy says whom it is for".to_owned());
                }
                if !self.resource.is_empty() || self.other.contains_key("NotResource") {
                    add(
                        Severity::Error,
                        "names a `Resource`; a repository's policy is about the repository it stands at, and ECR refuses one that names another: remove it".to_owned(),
                    );
                }
                if self.effect == "Allow" && self.condition.is_none() && is_everybody(self.principal.as_ref()) {
                    add(
                        Severity::Warning,
                        "is for everybody: any account of AWS may do this; name accounts, or add a condition such as `aws:PrincipalOrgID`".to_owned(),
                    );
                }
                for id in unique_ids(self.principal.as_ref()) {
                    add(
                        Severity::Warning,
                        format!(
                            "`{id}` stands where a role or user was that is deleted; one of the same name made anew is not meant by it"
                        ),
                    );
                }
            }
            Place::Identity => {
                if self.principal.is_some() || not_principal {
                    add(Severity::Error, "names a `Principal`, which the policy of a role or user may not".to_owned());
                }
                if self.resource.is_empty() && !self.other.contains_key("NotResource") {
                    add(Severity::Error, "names no `Resource`".to_owned());
                }
            }
        }
        for action in &self.action {
            found.extend(self.about(action, place));
        }
        found
    }

    /// What is wrong with one action where it stands.
    fn about(&self, action: &str, place: Place) -> Option<(Severity, String)> {
        let warning = |message: String| Some((Severity::Warning, message));
        let Some((service, name)) = action.split_once(':') else {
            return (action != "*").then(|| {
                let message = format!("`{action}` is no action: it is written `ecr:{action}`");
                (Severity::Error, message)
            });
        };
        if !service.eq_ignore_ascii_case("ecr") {
            return match place {
                Place::Repository => {
                    warning(format!("`{action}` does nothing here: the policy of a repository is about ECR alone"))
                }
                Place::Identity => None,
            };
        }
        if name.contains(['*', '?']) {
            return None;
        }
        match (kind(name), place) {
            (None, _) => {
                let advice =
                    resembling(name).map_or_else(String::new, |other| format!("; did you mean `ecr:{other}`?"));
                warning(format!("`{action}` is not known as an action of ECR{advice}"))
            }
            (Some(Kind::Token), Place::Repository) => warning(format!(
                "`{action}` does nothing here: the token is the registry's and not a repository's; allow it in the policy of the role that logs in, on `*`"
            )),
            (Some(Kind::Registry), Place::Repository) => warning(format!(
                "`{action}` does nothing here: it is about the whole registry; allow it in the policy of the role, or in the registry's"
            )),
            (Some(Kind::Token), Place::Identity) if !self.resource.is_empty() && !self.is_on_all() => warning(format!(
                "`{action}` does nothing on {}: it is about no repository; allow it in a statement on `*`",
                self.resource.iter().map(|resource| format!("`{resource}`")).collect::<Vec<_>>().join(", ")
            )),
            _ => None,
        }
    }

    fn is_on_all(&self) -> bool {
        self.resource.iter().any(|resource| resource == "*")
    }
}

/// Whether a principal is `*`, in whichever of its forms.
fn is_everybody(principal: Option<&Value>) -> bool {
    match principal {
        Some(Value::String(text)) => text == "*",
        Some(Value::Object(kinds)) => {
            let star = |value: &Value| match value {
                Value::Array(items) => items.iter().any(|item| item == "*"),
                value => value == "*",
            };
            kinds.get("AWS").is_some_and(star)
        }
        _ => false,
    }
}

/// What IAM leaves of principals that are deleted: `AROA…` of roles, `AIDA…` of users.
fn unique_ids(principal: Option<&Value>) -> Vec<&str> {
    let Some(named) = principal.and_then(|principal| principal.get("AWS")) else { return Vec::new() };
    let items: Vec<&Value> = named.as_array().map_or_else(|| vec![named], |items| items.iter().collect());
    let texts = items.into_iter().filter_map(Value::as_str);
    texts.filter(|text| text.starts_with("AROA") || text.starts_with("AIDA")).collect()
}

/// A list that may be written as its only item; it is always written as a list.
mod one_or_many {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Form<T> {
        Many(Vec<T>),
        One(T),
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>, T: Deserialize<'de>>(from: D) -> Result<Vec<T>, D::Error> {
        Ok(match Form::deserialize(from)? {
            Form::Many(items) => items,
            Form::One(item) => vec![item],
        })
    }

    pub(super) fn serialize<S: Serializer, T: Serialize>(items: &[T], to: S) -> Result<S::Ok, S::Error> {
        items.serialize(to)
    }
}
