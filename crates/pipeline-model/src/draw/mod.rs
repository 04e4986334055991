//! Pictures of a pipeline.

mod mermaid;

pub use mermaid::mermaid;
