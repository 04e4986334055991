//! What only ECR's own API gives: its token, its door, a new repository. Without the feature `aws` each says so.

#[cfg(feature = "aws")]
pub use crate::aws::{create_repository, ecr_logins as logins, ecr_store as store};

#[cfg(not(feature = "aws"))]
mod missing {
    #![allow(
        clippy::unused_async,
        clippy::missing_errors_doc,
        reason = "they stand in for what waits, and always fail"
    )]

    use std::sync::Arc;

    use ecr_push::client::ImageStore;
    use ecr_push::login::Logins;
    use ecr_push::{ImageRef, Registry};

    /// Would give ECR's tokens.
    pub async fn logins(_: &Registry) -> anyhow::Result<Arc<dyn Logins>> {
        anyhow::bail!("ECR gives its token to AWS credentials: build this example with `--features aws`")
    }

    /// Would give ECR's own door.
    pub async fn store(_: &Registry) -> anyhow::Result<Arc<dyn ImageStore>> {
        anyhow::bail!("the native door speaks ECR's own API: build this example with `--features aws`")
    }

    /// Would create a repository.
    pub async fn create_repository(_: &ImageRef) -> anyhow::Result<Vec<String>> {
        anyhow::bail!("a repository is created by ECR's own API: build this example with `--features aws`")
    }
}

#[cfg(not(feature = "aws"))]
pub use missing::{create_repository, logins, store};
