//! A mail as a channel rendered it, before it is written down as a message.

use jiff::Timestamp;
use provost_core::id::{NoticeId, PluginId};

/// A mail to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    /// The notice that it tells.
    pub notice: NoticeId,
    /// The channel plugin that rendered it.
    pub channel: PluginId,
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

/// `<notice-id.channel@domain>`: the same for every attempt, another for every notice and channel (RFC 5322 §3.6.4).
pub fn message_id(notice: &NoticeId, channel: &PluginId, domain: &str) -> String {
    format!(
        "<{}.{}@{domain}>",
        atom(notice.as_str()),
        atom(channel.as_str())
    )
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

    #[test]
    fn a_message_id_is_one_atom_whatever_the_ids_hold() {
        let id = |notice: &str, channel: &str| {
            message_id(
                &NoticeId::new(notice).unwrap(),
                &PluginId::new(channel).unwrap(),
                "d.example",
            )
        };
        assert_eq!(id("0a1b", "email"), "<0a1b.email@d.example>");
        assert_eq!(id("a>b@c", "é"), "<a=3Eb=40c.=C3=A9@d.example>");
        assert_ne!(id("a.b", "c"), id("a", "b.c"));
    }
}
