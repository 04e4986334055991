//! The AppSpec of Lambda deployments.

use spec_report::{Span, Spanned};

use super::{FunctionHook, Version};

/// A Lambda AppSpec: one function, from which version to which, and the functions that validate it.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Lambda {
    /// `version`
    pub version: Option<Spanned<Version>>,
    /// `Resources`, of which exactly one is allowed.
    pub resources: Vec<Function>,
    /// `Hooks` in the order of the file.
    pub hooks: Vec<FunctionHook>,
}

impl Lambda {
    /// The function.
    #[must_use]
    pub fn function(&self) -> Option<&Function> {
        self.resources.first()
    }
}

/// `Resources[].<logical name>`
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Function {
    /// The logical name.
    pub logical_name: Spanned<String>,
    /// `Type`
    pub kind: Option<Spanned<String>>,
    /// Where `Properties` is written; `None` if it is missing.
    pub properties: Option<Span>,
    /// `Name`
    pub name: Option<Spanned<String>>,
    /// `Alias`
    pub alias: Option<Spanned<String>>,
    /// `CurrentVersion`
    pub current_version: Option<Spanned<String>>,
    /// `TargetVersion`
    pub target_version: Option<Spanned<String>>,
}
