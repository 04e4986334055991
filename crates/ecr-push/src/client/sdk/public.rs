//! The login of ECR Public, which gives its tokens by a service of its own.

use async_trait::async_trait;
use aws_call::{CallError, Fault};

use super::{lacks, login};
use crate::{
    client::Operation,
    login::{Login, Logins},
};

/// ECR Public, through the SDK.
///
/// Its API is in `us-east-1` alone: a client of another region finds nobody. Whoever asks needs
/// `ecr-public:GetAuthorizationToken` and `sts:GetServiceBearerToken` (documentation page "Registry authentication in Amazon
/// ECR public").
#[derive(Debug, Clone)]
pub struct EcrPublic {
    client: aws_sdk_ecrpublic::Client,
}

impl EcrPublic {
    /// The only region with this API.
    pub const REGION: &'static str = "us-east-1";

    /// Logs in with this client.
    #[must_use]
    pub const fn new(client: aws_sdk_ecrpublic::Client) -> Self {
        Self { client }
    }
}

#[async_trait]
impl Logins for EcrPublic {
    async fn login(&self) -> Result<Option<Login>, CallError> {
        let operation = Operation::GetAuthorizationToken;
        let output = self.client.get_authorization_token().send().await;
        let output = output.map_err(|error| CallError::from_sdk(operation.as_str(), error))?;
        let data = output.authorization_data().ok_or_else(|| lacks(operation, "authorizationData"))?;
        let token = data.authorization_token().ok_or_else(|| lacks(operation, "authorizationToken"))?;
        let login = login(token)
            .ok_or_else(|| CallError::new(operation.as_str(), Fault::Other).with_message("the token cannot be read"))?;
        let end = data.expires_at().and_then(|time| std::time::SystemTime::try_from(*time).ok());
        Ok(Some(end.map_or_else(|| login.clone(), |end| login.clone().until(end))))
    }
}
