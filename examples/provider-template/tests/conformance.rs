//! The public suites, and a job.

use provider_template::{WordCount, WordCountType};

#[tokio::test]
async fn conforms() {
    assert_eq!(pipeline_model::conformance::action_type(&WordCountType), Ok(()));
    let workspace = tempfile::tempdir().unwrap();
    let wrong = pipeline_runner::conformance::provider_of(&WordCount, &[&WordCountType], workspace.path()).await;
    assert_eq!(wrong, Vec::<String>::new());
}
