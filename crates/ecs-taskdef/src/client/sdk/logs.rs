//! The lines of tasks through the SDK of CloudWatch Logs.

use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use aws_call::{CallError, Fault};
use aws_sdk_cloudwatchlogs::Client;

use crate::client::{LogLine, LogPage, LogStream, TaskLogs};

/// CloudWatch Logs, through the SDK.
#[derive(Clone, Debug)]
pub struct CloudWatchLogs {
    client: Client,
}

impl CloudWatchLogs {
    /// Logs through this client, which brings region, credentials and TLS.
    #[must_use]
    pub const fn new(client: Client) -> Self {
        Self { client }
    }
}

impl From<Client> for CloudWatchLogs {
    fn from(client: Client) -> Self {
        Self::new(client)
    }
}

#[async_trait]
impl TaskLogs for CloudWatchLogs {
    async fn read(&self, stream: &LogStream, after: Option<&str>) -> Result<LogPage, CallError> {
        let answer = self
            .client
            .get_log_events()
            .log_group_name(&stream.group)
            .log_stream_name(&stream.stream)
            .start_from_head(true)
            .set_next_token(after.map(str::to_owned))
            .send()
            .await
            .map_err(|error| CallError::from_sdk("GetLogEvents", error));
        let answer = match answer {
            Ok(answer) => answer,
            // The stream comes into being with its first line.
            Err(error) if error.fault() == Fault::NotFound && names_the_stream(&error) => {
                return Ok(LogPage::new(Vec::new(), after.map(str::to_owned)));
            }
            Err(error) => return Err(error),
        };
        let line = |event: &aws_sdk_cloudwatchlogs::types::OutputLogEvent| {
            let at = event.timestamp().and_then(|at| u64::try_from(at).ok());
            let at = at.map(|millis| SystemTime::UNIX_EPOCH + Duration::from_millis(millis));
            LogLine::new(at, event.message().unwrap_or_default())
        };
        Ok(LogPage::new(answer.events().iter().map(line).collect(), answer.next_forward_token().map(str::to_owned)))
    }
}

/// A group that does not exist never comes into being by itself, and is an error.
fn names_the_stream(error: &CallError) -> bool {
    error.message().is_some_and(|message| message.contains("log stream"))
}
