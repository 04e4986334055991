//! CodePipeline's semantics on this machine.
