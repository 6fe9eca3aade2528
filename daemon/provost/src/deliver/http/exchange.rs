//! One request and its answer on a connection of its own.

use std::time::Duration;

use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1;
use hyper::http::response::Parts;
use hyper::{HeaderMap, Request};
use hyper_util::rt::TokioIo;
use jiff::Timestamp;
use provost_sandbox::Header;
use provost_sandbox::limits::REPLY_BYTES_MAX;
use tokio::time::Instant;
use tokio_util::task::AbortOnDropHandle;

use super::Answer;
use super::dial::Stream;

/// Bytes of an answer's head, and of what is read ahead of the body.
const HEAD_BYTES_MAX: usize = 32 * 1024;
/// Header fields of an answer.
const HEADERS_MAX: usize = 64;

/// An answer whose head is there.
pub(super) struct Asked {
    head: Parts,
    body: Incoming,
    /// Ends with this value, and the connection with it, however much the server would still have to say.
    _connection: AbortOnDropHandle<hyper::Result<()>>,
}

/// An answer as far as it counts.
pub(super) struct Heard {
    head: Parts,
    body: Vec<u8>,
}

/// Sends a request and waits for the head of its answer. Redirects are answers like any other.
pub(super) async fn ask(
    stream: Box<dyn Stream>,
    request: Request<Full<Bytes>>,
) -> hyper::Result<Asked> {
    let mut connection = http1::Builder::new();
    connection
        .max_headers(HEADERS_MAX)
        .max_buf_size(HEAD_BYTES_MAX);
    let (mut sender, connection) = connection.handshake(TokioIo::new(stream)).await?;
    let connection = AbortOnDropHandle::new(tokio::spawn(connection));
    let (head, body) = sender.send_request(request).await?.into_parts();
    Ok(Asked {
        head,
        body,
        _connection: connection,
    })
}

impl Asked {
    /// Reads of the body what comes within `patience`, at most as much as a channel may see. The status is what counts:
    /// a body that never ends, or never comes, changes nothing about it. Encoded bodies are not decoded.
    pub(super) async fn heard(mut self, patience: Duration) -> Heard {
        let deadline = Instant::now() + patience;
        let mut body = Vec::new();
        while body.len() < REPLY_BYTES_MAX {
            match tokio::time::timeout_at(deadline, self.body.frame()).await {
                Ok(Some(Ok(frame))) => {
                    let data = frame.into_data().unwrap_or_default();
                    let room = REPLY_BYTES_MAX - body.len();
                    body.extend_from_slice(&data[..data.len().min(room)]);
                }
                Ok(None | Some(Err(_))) | Err(_) => break,
            }
        }
        Heard {
            head: self.head,
            body,
        }
    }
}

impl Heard {
    /// The answer as a channel sees it. A plugin has no clock: a Retry-After that is a date (RFC 9110 §10.2.3) becomes
    /// seconds from `now`. `clean` takes secrets out.
    pub(super) fn answer(&self, now: Timestamp, clean: impl Fn(&str) -> String) -> Answer {
        Answer {
            status: self.head.status.as_u16(),
            headers: headers(&self.head.headers, now, &clean),
            body: clean(&String::from_utf8_lossy(&self.body)).into_bytes(),
        }
    }
}

fn headers(map: &HeaderMap, now: Timestamp, clean: impl Fn(&str) -> String) -> Vec<Header> {
    let shown = |(name, value): (&hyper::header::HeaderName, &hyper::header::HeaderValue)| {
        let text = String::from_utf8_lossy(value.as_bytes());
        let wait = (name == hyper::header::RETRY_AFTER).then(|| seconds(&text, now));
        Header {
            name: name.as_str().to_owned(),
            value: wait.flatten().unwrap_or_else(|| clean(&text)),
        }
    };
    map.iter().map(shown).collect()
}

/// A date as seconds from now; none if it is no date.
fn seconds(text: &str, now: Timestamp) -> Option<String> {
    let then = httpdate::parse_http_date(text).ok()?;
    let then = then.duration_since(std::time::UNIX_EPOCH).ok()?;
    let now = u64::try_from(now.as_second()).unwrap_or(0);
    let wait = then.saturating_sub(Duration::from_secs(now));
    Some(wait.as_secs().to_string())
}
