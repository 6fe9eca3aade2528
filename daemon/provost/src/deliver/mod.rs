//! Sends what channels rendered: the relay by SMTP, a folder for the demo, the memory for tests and scenarios.
//!
//! A mail goes out as often as it must and carries the same Message-ID each time: when the connection is lost after
//! the final dot nobody knows whether the relay took the mail, so it is sent again and the reader's server can tell
//! that the two are one.

use std::future::Future;
use std::pin::Pin;

use jiff::Timestamp;
use provost_core::id::NoticeId;
use provost_core::notice::Outcome;

mod folder;
mod letter;
mod mail;
mod memory;
mod schedule;
mod smtp;

pub use folder::{Folder, FolderError};
pub use letter::{BadMail, Letter};
pub use mail::{Mail, message_id};
pub use memory::{Captured, Memory, Mood};
pub use schedule::{delay, not_before};
pub use smtp::{Smtp, SmtpError};

/// An answer that is being waited for.
pub type Sending<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A way to send mail. The port of the daemon that scenarios, demo and tests replace.
pub trait Deliver: Send + Sync {
    /// Sends a mail and says what became of it. Every wait inside has a time-out; trouble is an answer, not an error.
    fn send<'a>(&'a self, mail: &'a Mail) -> Sending<'a, Reply>;

    /// No more mail for now: connections that were kept for the next one are closed politely.
    fn rest(&self) -> Sending<'_, ()> {
        Box::pin(std::future::ready(()))
    }
}

/// Without `[mail]` nothing can be sent, and says so.
pub struct NoRelay;

impl Deliver for NoRelay {
    fn send<'a>(&'a self, _: &'a Mail) -> Sending<'a, Reply> {
        let why = "no mail relay is configured ([mail])".to_owned();
        Box::pin(std::future::ready(Reply::Failed { why }))
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

/// What became of one attempt to send a mail.
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
    },
    /// Never, not to these recipients.
    Failed {
        /// Why.
        why: String,
    },
}

impl Reply {
    /// The reply as the outbox records it. `attempt` counts from 1; a retry waits as [`not_before`] says.
    pub fn outcome(self, notice: &NoticeId, attempt: u32, now: Timestamp) -> Outcome {
        match self {
            Self::Accepted { receipt, refused } if refused.is_empty() => {
                Outcome::Accepted { receipt }
            }
            Self::Accepted { receipt, refused } => Outcome::Accepted {
                receipt: format!("{receipt} (refused: {})", listed(&refused)),
            },
            Self::Retry { why } => Outcome::Retry {
                why,
                not_before: not_before(notice, attempt, now),
            },
            Self::Failed { why } => Outcome::Failed { why },
        }
    }
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
        let retry = Reply::Retry {
            why: "451 later".to_owned(),
        };
        assert_eq!(
            retry.outcome(&notice, 1, now),
            Outcome::Retry {
                why: "451 later".to_owned(),
                not_before: not_before(&notice, 1, now)
            }
        );
    }
}
