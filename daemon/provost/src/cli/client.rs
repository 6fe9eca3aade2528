//! Asks the daemon: HTTP over its Unix socket.

use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::net::UnixStream;

/// A whole sync of a large directory may take minutes; nothing takes longer.
const ANSWER_TIME: Duration = Duration::from_secs(1800);
const CONNECT_TIME: Duration = Duration::from_secs(5);

/// Why the daemon gave no answer, or what it refused.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// Nobody listens, or one may not.
    #[error("ask the daemon on {socket}")]
    Connect {
        /// The socket.
        socket: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The connection broke.
    #[error("ask the daemon for {path}")]
    Http {
        /// What was asked for.
        path: String,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The daemon refused: an RFC 9457 problem.
    #[error("{title}")]
    Refused {
        /// What was attempted.
        title: String,
        /// Why.
        #[source]
        source: Cause,
        /// The whole problem document.
        problem: Value,
    },
}

/// A chain of causes that came over the wire.
#[derive(Debug, thiserror::Error)]
#[error("{text}")]
pub struct Cause {
    text: String,
    #[source]
    deeper: Option<Box<Cause>>,
}

impl Cause {
    fn chain(mut texts: impl Iterator<Item = String>) -> Option<Box<Self>> {
        let text = texts.next()?;
        Some(Box::new(Self {
            text,
            deeper: Self::chain(texts),
        }))
    }
}

/// One question and its answer.
pub(super) fn ask(
    socket: &Path,
    method: Method,
    path: &str,
    body: Option<&Value>,
) -> Result<Value, ClientError> {
    let text = body.map(Value::to_string).unwrap_or_default();
    let sent = Sent {
        method,
        path,
        kind: "application/json",
        body: Bytes::from(text),
    };
    answered(socket, sent)
}

/// Sends bytes of this media type.
pub(super) fn send(
    socket: &Path,
    path: &str,
    kind: &str,
    body: Vec<u8>,
) -> Result<Value, ClientError> {
    let sent = Sent {
        method: Method::POST,
        path,
        kind,
        body: Bytes::from(body),
    };
    answered(socket, sent)
}

/// What is asked.
struct Sent<'s> {
    method: Method,
    path: &'s str,
    /// The body's media type.
    kind: &'s str,
    body: Bytes,
}

fn answered(socket: &Path, sent: Sent<'_>) -> Result<Value, ClientError> {
    let path = sent.path;
    let broken = |source: Box<dyn std::error::Error + Send + Sync>| ClientError::Http {
        path: path.to_owned(),
        source,
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| broken(error.into()))?;
    let asking = async {
        let stream = tokio::time::timeout(CONNECT_TIME, UnixStream::connect(socket))
            .await
            .unwrap_or_else(|_| Err(std::io::ErrorKind::TimedOut.into()))
            .map_err(|source| ClientError::Connect {
                socket: socket.to_owned(),
                source,
            })?;
        let answer = tokio::time::timeout(ANSWER_TIME, exchange(stream, sent)).await;
        let (status, body) = answer
            .map_err(|error| broken(error.into()))?
            .map_err(broken)?;
        let value: Value = serde_json::from_slice(&body).map_err(|error| broken(error.into()))?;
        if status.is_success() {
            Ok(value)
        } else {
            Err(refused(status, value))
        }
    };
    super::pipe::spares(|| runtime.block_on(asking))
}

async fn exchange(
    stream: UnixStream,
    sent: Sent<'_>,
) -> Result<(StatusCode, Bytes), Box<dyn std::error::Error + Send + Sync>> {
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    let connection = tokio::spawn(connection);
    let request = Request::builder()
        .method(sent.method)
        .uri(sent.path)
        .header("host", "provost")
        .header("content-type", sent.kind)
        .body(Full::new(sent.body))?;
    let response = sender.send_request(request).await?;
    let status = response.status();
    let body = response.into_body().collect().await?.to_bytes();
    drop(sender);
    connection.abort();
    Ok((status, body))
}

fn refused(status: StatusCode, problem: Value) -> ClientError {
    let text = |key: &str| problem.get(key).and_then(Value::as_str).map(str::to_owned);
    let title = text("title").unwrap_or_else(|| format!("the daemon answered {status}"));
    let causes = problem
        .get("causes")
        .and_then(Value::as_array)
        .cloned()
        .unwrap_or_default();
    let texts = text("detail")
        .into_iter()
        .chain(causes.iter().filter_map(Value::as_str).map(str::to_owned));
    let source = Cause::chain(texts).map_or_else(
        || Cause {
            text: status.to_string(),
            deeper: None,
        },
        |cause| *cause,
    );
    ClientError::Refused {
        title,
        source,
        problem,
    }
}

/// A query string of the pairs that have a value.
pub(super) fn query(pairs: &[(&str, Option<&str>)]) -> String {
    let pairs: Vec<_> = pairs
        .iter()
        .filter_map(|(key, value)| value.map(|value| format!("{key}={}", escaped(value))))
        .collect();
    if pairs.is_empty() {
        String::new()
    } else {
        format!("?{}", pairs.join("&"))
    }
}

/// Percent-encoding of everything but unreserved characters (RFC 3986 §2.3).
pub(super) fn escaped(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                char::from(byte).to_string()
            }
            other => format!("%{other:02X}"),
        })
        .collect()
}
