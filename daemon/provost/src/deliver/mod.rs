//! Sends what channels rendered: mail by the relay, requests by HTTP; a folder for the demo, the memory for tests.
//!
//! A mail goes out as often as it must and carries the same Message-ID each time: when the connection is lost after
//! the final dot nobody knows whether the relay took the mail, so it is sent again and the reader's server can tell
//! that the two are one.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use jiff::Timestamp;
use lettre::message::Mailbox;
use provost_core::hex;
use provost_core::id::NoticeId;
use provost_core::notice::Outcome;
use sha2::{Digest, Sha256};

mod carrier;
mod folder;
mod http;
mod letter;
mod mail;
mod memory;
mod schedule;
mod smtp;

pub use carrier::Carrier;
pub use folder::{Folder, FolderError};
pub use http::{Answer, Grant, Http, Request, Secrets, TrustError};
pub use letter::{BadMail, Letter};
pub use mail::Mail;
pub use memory::{Captured, Memory, Mood};
pub use schedule::{delay, not_before};
pub use smtp::{Smtp, SmtpError};

/// An answer that is being waited for.
pub type Sending<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// One thing to be sent, as a channel rendered it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Parcel {
    /// By mail.
    Mail(Mail),
    /// By HTTP.
    Http(Request),
}

impl Parcel {
    /// The addresses of those whom it tells.
    pub fn to(&self) -> &[String] {
        match self {
            Self::Mail(mail) => &mail.to,
            Self::Http(request) => &request.to,
        }
    }

    /// By what the other side knows it again: Message-ID or webhook-id. `from` is who sends mail.
    pub fn id(&self, from: Option<&Mailbox>) -> Option<String> {
        match self {
            Self::Mail(mail) => from.map(|from| mail.message_id(from.email.domain())),
            Self::Http(request) => Some(request.id()),
        }
    }

    /// SHA-256 of it as it is handed over, in hexadecimal: of a mail the whole message, of a request what the host does
    /// not add. `None` for a mail that cannot be written down.
    pub fn sha256(&self, from: Option<&Mailbox>) -> Option<String> {
        let bytes = match self {
            Self::Mail(mail) => Letter::write(mail, from?).ok()?.bytes,
            Self::Http(request) => request.shown(),
        };
        Some(hex(&Sha256::digest(bytes)))
    }
}

/// A way to send. The port of the daemon that scenarios, demo and tests replace.
pub trait Deliver: Send + Sync {
    /// Sends a parcel and says what became of it. Every wait inside has a time-out; trouble is an answer, not an error.
    fn send<'a>(&'a self, parcel: &'a Parcel) -> Sending<'a, Reply>;

    /// Nothing more to send for now: connections that were kept for the next one are closed politely.
    fn rest(&self) -> Sending<'_, ()> {
        Box::pin(std::future::ready(()))
    }
}

/// A recipient who was refused while the mail itself was taken, or for whom there is no hope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The address as it was given.
    pub address: String,
    /// Why, in the words of the relay.
    pub why: String,
}

/// What became of one attempt to send a parcel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// The other side took responsibility for at least one recipient.
    Accepted {
        /// What it said, e.g. the SMTP reply with its queue id.
        receipt: String,
        /// Recipients for whom it did not.
        refused: Vec<Refusal>,
    },
    /// Not now, or nobody knows: to be tried again.
    Retry {
        /// Why.
        why: String,
        /// Not before this long, if the other side said so.
        after: Option<Duration>,
    },
    /// Never, not to these recipients.
    Failed {
        /// Why.
        why: String,
    },
    /// An HTTP server answered: what that means is for the channel to judge.
    Answered(Answer),
}

/// The longest that another side may make a notice wait: an answer must not put it off for years.
const AFTER_MAX: Duration = Duration::from_secs(24 * 60 * 60);

impl Reply {
    /// To be tried again, after the usual wait.
    pub fn retry(why: impl Into<String>) -> Self {
        Self::Retry {
            why: why.into(),
            after: None,
        }
    }

    /// Never.
    pub fn failed(why: impl Into<String>) -> Self {
        Self::Failed { why: why.into() }
    }

    /// The reply as the outbox records it. `attempt` counts from 1; a retry waits as [`not_before`] says, and longer if
    /// the other side asked for it. An answer that no channel judged is worth another attempt.
    pub fn outcome(self, notice: &NoticeId, attempt: u32, now: Timestamp) -> Outcome {
        match self {
            Self::Accepted { receipt, refused } if refused.is_empty() => {
                Outcome::Accepted { receipt }
            }
            Self::Accepted { receipt, refused } => Outcome::Accepted {
                receipt: format!("{receipt} (refused: {})", listed(&refused)),
            },
            Self::Retry { why, after } => Outcome::Retry {
                why,
                not_before: not_before(notice, attempt, now).max(later(now, after)),
            },
            Self::Failed { why } => Outcome::Failed { why },
            Self::Answered(answer) => {
                let why = format!("nobody judged the answer {}", answer.status);
                Self::retry(why).outcome(notice, attempt, now)
            }
        }
    }
}

/// The moment that another side asked to wait for, at most a day from now.
fn later(now: Timestamp, after: Option<Duration>) -> Timestamp {
    let after = after.unwrap_or_default().min(AFTER_MAX);
    now.checked_add(after).unwrap_or(Timestamp::MAX)
}

/// Refusals in one line, each address with its reason.
pub(crate) fn listed(refused: &[Refusal]) -> String {
    let each: Vec<String> = refused
        .iter()
        .map(|refusal| format!("{}: {}", refusal.address, refusal.why))
        .collect();
    each.join("; ")
}

/// Bytes of a relay's words that are kept: RFC 5321 §4.5.3.1.5 gives a reply line 512.
const WORDS_BYTES_MAX: usize = 512;

/// What the other side said, fit for the journal and terminals: one line, no control characters, bounded.
pub(crate) fn printable(words: &str) -> String {
    let mut line = String::with_capacity(words.len().min(WORDS_BYTES_MAX));
    for letter in words.chars() {
        let letter = if letter.is_control() { ' ' } else { letter };
        if line.len() + letter.len_utf8() > WORDS_BYTES_MAX {
            break;
        }
        line.push(letter);
    }
    line.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_a_relay_cannot_forge_lines_or_fill_the_journal() {
        assert_eq!(printable("250 ok\r\n\u{1b}[31mfake"), "250 ok   [31mfake");
        assert_eq!(printable(&"é".repeat(600)).len(), 512);
    }

    #[test]
    fn the_outbox_learns_who_was_refused_when_others_were_accepted() {
        let notice = NoticeId::new("n1").unwrap();
        let now: Timestamp = "2025-03-02T17:00:00Z".parse().unwrap();
        let reply = Reply::Accepted {
            receipt: "250 queued as 7".to_owned(),
            refused: vec![Refusal {
                address: "a@d.example".to_owned(),
                why: "550 unknown".to_owned(),
            }],
        };
        assert_eq!(
            reply.outcome(&notice, 1, now),
            Outcome::Accepted {
                receipt: "250 queued as 7 (refused: a@d.example: 550 unknown)".to_owned()
            }
        );
    }

    #[test]
    fn a_retry_waits_as_long_as_the_other_side_asks_but_no_longer_than_a_day() {
        let notice = NoticeId::new("n1").unwrap();
        let now: Timestamp = "2025-03-02T17:00:00Z".parse().unwrap();
        let not_before = |after: Option<u64>| {
            let reply = Reply::Retry {
                why: "451 later".to_owned(),
                after: after.map(Duration::from_secs),
            };
            match reply.outcome(&notice, 1, now) {
                Outcome::Retry { not_before, .. } => not_before,
                other => panic!("{other:?}"),
            }
        };
        let usual = not_before(None);
        assert_eq!(usual, super::not_before(&notice, 1, now));
        assert_eq!(not_before(Some(1)), usual);
        assert_eq!(
            not_before(Some(7200)),
            "2025-03-02T19:00:00Z".parse().unwrap()
        );
        assert_eq!(
            not_before(Some(u64::MAX)),
            "2025-03-03T17:00:00Z".parse().unwrap()
        );
    }
}
