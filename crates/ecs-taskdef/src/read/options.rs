//! What a file is taken for when it is read.

use spec_report::Limits;

/// How [`read_as`](crate::read::read_as) takes a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReadOptions {
    /// The limits within which it is read.
    pub limits: Limits,
    /// The spelling of its keys.
    pub spelling: Spelling,
    /// The family of a plain list of containers, which cannot name one itself.
    pub family: Option<String>,
}

/// How the keys of a file are spelled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Spelling {
    /// As in the API and in the AWS CLI: `containerDefinitions`.
    #[default]
    Api,
    /// As in CloudFormation: `ContainerDefinitions`. The file is the mapping that stands under `Properties`, in JSON or
    /// YAML; functions such as `Fn::Sub` are not evaluated.
    CloudFormation,
}

impl ReadOptions {
    /// The API's spelling, the default limits, no family.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// With other limits.
    #[must_use]
    pub const fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// With another spelling of the keys.
    #[must_use]
    pub const fn with_spelling(mut self, spelling: Spelling) -> Self {
        self.spelling = spelling;
        self
    }

    /// With a family for a plain list of containers.
    #[must_use]
    pub fn with_family(mut self, family: impl Into<String>) -> Self {
        self.family = Some(family.into());
        self
    }
}
