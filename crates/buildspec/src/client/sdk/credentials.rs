//! Credentials of source providers through the AWS SDK.

use async_trait::async_trait;
use aws_call::{CallError, Fault};

use super::super::{ImportSourceCredentials, SourceCredentials, SourceCredentialsInfo};
use super::SdkCodeBuild;

#[async_trait]
impl SourceCredentials for SdkCodeBuild {
    async fn import_source_credentials(&self, request: &ImportSourceCredentials) -> Result<String, CallError> {
        const OPERATION: &str = "ImportSourceCredentials";
        let answer = self
            .client
            .import_source_credentials()
            .set_username(request.username.clone())
            .token(request.token.expose())
            .server_type(request.server_type.as_str().into())
            .auth_type(request.auth_type.as_str().into())
            .set_should_overwrite(request.should_overwrite)
            .send()
            .await
            .map_err(|error| CallError::from_sdk(OPERATION, error))?;
        let silent = || CallError::new(OPERATION, Fault::Other).with_message("the answer holds no ARN");
        answer.arn.ok_or_else(silent)
    }

    async fn list_source_credentials(&self) -> Result<Vec<SourceCredentialsInfo>, CallError> {
        let call = self.client.list_source_credentials();
        let answer = call.send().await.map_err(|error| CallError::from_sdk("ListSourceCredentials", error))?;
        let infos = answer.source_credentials_infos.unwrap_or_default().into_iter().map(|info| {
            let word = |word: Option<&str>| word.unwrap_or_default().to_owned();
            SourceCredentialsInfo::new(
                info.arn.unwrap_or_default(),
                word(info.server_type.as_ref().map(|word| word.as_str())),
                word(info.auth_type.as_ref().map(|word| word.as_str())),
            )
        });
        Ok(infos.collect())
    }

    async fn delete_source_credentials(&self, arn: &str) -> Result<(), CallError> {
        let call = self.client.delete_source_credentials().arn(arn);
        call.send().await.map_err(|error| CallError::from_sdk("DeleteSourceCredentials", error))?;
        Ok(())
    }
}
