//! An executor of forty lines: proof that the crate needs no runtime, and a count of wake-ups to check wakers with.

use std::{
    future::Future,
    pin::{Pin, pin},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
};

/// Counts how often it is woken.
#[derive(Debug, Default)]
pub(crate) struct Count(AtomicUsize);

impl Count {
    /// The wake-ups so far.
    pub(crate) fn get(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// Polls once with a counting waker.
pub(crate) fn poll<F: Future + ?Sized>(future: Pin<&mut F>, count: &Arc<Count>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(&Waker::from(Arc::clone(count))))
}

/// Polls to the end. A future that waits without having asked to be woken would hang in production; here it fails.
pub(crate) fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let count = Arc::new(Count::default());
    loop {
        let before = count.get();
        if let Poll::Ready(output) = poll(future.as_mut(), &count) {
            return output;
        }
        assert!(count.get() > before, "the future waits for something that will not happen");
    }
}
