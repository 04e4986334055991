//! The rules by which reading itself reports, and those about suppression comments.

use spec_report::{Structure, Suppression, declare_rule};

declare_rule! {
    /// ## What it does
    /// Reports text that cannot be parsed. A file whose name ends in `.json` must be strict JSON.
    ///
    /// ## Why
    /// Nothing can be read behind the mistake.
    pub(crate) static SYNTAX = {
        id: "pipeline-model/syntax",
        severity: Error,
        summary: "the file is not YAML or JSON",
    }

    /// ## What it does
    /// Stops reading at four megabytes, at 100 levels of nesting, and when aliases expand to more than a million
    /// nodes.
    ///
    /// ## Why
    /// A file from a stranger must not exhaust the machine.
    pub(crate) static LIMIT = {
        id: "pipeline-model/limit",
        severity: Error,
        summary: "the file is larger, deeper or more entangled than is read",
    }

    /// ## What it does
    /// Reports a key that is written twice in one mapping.
    ///
    /// ## Why
    /// Only one of the two values counts, and which one depends on the reader.
    pub(crate) static DUPLICATE_KEY = {
        id: "pipeline-model/duplicate-key",
        severity: Error,
        summary: "a mapping has the same key twice",
    }

    /// ## What it does
    /// Reports keys that no version of the declaration has, and suggests the one that was probably meant. The key
    /// survives in the model.
    ///
    /// ## Why
    /// The API refuses unknown parameters, and CloudFormation unknown properties.
    pub(crate) static UNKNOWN_KEY = {
        id: "pipeline-model/unknown-key",
        severity: Error,
        summary: "a mapping has a key that the declaration does not have",
    }

    /// ## What it does
    /// Reports values of another kind, such as a number where the API takes a string. In templates, numbers and
    /// booleans become strings, as CloudFormation turns them.
    ///
    /// ## Why
    /// The API refuses the value.
    pub(crate) static WRONG_TYPE = {
        id: "pipeline-model/wrong-type",
        severity: Error,
        summary: "a value is of another kind than expected",
    }

    /// ## What it does
    /// Reports required fields that are absent.
    ///
    /// ## Why
    /// The API refuses the declaration.
    pub(crate) static MISSING_KEY = {
        id: "pipeline-model/missing-key",
        severity: Error,
        summary: "a mapping lacks a key that it must have",
    }

    /// ## What it does
    /// Reports a file that is neither a declaration nor a template with a readable `AWS::CodePipeline::Pipeline`.
    ///
    /// ## Why
    /// There is nothing to check in it.
    pub(crate) static NO_PIPELINE = {
        id: "pipeline-model/no-pipeline",
        severity: Error,
        summary: "the file holds no pipeline",
    }

    /// ## What it does
    /// Reports `# pipeline-model: allow(…)` comments with a name that is no rule, or written in another way.
    ///
    /// ## Why
    /// The comment silences nothing.
    pub(crate) static UNKNOWN_ALLOW = {
        id: "pipeline-model/unknown-allow",
        severity: Warning,
        summary: "a comment allows a rule that does not exist",
    }

    /// ## What it does
    /// Reports `# pipeline-model: allow(…)` comments that silence nothing.
    ///
    /// ## Why
    /// Such a comment hides the next mistake.
    pub(crate) static UNUSED_ALLOW = {
        id: "pipeline-model/unused-allow",
        severity: Warning,
        summary: "a comment allows what is not reported",
    }
}

/// The rules by which the reader of this crate reports.
pub(crate) static STRUCTURE: Structure = Structure {
    syntax: &SYNTAX,
    limit: &LIMIT,
    duplicate_key: &DUPLICATE_KEY,
    unknown_key: &UNKNOWN_KEY,
    wrong_type: &WRONG_TYPE,
    missing_key: &MISSING_KEY,
};

/// The rules about suppression comments.
pub(super) static SUPPRESSION: Suppression = Suppression { unknown: &UNKNOWN_ALLOW, unused: &UNUSED_ALLOW };

/// All of them, sorted by id.
pub(super) static ALL: &[&spec_report::Rule] = &[
    &DUPLICATE_KEY,
    &LIMIT,
    &MISSING_KEY,
    &NO_PIPELINE,
    &SYNTAX,
    &UNKNOWN_ALLOW,
    &UNKNOWN_KEY,
    &UNUSED_ALLOW,
    &WRONG_TYPE,
];
