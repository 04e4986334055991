//! What an action that is in the pipeline hands out: its artifacts and its variables.

use std::fmt;

use spec_report::did_you_mean;

use crate::actions::{Catalogue, OutputVariables};
use crate::model::ActionTypeId;

/// An artifact that an action of the pipeline gives.
///
/// There is no way to make one but to add the action. Handles of one pipeline mean nothing in another.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Artifact {
    pub(super) name: String,
}

impl Artifact {
    /// The name, for settings that hold one, such as `PrimarySource`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// A file of the artifact, as CloudFormation actions name it: `Artifact::path`.
    #[must_use]
    pub fn file(&self, path: &str) -> String {
        format!("{}::{path}", self.name)
    }
}

/// A source action of the pipeline.
#[derive(Clone, Debug)]
pub struct Source(pub(super) Made<1>);

impl Source {
    /// What it brings in.
    #[must_use]
    pub fn artifact(&self) -> Artifact {
        let [artifact] = self.0.artifacts();
        artifact
    }

    /// A reference to one of its variables, such as `CommitId`.
    ///
    /// # Errors
    /// When its action type has no such variable.
    pub fn variable(&self, key: &str) -> Result<String, UnknownVariable> {
        self.0.variable(key)
    }
}

/// An action of the pipeline that gives `N` artifacts.
#[derive(Clone, Debug)]
pub struct Made<const N: usize> {
    pub(super) outputs: [String; N],
    pub(super) namespace: Option<String>,
    pub(super) kind: ActionTypeId,
}

impl<const N: usize> Made<N> {
    /// The artifacts that it gives.
    #[must_use]
    pub fn artifacts(&self) -> [Artifact; N] {
        self.outputs.clone().map(|name| Artifact { name })
    }

    /// A reference to one of its variables, as text for settings of later actions: `#{Build.IMAGE_TAG}`.
    ///
    /// # Errors
    /// When its action type has no such variable. Of builds and commands any name is taken, as they export what they like.
    pub fn variable(&self, key: &str) -> Result<String, UnknownVariable> {
        let catalogue = Catalogue::builtin();
        let known = match catalogue.find(&self.kind).map(crate::actions::ActionType::output_variables) {
            Some(OutputVariables::Fixed(known)) => Some(known),
            Some(OutputVariables::None) => Some(&[][..]),
            Some(OutputVariables::Open) | None => None,
        };
        match (&self.namespace, known) {
            (Some(namespace), None) => Ok(format!("#{{{namespace}.{key}}}")),
            (Some(namespace), Some(known)) if known.contains(&key) => Ok(format!("#{{{namespace}.{key}}}")),
            _ => Err(UnknownVariable {
                kind: self.kind.to_string(),
                key: key.to_owned(),
                near: known.and_then(|known| did_you_mean(key, known.iter().copied())).map(str::to_owned),
            }),
        }
    }
}

/// An action type does not have the variable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownVariable {
    kind: String,
    key: String,
    near: Option<String>,
}

impl fmt::Display for UnknownVariable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "actions of type {} have no variable `{}`", self.kind, self.key)?;
        self.near.as_ref().map_or(Ok(()), |near| write!(f, ": did you mean `{near}`?"))
    }
}

impl std::error::Error for UnknownVariable {}
