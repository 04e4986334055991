//! What several examples share: watching a run, telling what it came to, and leaving on Ctrl-C.

#[cfg(feature = "aws")]
pub mod aws;
pub mod builds;
mod interrupt;
mod progress;
mod summary;

pub use interrupt::cancel_on_ctrl_c;
pub use progress::Progress;
pub use summary::Summary;
