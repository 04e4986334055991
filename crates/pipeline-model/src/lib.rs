//! CodePipeline declarations: read, check, draw.
