//! The rules by which reading itself reports.

use spec_report::{Structure, Suppression, declare_rule};

declare_rule! {
    /// The text is not JSON or YAML.
    pub static SYNTAX = {
        id: "ecs-taskdef/syntax",
        severity: Error,
        summary: "the file is not valid JSON or YAML",
    }

    /// The file is larger, deeper or more entangled than a task definition can be.
    pub static LIMIT = {
        id: "ecs-taskdef/limit",
        severity: Error,
        summary: "the file is too large or nested too deeply",
    }

    /// A mapping has the same key twice. Readers silently take the last one.
    pub static DUPLICATE_KEY = {
        id: "ecs-taskdef/duplicate-key",
        severity: Error,
        summary: "a key is written twice in one mapping",
    }

    /// A key that `RegisterTaskDefinition` is not known to have. It is sent all the same: AWS may have added it.
    pub static UNKNOWN_KEY = {
        id: "ecs-taskdef/unknown-key",
        severity: Warning,
        summary: "a key is not known to `RegisterTaskDefinition`",
    }

    /// A value is of another type than the API wants.
    pub static WRONG_TYPE = {
        id: "ecs-taskdef/wrong-type",
        severity: Error,
        summary: "a value has the wrong type",
    }

    /// A structure lacks a key that the API requires.
    pub static MISSING_KEY = {
        id: "ecs-taskdef/missing-key",
        severity: Error,
        summary: "a required key is missing",
    }

    /// A value is not among the words that the API documents for its key. It is sent all the same.
    pub static UNKNOWN_VALUE = {
        id: "ecs-taskdef/unknown-value",
        severity: Warning,
        summary: "a value is not among the documented ones",
    }

    /// A suppression comment names no rule, or is not written as it must be.
    pub static UNKNOWN_SUPPRESSION = {
        id: "ecs-taskdef/unknown-suppression",
        severity: Warning,
        summary: "a suppression comment names no rule",
    }

    /// A suppression comment silences nothing.
    pub static UNUSED_SUPPRESSION = {
        id: "ecs-taskdef/unused-suppression",
        severity: Warning,
        summary: "a suppression comment silences nothing",
    }
}

pub(crate) static STRUCTURE: Structure = Structure {
    syntax: &SYNTAX,
    limit: &LIMIT,
    duplicate_key: &DUPLICATE_KEY,
    unknown_key: &UNKNOWN_KEY,
    wrong_type: &WRONG_TYPE,
    missing_key: &MISSING_KEY,
};

pub(crate) static SUPPRESSION: Suppression = Suppression { unknown: &UNKNOWN_SUPPRESSION, unused: &UNUSED_SUPPRESSION };
