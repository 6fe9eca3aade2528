//! A request as a channel rendered it, and what was answered.

use jiff::Timestamp;
use provost_core::hex;
use provost_core::id::{NoticeId, PluginId};
use provost_sandbox::{Auth, Header, HttpRequest};
use sha2::{Digest, Sha256};

use super::method;
use crate::deliver::mail::atom;

/// An HTTP request to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The notice that it tells.
    pub notice: NoticeId,
    /// The channel plugin that rendered it, within whose limits it is sent.
    pub channel: PluginId,
    /// Whom it tells.
    pub to: Vec<String>,
    /// As the channel rendered it: secrets are named in it, never written.
    pub request: HttpRequest,
    /// The time of this attempt, from the daemon's clock.
    pub date: Timestamp,
}

/// What an HTTP server answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The status, e.g. 202.
    pub status: u16,
    /// Header fields.
    pub headers: Vec<Header>,
    /// The beginning of the body.
    pub body: Vec<u8>,
}

impl Request {
    /// The same for every attempt, another for every notice, channel and recipient: by it a receiver knows that two
    /// requests are one (Standard Webhooks, `webhook-id`).
    pub fn id(&self) -> String {
        let told = format!("{}\n{}", self.channel, self.to.join("\n"));
        let short = hex(&Sha256::digest(told)[..4]);
        // No full stop in it: the signature separates its parts by full stops.
        format!("{}-{short}", atom(self.notice.as_str()))
    }

    /// The request in the form of a message, without what the host adds when it is sent.
    pub fn shown(&self) -> Vec<u8> {
        let request = &self.request;
        let mut text = format!("{} {}\r\n", method(request.method), request.url);
        for header in &request.headers {
            text += &format!("{}: {}\r\n", header.name, header.value);
        }
        if let Auth::StandardWebhooks(_) = request.auth {
            text += &format!("webhook-id: {}\r\n", self.id());
        }
        [text.as_bytes(), b"\r\n", &request.body].concat()
    }
}
