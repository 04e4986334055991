//! The real clock, ids and environment: that they are real.

use std::time::Duration;

use aws_call::{Clock, Env, IdSource, SystemClock, SystemEnv, SystemIds};

#[test]
fn time_passes() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let started = SystemClock.now();
    runtime.block_on(SystemClock.sleep(Duration::from_millis(20)));
    assert!(SystemClock.since(started) >= Duration::from_millis(15));
}

#[test]
fn ids_differ() {
    assert_ne!(SystemIds.uuid(), SystemIds.uuid());
}

#[test]
fn environment_is_the_process_s() {
    // Cargo sets it for every test it runs.
    assert_eq!(SystemEnv.var("CARGO_PKG_NAME").as_deref(), Some("aws-call"));
    for name in ["", "A=B", "A\0B", "AWS_CALL_TEST_NO_SUCH_VARIABLE"] {
        assert_eq!(SystemEnv.var(name), None, "{name:?}");
    }
}
