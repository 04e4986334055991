//! Writing files: YAML that every reader understands alike, and JSON strings.
//!
//! The YAML written here is block style with two spaces, and any text that some reader of YAML 1.1 or
//! YAML 1.2 would take for something else is quoted.
//!
//! ```
//! use spec_report::emit::{self, Map};
//!
//! let spec = Map::new()
//!     .with("version", emit::Value::plain("0.2"))
//!     .with("env", Map::new().with("DEBUG", "no"))
//!     .with_comment("what runs", "commands", vec!["make", "make test: all"]);
//! assert_eq!(
//!     emit::yaml(&spec.into()),
//!     "version: 0.2\nenv:\n  DEBUG: \"no\"\n# what runs\ncommands:\n  - make\n  - \"make test: all\"\n",
//! );
//! ```

mod quote;
mod value;
mod yaml;

pub use quote::{json_string, quote_if_needed};
pub use value::{Map, Value};
pub use yaml::yaml;
