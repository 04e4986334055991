//! The loopback server against a client that writes its bytes by hand.

use std::{io, net::SocketAddr, sync::Arc};

use async_trait::async_trait;
use aws_call::{
    CallError, Fault,
    serve::{AwsJson, AwsJsonService, HttpService, Refusal, Request, Response, Server, full, read_body},
};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

struct Echo;

#[async_trait]
impl AwsJsonService for Echo {
    fn target_prefix(&self) -> &'static str {
        "Echo_20260101"
    }

    async fn call(&self, operation: &str, input: Value) -> Result<Value, Refusal> {
        match operation {
            "Say" => Ok(json!({ "said": input })),
            "Part" => {
                Err(Refusal::new("InvalidLayerPartException", "out of order").with_member("lastValidByteReceived", 7))
            }
            "Fail" => Err(Refusal::from(&CallError::new("Fail", Fault::Unavailable))),
            _ => Err(Refusal::unknown_operation(operation)),
        }
    }
}

async fn exchange(address: SocketAddr, request: &str) -> io::Result<String> {
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    Ok(answer)
}

fn post(target: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "POST / HTTP/1.1\r\nhost: x\r\nconnection: close\r\nx-amz-target: {target}\r\ncontent-length: {length}\r\n\r\n{body}"
    )
}

async fn call(target: &str, body: &str) -> io::Result<(u16, Value)> {
    let server = Server::start(Arc::new(AwsJson::new(Echo))).await?;
    let answer = exchange(server.address(), &post(target, body)).await?;
    let (head, body) = answer.split_once("\r\n\r\n").ok_or(io::ErrorKind::UnexpectedEof)?;
    assert!(head.contains("content-type: application/x-amz-json-1.1"), "{head}");
    Ok((head[9..12].parse().map_err(io::Error::other)?, serde_json::from_str(body)?))
}

#[tokio::test]
async fn an_operation_is_named_by_the_target_and_answered_in_json() {
    assert_eq!(call("Echo_20260101.Say", r#"{"a":1}"#).await.unwrap(), (200, json!({ "said": { "a": 1 } })));
    assert_eq!(call("Echo_20260101.Say", "").await.unwrap(), (200, json!({ "said": {} })));
}

#[tokio::test]
async fn a_refusal_carries_its_code_its_message_and_its_members() {
    let (status, body) = call("Echo_20260101.Part", "{}").await.unwrap();
    assert_eq!(status, 400);
    assert_eq!(
        body,
        json!({ "__type": "InvalidLayerPartException", "message": "out of order", "lastValidByteReceived": 7 })
    );
    let (status, body) = call("Echo_20260101.Fail", "{}").await.unwrap();
    assert_eq!((status, &body["__type"]), (500, &json!("ServerException")));
}

#[tokio::test]
async fn what_is_not_the_protocol_is_refused() {
    for (target, body, code) in [
        ("Echo_20260101.Sing", "{}", "UnknownOperationException"),
        ("Other.Say", "{}", "UnknownOperationException"),
        ("", "{}", "UnknownOperationException"),
        ("Echo_20260101.Say", "{", "SerializationException"),
    ] {
        let (status, answer) = call(target, body).await.unwrap();
        assert_eq!((status, &answer["__type"]), (400, &json!(code)), "{target} {body}");
    }
    let server = Server::start(Arc::new(AwsJson::new(Echo))).await.unwrap();
    let answer = exchange(server.address(), "GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 405"), "{answer}");
}

struct Cuts;

#[async_trait]
impl HttpService for Cuts {
    async fn answer(&self, request: Request) -> io::Result<Response> {
        let body = read_body(request, 4).await?;
        Ok(Response::new(full(body)))
    }
}

#[tokio::test]
async fn an_error_of_the_service_cuts_the_connection_without_an_answer() {
    let server = Server::start(Arc::new(Cuts)).await.unwrap();
    assert!(exchange(server.address(), &post("x", "four")).await.unwrap().ends_with("\r\n\r\nfour"));
    let cut = exchange(server.address(), &post("x", "fives")).await;
    assert!(cut.as_deref().unwrap_or_default().is_empty(), "{cut:?}");
}

#[tokio::test]
async fn a_dropped_server_ends_its_connections_and_frees_its_port() {
    let server = Server::start(Arc::new(Cuts)).await.unwrap();
    let address = server.address();
    let mut open = TcpStream::connect(address).await.unwrap();
    drop(server);
    let mut rest = Vec::new();
    let _reset_or_closed = open.read_to_end(&mut rest).await;
    assert!(rest.is_empty());
    Server::start_on(address.port(), Arc::new(Cuts)).await.unwrap();
}
