//! The roles over AWS's SDK (feature `sdk`), without TLS: that comes from the application's `aws-config`.

mod functions;
mod jobs;
mod objects;
mod state_machines;

pub use self::functions::Lambda;
pub use self::jobs::{CodePipelineJobs, job_objects};
pub use self::objects::S3;
pub use self::state_machines::StepFunctions;
