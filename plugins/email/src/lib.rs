//! E-mail: notices as plain text and as simple HTML, readable by screen readers and without anything remote.
//!
//! Every notice names the day, what keeps or restores the authority, and whom to ask. The host judges SMTP replies.

use provost_plugin::channel::{
    AddressKind, Channel, Delivery, DeliveryKinds, Failure, JudgedReplies, Mail, Notice,
    NoticeKind, Outcome, Recipient, Reply, Setting, text,
};
use provost_plugin::letter::one_line;

mod help;
mod words;

use words::Words;

/// Settings, all optional.
const SCHEMA: &str = r#"{ "type": "object", "additionalProperties": false, "properties": {
  "organisation": { "type": "string", "maxLength": 100, "description": "Begins every subject, in brackets" },
  "portal": { "type": "string", "maxLength": 500, "description": "Address of the support portal" },
  "signature": { "type": "string", "maxLength": 300, "description": "Last line of every mail" } } }"#;

/// Letters of a subject at most: longer ones are cut by those who show them.
const SUBJECT_MAX: usize = 240;

/// The plugin.
pub struct Email;

impl provost_plugin::Channel for Email {
    fn describe() -> Channel {
        Channel {
            title: "E-mail".into(),
            address: AddressKind::Mail,
            settings_schema: SCHEMA.into(),
            deliveries: DeliveryKinds::MAIL,
            hosts: vec![],
            secrets: vec![],
            judges: JudgedReplies::empty(),
        }
    }

    fn render(about: Notice, to: Recipient, set: Vec<Setting>) -> Result<Vec<Delivery>, Failure> {
        if !to.address.contains('@') || to.address.contains(char::is_control) {
            return Err(Failure::Address("not a mail address".into()));
        }
        if about.deadline.is_none() && about.kind != NoticeKind::Reactivated {
            return Err(Failure::Notice("the day of deactivation is missing".into()));
        }
        let words = Words::new(&about, &to, text(&set, "portal"));
        let mut letter = words.letter();
        if let Some(line) = text(&set, "signature") {
            letter.paragraph(line);
        }
        let prefix = text(&set, "organisation").map_or(String::new(), |name| format!("[{name}] "));
        let subject = one_line(&(prefix + &words.title()));
        Ok(vec![Delivery::Mail(Mail {
            subject: subject.chars().take(SUBJECT_MAX).collect(),
            text: letter.plain(),
            html: Some(letter.html()),
            headers: vec![],
        })])
    }

    fn judge(_: Reply) -> Outcome {
        Outcome::Failed("the host judges replies to mail".into())
    }
}

provost_plugin::channel!(Email);

#[cfg(test)]
mod tests;
