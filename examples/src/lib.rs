//! What several examples share: watching a run, telling what it came to, and leaving on Ctrl-C.

#[cfg(feature = "aws")]
pub mod aws;
pub mod builds;
pub mod ecr;
mod ecs;
pub mod findings;
mod interrupt;
mod layer_bars;
mod pipeline_round_trip;
pub mod pipelines;
mod progress;
pub mod remote;
mod rollouts;
mod round_trip;
mod summary;
mod taskdef;
pub mod webhook;

pub use ecs::{Cluster, ClusterArguments, scenario};
pub use interrupt::{cancel_on_ctrl_c, on_ctrl_c};
pub use layer_bars::LayerBars;
pub use pipeline_round_trip::pipeline_round_trip;
pub use progress::Progress;
pub use rollouts::{Rollouts, Shown};
pub use round_trip::round_trip;
pub use summary::Summary;
pub use taskdef::{parse_taskdef, read_options, read_taskdef};
