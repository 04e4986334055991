//! Ctrl-C, or a polite request to end (`SIGTERM`): the first one stops the run and cleans up, the second leaves at once.

use pipeline_runner::Cancel;

/// A flag that the first one sets.
pub fn cancel_on_ctrl_c() -> Cancel {
    let cancel = Cancel::new();
    let flag = cancel.clone();
    on_ctrl_c(move || flag.cancel());
    cancel
}

/// Calls `first` at the first one.
pub fn on_ctrl_c(first: impl FnOnce() + Send + 'static) {
    tokio::spawn(async move {
        if interrupted().await.is_ok() {
            first();
        }
        if interrupted().await.is_ok() {
            #[allow(clippy::exit, reason = "the second one asks for just this")]
            std::process::exit(130);
        }
    });
}

#[cfg(unix)]
async fn interrupted() -> std::io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};

    let mut asked = signal(SignalKind::terminate())?;
    tokio::select! {
        pressed = tokio::signal::ctrl_c() => pressed,
        _ = asked.recv() => Ok(()),
    }
}

#[cfg(not(unix))]
async fn interrupted() -> std::io::Result<()> {
    tokio::signal::ctrl_c().await
}
