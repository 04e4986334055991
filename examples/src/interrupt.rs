//! Ctrl-C: the first one stops the run and cleans up, the second one leaves at once. A polite request to end (`SIGTERM`) is
//! as good as the first one.

use pipeline_runner::Cancel;

/// A flag that the first Ctrl-C sets.
pub fn cancel_on_ctrl_c() -> Cancel {
    let cancel = Cancel::new();
    let flag = cancel.clone();
    on_ctrl_c(move || flag.cancel());
    #[cfg(unix)]
    if let Ok(mut asked) = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
        let flag = cancel.clone();
        tokio::spawn(async move {
            asked.recv().await;
            flag.cancel();
        });
    }
    cancel
}

/// Calls `first` at the first Ctrl-C.
pub fn on_ctrl_c(first: impl FnOnce() + Send + 'static) {
    tokio::spawn(async move {
        if tokio::signal::ctrl_c().await.is_ok() {
            first();
        }
        if tokio::signal::ctrl_c().await.is_ok() {
            #[allow(clippy::exit, reason = "the second Ctrl-C asks for just this")]
            std::process::exit(130);
        }
    });
}
