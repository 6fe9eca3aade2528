//! A mail as a channel rendered it, before it is written down as a message.

use jiff::Timestamp;
use provost_core::hex;
use provost_core::id::{NoticeId, PluginId};
use provost_core::notice::RecipientRole;
use sha2::{Digest, Sha256};

/// A mail to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    /// The notice that it tells.
    pub notice: NoticeId,
    /// The channel plugin that rendered it.
    pub channel: PluginId,
    /// As what its recipients are told.
    pub role: RecipientRole,
    /// Addresses, at least one.
    pub to: Vec<String>,
    /// One line of text.
    pub subject: String,
    /// The text for everyone.
    pub text: String,
    /// The same as HTML, if the channel made one.
    pub html: Option<String>,
    /// Further headers that the channel wants: name and value. What a channel may set is decided by [`super::Letter`].
    pub headers: Vec<(String, String)>,
    /// The time of this attempt, from the daemon's clock.
    pub date: Timestamp,
}

impl Mail {
    /// `<notice-id.channel@domain>`: the same for every attempt, another for every notice and channel (RFC 5322
    /// §3.6.4). Who is told in the contact's stead reads another text, and so gets a message of its own.
    pub fn message_id(&self, domain: &str) -> String {
        format!("<{}@{domain}>", self.local_id())
    }

    /// What tells the message from all others.
    pub(super) fn local_id(&self) -> String {
        let id = format!(
            "{}.{}",
            atom(self.notice.as_str()),
            atom(self.channel.as_str())
        );
        if self.role == RecipientRole::Contact {
            return id;
        }
        let told = format!("{}\n{}", self.role.word(), self.to.join("\n"));
        let short = hex(&Sha256::digest(told)[..4]);
        format!("{id}.{short}")
    }
}

/// The text in letters that an atom may hold; every other byte is written `=XX`, so that two texts never become one.
pub(super) fn atom(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' => char::from(byte).to_string(),
            _ => format!("={byte:02X}"),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mail(notice: &str, channel: &str) -> Mail {
        Mail {
            notice: NoticeId::new(notice).unwrap(),
            channel: PluginId::new(channel).unwrap(),
            role: RecipientRole::Contact,
            to: vec!["a@d.example".to_owned()],
            subject: String::new(),
            text: String::new(),
            html: None,
            headers: Vec::new(),
            date: Timestamp::UNIX_EPOCH,
        }
    }

    #[test]
    fn who_is_told_in_the_contacts_stead_gets_a_message_of_its_own() {
        let told = |role, to: &str| {
            let to = vec![to.to_owned()];
            let mail = Mail {
                role,
                to,
                ..mail("0a1b", "email")
            };
            mail.message_id("d.example")
        };
        let ids = [
            told(RecipientRole::Contact, "a@d.example"),
            told(RecipientRole::Colleague, "b@d.example"),
            told(RecipientRole::Colleague, "c@d.example"),
            told(RecipientRole::Mailbox, "b@d.example"),
        ];
        let different: std::collections::BTreeSet<_> = ids.iter().collect();
        assert_eq!(different.len(), 4, "{ids:?}");
        // Another address of the contact gets the same text, so that it is the same message.
        assert_eq!(told(RecipientRole::Contact, "x@d.example"), ids[0]);
    }

    #[test]
    fn a_message_id_is_one_atom_whatever_the_ids_hold() {
        let id = |notice: &str, channel: &str| mail(notice, channel).message_id("d.example");
        assert_eq!(id("0a1b", "email"), "<0a1b.email@d.example>");
        assert_eq!(id("a>b@c", "é"), "<a=3Eb=40c.=C3=A9@d.example>");
        assert_ne!(id("a.b", "c"), id("a", "b.c"));
    }
}
