//! The rules that the fuzzed readers report by.

use spec_report::{Structure, declare_rule};

declare_rule! {
    /// The text is wrong.
    pub static SYNTAX = { id: "fuzz/syntax", severity: Error, summary: "the text is wrong" }
    /// The text is too much.
    pub static LIMIT = { id: "fuzz/limit", severity: Error, summary: "the text is too much" }
    /// A key is there twice.
    pub static DUPLICATE_KEY = { id: "fuzz/duplicate-key", severity: Error, summary: "a key is there twice" }
    /// A value is wrong.
    pub static VALUE = { id: "fuzz/value", severity: Error, summary: "a value is wrong" }
}

pub static STRUCTURE: Structure = Structure {
    syntax: &SYNTAX,
    limit: &LIMIT,
    duplicate_key: &DUPLICATE_KEY,
    unknown_key: &VALUE,
    wrong_type: &VALUE,
    missing_key: &VALUE,
};
