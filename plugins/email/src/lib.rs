//! E-mail: notices as plain text and as simple HTML, readable by screen readers and without anything remote.
//!
//! Every notice names the day, what keeps or restores the authority, and whom to ask. The host judges SMTP replies.

use provost_plugin::channel::{
    AddressKind, Channel, ContactKind, Delivery, DeliveryKinds, Failure, JudgedReplies, Mail,
    Notice, NoticeKind, Outcome, Recipient, RecipientRole, Reply, Setting, text,
};
use provost_plugin::letter::{Letter, one_line};

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
        let day = about.deadline.as_ref().map_or("", |moment| &moment.day);
        let letter = letter(&about, &to, &set, day);
        Ok(vec![Delivery::Mail(Mail {
            subject: subject(&about, &to, &set, day),
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

/// One line, different at every stage, whatever names and settings hold.
fn subject(about: &Notice, to: &Recipient, set: &[Setting], day: &str) -> String {
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
    one_line(&(prefix + &line)).chars().take(240).collect()
}

/// What has happened or will, what helps, and whom to ask.
fn letter(about: &Notice, to: &Recipient, set: &[Setting], day: &str) -> Letter {
    let kind = match about.contact_kind {
        ContactKind::Support => "support",
        ContactKind::Technical => "technical",
    };
    let whose = match to.role {
        RecipientRole::Contact => "Your access".to_owned(),
        _ => format!("The access of {}", about.person),
    };
    let who = format!("{whose} as {kind} contact of {}", about.district);
    let last = about.last_activity.as_ref();
    let since = last.map_or(String::new(), |last| format!(" since {}", last.day));
    let mut letter = Letter::default();
    letter.paragraph(&format!("Dear {},", to.name));
    match about.kind {
        NoticeKind::Reactivated => letter.paragraph(&format!("{who} has been restored.")),
        NoticeKind::Deactivated => {
            let case = &about.restoring_case;
            letter.paragraph(&format!(
                "{who} was deactivated on {day}: no activity was seen{since}."
            ));
            letter.paragraph(&format!(
                "A case \"{case}\" that another contact of the district submits restores it. Nobody restores their own access."
            ));
        }
        _ => {
            let left = about.days_left;
            let portal = text(set, "portal").map_or(String::new(), |url| format!(": {url}"));
            let log_in = format!("log in to the support portal{portal}");
            let ways = [
                log_in,
                "submit a case or comment on one".into(),
                "call support".into(),
            ];
            letter.paragraph(&format!(
                "{who} will be deactivated on {day} (days left: {left}): no activity was seen{since}."
            ));
            letter.list(&format!("One of these before {day} keeps it:"), ways);
        }
    }
    ask(&mut letter, about);
    text(set, "signature")
        .into_iter()
        .for_each(|line| letter.paragraph(line));
    letter
}

/// The other contacts and the district's help.
fn ask(letter: &mut Letter, about: &Notice) {
    let line = |name: &str, ways: [&Option<String>; 2]| {
        let ways = ways.into_iter().flatten().map(String::as_str);
        std::iter::once(name)
            .chain(ways)
            .collect::<Vec<_>>()
            .join(", ")
    };
    let others = about
        .others
        .iter()
        .map(|other| line(&other.name, [&other.mail, &other.phone]));
    let help = line(
        "Help of the district",
        [&about.help_mail, &about.help_phone],
    );
    if about.last_contact {
        letter.paragraph("No other contact of the district has access: without one, support has to verify it anew.");
    }
    letter.list("Whom to ask:", others.chain([help]));
}

#[cfg(test)]
mod tests;
