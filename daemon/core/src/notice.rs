//! Notices to people and alarms to operators, before any channel renders them.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::contact::{BadWord, Stage};
use crate::id::{DistrictId, NoticeId, PersonId};

/// What a notice tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NoticeKind {
    /// Deactivation is pending.
    Notice,
    /// It still is.
    Reminder,
    /// It happens tomorrow.
    Final,
    /// It has happened.
    Deactivated,
    /// Another contact has restored the authority.
    Reactivated,
}

impl NoticeKind {
    /// All kinds with their words.
    pub const WORDS: [(Self, &'static str); 5] = [
        (Self::Notice, "notice"),
        (Self::Reminder, "reminder"),
        (Self::Final, "final"),
        (Self::Deactivated, "deactivated"),
        (Self::Reactivated, "reactivated"),
    ];

    /// The word of the kind.
    pub fn word(self) -> &'static str {
        Self::WORDS
            .iter()
            .find(|(kind, _)| *kind == self)
            .map_or("", |(_, word)| word)
    }

    /// The topic that routes name: `inactivity.notice`, matched by `inactivity.*`.
    pub fn topic(self) -> String {
        format!("inactivity.{}", self.word())
    }
}

impl std::str::FromStr for NoticeKind {
    type Err = BadWord;
    fn from_str(text: &str) -> Result<Self, BadWord> {
        Self::WORDS
            .iter()
            .find(|(_, word)| *word == text)
            .map(|(kind, _)| *kind)
            .ok_or(BadWord {
                found: text.to_owned(),
                allowed: "notice, reminder, final, deactivated or reactivated",
            })
    }
}

impl From<Stage> for NoticeKind {
    fn from(stage: Stage) -> Self {
        match stage {
            Stage::Notice => Self::Notice,
            Stage::Reminder => Self::Reminder,
            Stage::Final => Self::Final,
            Stage::Deactivated => Self::Deactivated,
        }
    }
}

/// A notice to be delivered: a row of the outbox. Texts and dates are worked out at each attempt, so that they are true then.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Notice {
    /// Deterministic, see [`Notice::new`]: the same stage of the same episode is the same notice, whatever crashed in between.
    pub id: NoticeId,
    /// What it tells.
    pub kind: NoticeKind,
    /// Whom.
    pub person: PersonId,
    /// Of which district.
    pub district: DistrictId,
    /// Of which episode.
    pub episode: u32,
    /// When its stage was due.
    pub due: Timestamp,
    /// When it entered the outbox.
    pub queued: Timestamp,
}

impl Notice {
    /// A notice with its deterministic id: a digest of person, designation, episode and kind.
    ///
    /// The moment of the designation is part of it, so that a person who is removed and designated anew gets fresh
    /// notices; a reactivation needs nothing of the kind, because episodes are counted on.
    pub fn new(
        kind: NoticeKind,
        contact: &crate::contact::Contact,
        episode: u32,
        due: Timestamp,
        queued: Timestamp,
    ) -> Self {
        use crate::hex;
        use sha2::{Digest, Sha256};
        let epoch = contact.designated;
        let text = format!(
            "{}\n{}\n{epoch}\n{episode}\n{}",
            contact.district,
            contact.person,
            kind.word()
        );
        let digest = hex(&Sha256::digest(text)[..16]);
        let id = NoticeId::new(digest).unwrap_or_else(|_| unreachable!("hex digits are an id"));
        Self {
            id,
            kind,
            person: contact.person.clone(),
            district: contact.district.clone(),
            episode,
            due,
            queued,
        }
    }
}

/// What became of one attempt to deliver a notice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "outcome")]
pub enum Outcome {
    /// A channel accepted it.
    Accepted {
        /// What the other side answered, e.g. the SMTP reply with its queue id.
        receipt: String,
    },
    /// Try again later.
    Retry {
        /// Why.
        why: String,
        /// Not before.
        not_before: Timestamp,
    },
    /// Refused for good by every channel, or given up: a dead letter.
    Failed {
        /// Why.
        why: String,
    },
    /// No longer wanted: the episode ended before it went out, or an operator refused it.
    Withdrawn,
    /// One of a mass: it waits for an operator's word.
    Held,
    /// An operator's word: it goes out now.
    Released,
}

/// As what a recipient is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RecipientRole {
    /// The person whom the notice is about.
    Contact,
    /// Another valid contact, because the person could not be reached.
    Colleague,
    /// The district's mailbox, for the same reason.
    Mailbox,
}

impl RecipientRole {
    /// The word of the role.
    pub fn word(self) -> &'static str {
        match self {
            Self::Contact => "contact",
            Self::Colleague => "colleague",
            Self::Mailbox => "mailbox",
        }
    }
}

/// What became of one message of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fate {
    /// The other side took it.
    Accepted,
    /// Not now, or nobody knows.
    Later,
    /// Refused for good.
    Refused,
}

/// One message of an attempt: an attempt goes on to the next channel and recipient when one refuses for good.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Trial {
    /// By which channel plugin.
    pub channel: String,
    /// As what the recipient is told.
    pub role: RecipientRole,
    /// To which address; empty if there was none.
    pub to: String,
    /// What became of it.
    pub fate: Fate,
    /// What the other side said, or what kept the message from it.
    pub said: String,
    /// By what the other side knows the message again, e.g. its Message-ID.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message_id: Option<String>,
    /// SHA-256 of the message as it was handed over, in hexadecimal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
}

/// One attempt to deliver a notice, as the outbox and the journal record it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Delivery {
    /// Which notice.
    pub notice: NoticeId,
    /// By which channel plugin; empty if none was reached.
    pub channel: String,
    /// To which addresses: those that accepted it, or the last that did not.
    pub recipients: Vec<String>,
    /// By what the other side knows it again: Message-ID of a mail, webhook-id of a request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message_id: Option<String>,
    /// When.
    pub at: Timestamp,
    /// What became of it.
    #[serde(flatten)]
    pub outcome: Outcome,
    /// Every message of the attempt, in order. Attempts of before they were kept have none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub trials: Vec<Trial>,
}

impl Delivery {
    /// What is recorded of a notice when nothing was sent.
    pub fn unsent(notice: NoticeId, at: Timestamp, outcome: Outcome) -> Self {
        Self {
            notice,
            channel: String::new(),
            recipients: Vec::new(),
            message_id: None,
            at,
            outcome,
            trials: Vec::new(),
        }
    }
}

/// Something that an operator must know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Alarm {
    /// Its code, e.g. `inactivity.last-contact`, `sync.refused`.
    pub code: String,
    /// The district concerned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub district: Option<DistrictId>,
    /// The person concerned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<PersonId>,
    /// One sentence.
    pub message: String,
    /// When.
    pub at: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_attempt_of_before_every_message_was_kept_still_reads_and_writes_as_it_did() {
        let written = r#"{"notice":"0a1b","channel":"email","recipients":["a@d.example"],"message-id":"<0a1b@d>","at":"2025-03-02T17:00:00Z","outcome":"accepted","receipt":"250 queued"}"#;
        let read: Delivery = serde_json::from_str(written).unwrap();
        assert_eq!(read.trials, []);
        assert_eq!(serde_json::to_string(&read).unwrap(), written);
    }
}
