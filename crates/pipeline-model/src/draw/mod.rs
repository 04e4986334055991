//! Pictures of a pipeline: Mermaid for Markdown, DOT for Graphviz, boxes for a terminal, and a standalone SVG.
//!
//! The last three take a [`State`] as well and show what each action is doing.

mod dot;
mod label;
mod layout;
mod mermaid;
mod state;
mod svg;
mod text;

pub use dot::{dot, dot_with};
pub use mermaid::mermaid;
pub use state::{State, Status};
pub use svg::{svg, svg_with};
pub use text::{text, text_with};
