//! E-mail: notices as plain text and as simple HTML, readable by screen readers and without anything remote.
//!
//! Every notice names the day, what keeps or restores the authority, and whom to ask. The host judges SMTP replies.

mod letter;

use letter::Letter;
use provost_plugin::channel::{
    AddressKind, Channel, Delivery, DeliveryKinds, Failure, Header, JudgedReplies, Mail, Notice,
    NoticeKind, Outcome, Recipient, RecipientRole, Reply, Setting, text,
};

/// Settings, all optional.
const SCHEMA: &str = r#"{ "type": "object", "additionalProperties": false, "properties": {
  "organisation": { "type": "string", "maxLength": 100, "description": "Begins every subject, in brackets" },
  "portal": { "type": "string", "maxLength": 500, "description": "Address of the support portal" },
  "signature": { "type": "string", "maxLength": 300, "description": "Last line of every mail" } } }"#;

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
        let letter = Letter::new(&about, &to, &set);
        Ok(vec![Delivery::Mail(Mail {
            subject: subject(&about, &to, &set),
            text: letter.text(),
            html: Some(letter.html()),
            // RFC 3834, section 5: automatic responders are not to answer.
            headers: vec![Header {
                name: "Auto-Submitted".into(),
                value: "auto-generated".into(),
            }],
        })])
    }

    fn judge(_: Reply) -> Outcome {
        Outcome::Failed("the host judges replies to mail".into())
    }
}

/// One line, different at every stage, whatever names and settings hold.
fn subject(about: &Notice, to: &Recipient, set: &[Setting]) -> String {
    let day = about.deadline.as_ref().map_or("", |moment| &moment.day);
    let whose = match to.role {
        RecipientRole::Contact => "Your support access".to_owned(),
        _ => format!("Support access of {}", about.person),
    };
    let line = match about.kind {
        NoticeKind::Notice => format!("{whose} will be deactivated on {day}"),
        NoticeKind::Reminder => format!("Reminder: {whose} will be deactivated on {day}"),
        NoticeKind::Final => format!("Final notice: {whose} ends on {day}"),
        NoticeKind::Deactivated => format!("{whose} was deactivated on {day}"),
        NoticeKind::Reactivated => format!("{whose} has been restored"),
    };
    let prefix = text(set, "organisation").map_or(String::new(), |name| format!("[{name}] "));
    let one_line = |letter: char| if letter.is_control() { ' ' } else { letter };
    let letters = prefix.chars().chain(line.chars());
    letters.map(one_line).take(240).collect()
}

provost_plugin::channel!(Email);

#[cfg(test)]
mod tests;
