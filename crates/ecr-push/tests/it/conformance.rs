//! The in-memory registry does what every image store must do, and so do its wrappers.

use std::sync::Arc;

use aws_call::SequenceIds;
use ecr_push::{
    client::{Faulty, ImageStore, TagMutability},
    conformance::{self, Subject},
};

use crate::context::{clock, registry, target};

async fn check(store: impl ImageStore + 'static) {
    let subject =
        Subject { store: Arc::new(store), target: target("x"), clock: clock(), ids: Arc::new(SequenceIds::new(7)) };
    conformance::all(&subject).await.unwrap();
}

#[tokio::test]
async fn memory() {
    check(registry(TagMutability::Mutable)).await;
    check(registry(TagMutability::Immutable)).await;
}

#[tokio::test]
async fn wrappers() {
    check(Faulty::new(registry(TagMutability::Mutable))).await;
    check(Arc::new(registry(TagMutability::Mutable)) as Arc<dyn ImageStore>).await;
    check(Box::new(registry(TagMutability::Mutable))).await;
}
