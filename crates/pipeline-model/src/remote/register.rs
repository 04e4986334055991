//! Webhooks that GitHub knows of, with the secret that it has to sign with.

use aws_call::Fault;

use super::{Error, Remote};
use crate::webhook::{ListedWebhook, Webhook};

impl Remote {
    /// Creates or replaces a webhook and registers it at GitHub anew.
    ///
    /// Replacing alone is not enough after a change of the secret: GitHub goes on signing with the old one, and every call
    /// is refused without anybody being told. So what is registered is taken away first, which is no error when nothing
    /// was.
    ///
    /// # Errors
    /// Failures of the calls. When taking away or registering fails, the webhook itself has been replaced: call again.
    pub async fn put_registered(&self, webhook: &Webhook) -> Result<ListedWebhook, Error> {
        let listed = self.service.put_webhook(webhook).await?;
        match self.service.deregister(&webhook.name).await {
            Ok(()) => {}
            Err(error) if error.fault() == Fault::NotFound => {}
            Err(error) => return Err(error.into()),
        }
        self.service.register(&webhook.name).await?;
        Ok(listed)
    }
}
