//! Who a client of a registry is: a name and a password, and how long they hold. ECR's password is a token that ends after
//! twelve hours; that of another registry is what its user was given.

use std::{fmt, time::SystemTime};

use async_trait::async_trait;
use aws_call::{CallError, Secret};

/// A name and a password for a registry.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Login {
    /// The name; `AWS` for ECR.
    pub user: String,
    /// The password or token.
    pub password: Secret,
    /// When it ends, if that is known.
    pub expires_at: Option<SystemTime>,
}

impl Login {
    /// A login that does not end.
    #[must_use]
    pub fn new(user: impl Into<String>, password: impl Into<Secret>) -> Self {
        Self { user: user.into(), password: password.into(), expires_at: None }
    }

    /// Ends at `time`.
    #[must_use]
    pub const fn until(mut self, time: SystemTime) -> Self {
        self.expires_at = Some(time);
        self
    }
}

/// Where logins come from. Asked when the first is needed, at half the life of each, and when a registry says that the last
/// one has ended.
#[async_trait]
pub trait Logins: fmt::Debug + Send + Sync {
    /// A new login; `None` to stay anonymous.
    ///
    /// # Errors
    /// [`CallError`] if the service that gives them refuses or cannot be reached. A login that still holds is then used on.
    async fn login(&self) -> Result<Option<Login>, CallError>;
}

const _: fn(&dyn Logins) = |_| ();

/// Without a login.
#[derive(Debug, Clone, Copy, Default)]
pub struct Anonymous;

#[async_trait]
impl Logins for Anonymous {
    async fn login(&self) -> Result<Option<Login>, CallError> {
        Ok(None)
    }
}

/// Always the same.
#[async_trait]
impl Logins for Login {
    async fn login(&self) -> Result<Option<Self>, CallError> {
        Ok(Some(self.clone()))
    }
}

#[async_trait]
impl<T: Logins + ?Sized> Logins for std::sync::Arc<T> {
    async fn login(&self) -> Result<Option<Login>, CallError> {
        (**self).login().await
    }
}
