#![doc = include_str!("../README.md")]
//!
//! # Map
//!
//! Reading never fails: a file becomes a [`Document`] (whatever could be read of it) and a
//! [`Report`] (what is wrong, with file, line and column).
//!
//! The document half: [`decode()`] turns bytes into a [`Source`], [`read()`] turns a source into a
//! [`Document`] of [`Node`]s, [`Reader`] takes typed values out of it, [`emit`] writes new files.
//!
//! The report half: [`Rule`]s are declared as statics, [`run_checks`] fills a [`Report`] with
//! [`Diagnostic`]s, [`Levels`] decide how loud they are, [`apply_fixes`] applies their [`Fix`]es,
//! [`render`] shows them.

pub mod emit;
pub mod render;

#[cfg(feature = "conformance")]
pub mod mdtest;

mod cursor;
mod decode;
mod fix;
mod json;
mod levels;
mod limits;
mod read;
mod report;
mod rule;
mod scalar;
mod source;
mod span;
mod structure;
mod suggest;
mod suppress;
mod suppress_comment;
mod to_json;
mod tree;
mod yaml;

pub use cursor::{Field, MapCursor, MergeKeys, Reader};
pub use decode::decode;
pub use fix::{Edit, Fix, Fixed, Safety, apply_fixes};
pub use levels::{Level, Levels, LevelsError, Suppression};
pub use limits::Limits;
pub use read::{Parsed, read, read_json, read_yaml};
pub use report::{Diagnostic, Diagnostics, Label, Report, Severity};
pub use rule::{Check, Findings, Rule, run_checks};
pub use scalar::{Schema, Typed, is_timestamp};
pub use source::{Encoding, Position, Source};
pub use span::{Span, Spanned};
pub use structure::Structure;
pub use suggest::did_you_mean;
pub use tree::{Alias, Comment, Document, Entry, Format, Node, Scalar, Style, Tag, Value};
