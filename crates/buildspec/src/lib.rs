//! CodeBuild's buildspec: read, check, run locally, and the CodeBuild client.
