//! Credentials of source providers in memory. Tokens are not kept: nobody can read them back.

use async_trait::async_trait;
use aws_call::CallError;

use super::super::{ImportSourceCredentials, SourceCredentials, SourceCredentialsInfo};
use super::MemoryCodeBuild;

const SERVERS: [&str; 5] = ["BITBUCKET", "GITHUB", "GITHUB_ENTERPRISE", "GITLAB", "GITLAB_SELF_MANAGED"];
const KINDS: [&str; 5] = ["BASIC_AUTH", "CODECONNECTIONS", "OAUTH", "PERSONAL_ACCESS_TOKEN", "SECRETS_MANAGER"];

#[async_trait]
impl SourceCredentials for MemoryCodeBuild {
    async fn import_source_credentials(&self, request: &ImportSourceCredentials) -> Result<String, CallError> {
        const OPERATION: &str = "ImportSourceCredentials";
        let invalid = |message: String| Err(CallError::service(OPERATION, "InvalidInputException", message));
        for (name, word, known) in
            [("serverType", &request.server_type, &SERVERS[..]), ("authType", &request.auth_type, &KINDS[..])]
        {
            if !known.contains(&word.as_str()) {
                let set = known.join(", ");
                return invalid(format!(
                    "1 validation error detected: Value '{word}' at '{name}' failed to satisfy constraint: Member must satisfy enum value set: [{set}]"
                ));
            }
        }
        if request.token.is_empty() {
            return invalid("Token is required".to_owned());
        }
        if request.auth_type == "BASIC_AUTH" && request.username.is_none() {
            return invalid("Username is required for auth type BASIC_AUTH".to_owned());
        }
        let server = request.server_type.to_ascii_lowercase();
        let arn = self.arn(&format!("token/{server}"));
        let mut state = self.lock();
        let there = state.credentials.iter().position(|info| info.server_type == request.server_type);
        if let Some(at) = there {
            if request.should_overwrite == Some(false) {
                let message = format!("Access token with server type {} already exists", request.server_type);
                return Err(CallError::service(OPERATION, "ResourceAlreadyExistsException", message));
            }
            state.credentials.remove(at);
        }
        state.credentials.push(SourceCredentialsInfo::new(
            arn.clone(),
            request.server_type.clone(),
            request.auth_type.clone(),
        ));
        Ok(arn)
    }

    async fn list_source_credentials(&self) -> Result<Vec<SourceCredentialsInfo>, CallError> {
        Ok(self.lock().credentials.clone())
    }

    async fn delete_source_credentials(&self, arn: &str) -> Result<(), CallError> {
        let mut state = self.lock();
        match state.credentials.iter().position(|info| info.arn == arn) {
            Some(at) => {
                state.credentials.remove(at);
                Ok(())
            }
            None => {
                let message = format!("Source credentials cannot be found: {arn}");
                Err(CallError::service("DeleteSourceCredentials", "ResourceNotFoundException", message))
            }
        }
    }
}
