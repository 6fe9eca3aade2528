//! What channels ask the host to send, and what they make of the replies.

mod check;

pub(crate) use check::{Declared, deliveries};

use serde::{Deserialize, Serialize};
use std::time::Duration;

use crate::limits::REPLY_BYTES_MAX;
use crate::printable;
use crate::wit::channel as wit;

/// A header field. Name and value are one line each, whatever the plugin returned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// Name: a token (RFC 9110, section 5.6.2; RFC 5322, section 2.2 allows no less).
    pub name: String,
    /// Value, without control characters.
    pub value: String,
}

/// A mail. The host adds From, To, Date, Message-ID and the MIME structure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mail {
    /// One line.
    pub subject: String,
    /// Plain text, lines ending with a line feed.
    pub text: String,
    /// The same as HTML.
    pub html: Option<String>,
    /// Further header fields, none of them the host's own.
    pub headers: Vec<Header>,
}

/// The method of an HTTP request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
#[allow(missing_docs)] // the names are RFC 9110's own
pub enum Method {
    Post,
    Put,
    Patch,
    Get,
}

/// How an HTTP request proves who sends it. The words are names of secrets, never secrets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Auth {
    /// Not at all.
    None,
    /// `Authorization: Bearer` with the named secret (RFC 6750).
    Bearer(String),
    /// `Authorization: Basic` (RFC 7617).
    Basic {
        /// User name.
        user: String,
        /// Name of the secret.
        secret: String,
    },
    /// A Standard Webhooks signature with each of the named secrets.
    StandardWebhooks(Vec<String>),
}

/// An HTTP request. `{secret:name}` in URL and header values is for the host to fill in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HttpRequest {
    /// The method.
    pub method: Method,
    /// An http or https URL. Whether its host is allowed is for the sender to check.
    pub url: String,
    /// Header fields, none of them the host's own.
    pub headers: Vec<Header>,
    /// The body.
    pub body: Vec<u8>,
    /// How it proves who sends it.
    pub auth: Auth,
}

/// One thing to send.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Delivery {
    /// By mail.
    Mail(Mail),
    /// By HTTP.
    Http(HttpRequest),
}

/// What the other side answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reply {
    /// An SMTP server (RFC 5321, section 4.2).
    Mail {
        /// The code.
        code: u16,
        /// The enhanced code (RFC 3463), if there was one.
        enhanced: Option<String>,
        /// The text.
        text: String,
    },
    /// An HTTP server.
    Http {
        /// The status.
        status: u16,
        /// Header fields.
        headers: Vec<Header>,
        /// The body; the channel sees the first [`REPLY_BYTES_MAX`] bytes.
        body: Vec<u8>,
    },
}

/// What a channel makes of a reply.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Accepted.
    Delivered {
        /// The other side's receipt; may be empty.
        receipt: String,
    },
    /// To be tried again.
    Retry {
        /// Not before this long; the host's own back-off if absent.
        after: Option<Duration>,
        /// Why.
        why: String,
    },
    /// Refused for good.
    Failed {
        /// Why.
        why: String,
    },
}

impl Auth {
    /// The names of the secrets that it takes.
    pub fn secrets(&self) -> impl Iterator<Item = &str> {
        let (one, many): (Option<&String>, &[String]) = match self {
            Self::None => (None, &[]),
            Self::Bearer(secret) | Self::Basic { secret, .. } => (Some(secret), &[]),
            Self::StandardWebhooks(secrets) => (None, secrets),
        };
        one.into_iter().chain(many).map(String::as_str)
    }
}

/// The reply in the words of the interface.
pub(crate) fn reply(reply: &Reply) -> wit::Reply {
    match reply {
        Reply::Mail {
            code,
            enhanced,
            text,
        } => wit::Reply::Mail(wit::MailReply {
            code: *code,
            enhanced: enhanced.clone(),
            text: text.clone(),
        }),
        Reply::Http {
            status,
            headers,
            body,
        } => wit::Reply::Http(wit::HttpReply {
            status: *status,
            headers: headers
                .iter()
                .map(|header| wit::Header {
                    name: header.name.clone(),
                    value: header.value.clone(),
                })
                .collect(),
            body: body.iter().take(REPLY_BYTES_MAX).copied().collect(),
        }),
    }
}

/// The outcome in the host's words; its texts go to logs and journals.
pub(crate) fn verdict(outcome: wit::Outcome) -> Verdict {
    match outcome {
        wit::Outcome::Delivered(receipt) => Verdict::Delivered {
            receipt: printable(&receipt),
        },
        wit::Outcome::Retry(retry) => Verdict::Retry {
            after: retry.after_seconds.map(|s| Duration::from_secs(s.into())),
            why: printable(&retry.why),
        },
        wit::Outcome::Failed(why) => Verdict::Failed {
            why: printable(&why),
        },
    }
}
