//! The logs of builds through the AWS SDK: those that CodeBuild writes to CloudWatch Logs.

use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use aws_call::CallError;
use aws_sdk_cloudwatchlogs::Client;

use super::super::{BuildLogs, LogLine, LogPage, LogsLocation};

/// The real logs.
#[derive(Clone, Debug)]
pub struct SdkCloudWatchLogs {
    client: Client,
}

impl SdkCloudWatchLogs {
    /// Over a client of the SDK, whose configuration brings credentials, region and TLS.
    #[must_use]
    pub const fn new(client: Client) -> Self {
        Self { client }
    }
}

impl From<Client> for SdkCloudWatchLogs {
    fn from(client: Client) -> Self {
        Self::new(client)
    }
}

#[async_trait]
impl BuildLogs for SdkCloudWatchLogs {
    async fn log_page(&self, logs: &LogsLocation, token: Option<&str>) -> Result<LogPage, CallError> {
        let answer = self
            .client
            .get_log_events()
            .log_group_name(&logs.group_name)
            .log_stream_name(&logs.stream_name)
            .start_from_head(true)
            .set_next_token(token.map(str::to_owned))
            .send()
            .await
            .map_err(|error| CallError::from_sdk("GetLogEvents", error))?;
        let line = |event: aws_sdk_cloudwatchlogs::types::OutputLogEvent| {
            let at = u64::try_from(event.timestamp.unwrap_or_default()).unwrap_or_default();
            LogLine::new(SystemTime::UNIX_EPOCH + Duration::from_millis(at), event.message.unwrap_or_default())
        };
        let events = answer.events.unwrap_or_default().into_iter().map(line).collect();
        Ok(LogPage::new(events, answer.next_forward_token))
    }
}
