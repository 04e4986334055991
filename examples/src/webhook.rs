//! The HTTP side of `webhook_server`: bounded bodies, one path, and an answer that tells a stranger nothing.

use std::io;

use async_trait::async_trait;
use aws_call::serve::{HttpService, Request, Response, full, read_body};
use pipeline_model::remote::Remote;
use pipeline_model::webhook::{Delivery, Receiver, Refusal, Verdict};
use serde_json::json;

/// GitHub sends up to 25 MB, and a push of a sane size is far below this.
const BODY: usize = 1024 * 1024;

/// Receives the calls of one webhook.
#[derive(Debug)]
pub struct Endpoint<F> {
    receiver: Receiver,
    path: String,
    remote: Remote,
    tell: F,
}

impl<F: Fn(&str) + Send + Sync + 'static> Endpoint<F> {
    /// An endpoint that starts executions with `remote` and tells each call as a line of JSON.
    pub fn new(receiver: Receiver, path: &str, remote: Remote, tell: F) -> Self {
        Self { receiver, path: path.to_owned(), remote, tell }
    }

    fn tell(&self, delivery: Option<&str>, outcome: &str, execution: Option<&str>, reason: Option<&str>) {
        let line = json!({ "delivery": delivery, "outcome": outcome, "execution": execution, "reason": reason });
        (self.tell)(&line.to_string());
    }

    async fn judge(&self, call: &Delivery<'_>) -> (u16, &'static str) {
        match self.receiver.receive(call) {
            Err(refusal) => {
                self.tell(call.id, "refused", None, Some(&refusal.to_string()));
                match refusal {
                    Refusal::NotJson => (400, "the body is no JSON\n"),
                    _ => (401, "the signature does not fit\n"),
                }
            }
            Ok(Verdict::Ping) => {
                self.tell(call.id, "ping", None, None);
                (200, "pong\n")
            }
            Ok(Verdict::Ignored(why)) => {
                self.tell(call.id, "ignored", None, Some(&why.to_string()));
                (200, "ignored\n")
            }
            Ok(Verdict::Start(start, _)) => match self.remote.start(&start).await {
                Ok(execution) => {
                    self.tell(call.id, "started", Some(&execution), None);
                    (202, "started\n")
                }
                Err(error) => {
                    self.tell(call.id, "failed", None, Some(&error.to_string()));
                    // GitHub shows it, and the call can be sent again from there.
                    (502, "the pipeline could not be started\n")
                }
            },
            Ok(_) => (500, "this call is of a kind that is not known\n"),
        }
    }
}

#[async_trait]
impl<F: Fn(&str) + Send + Sync + 'static> HttpService for Endpoint<F> {
    async fn answer(&self, request: Request) -> io::Result<Response> {
        if request.uri().path() != self.path {
            return Ok(response(404, "not found\n"));
        }
        if request.method().as_str() != "POST" {
            return Ok(response(405, "only POST\n"));
        }
        let headers = request.headers().clone();
        let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let body = match read_body(request, BODY).await {
            Ok(body) => body,
            Err(error) if error.kind() == io::ErrorKind::FileTooLarge => {
                return Ok(response(413, "the body is too large\n"));
            }
            Err(error) => return Err(error),
        };
        let mut call = Delivery::new(&body);
        call.signature_256 = header("x-hub-signature-256");
        call.signature = header("x-hub-signature");
        call.event = header("x-github-event");
        call.id = header("x-github-delivery");
        let (status, text) = self.judge(&call).await;
        Ok(response(status, text))
    }
}

fn response(status: u16, text: &'static str) -> Response {
    let mut response = Response::new(full(text));
    // Every status above is one that exists.
    *response.status_mut() = status.try_into().unwrap_or_default();
    response
}
