//! SDK adapters against `aws-smithy-mocks` and wire JSON.
