//! The body of a webhook, version 1. A field is never renamed or taken away within a version; new ones may come.

use provost_plugin::channel::{
    ContactKind, Helper, Moment, Notice, NoticeKind, Recipient, RecipientRole,
};
use serde::Serialize;

/// The version of the shape.
const VERSION: u32 = 1;

/// A notice as a receiver reads it.
#[derive(Debug, Serialize)]
pub struct Body<'n> {
    #[serde(rename = "type")]
    kind: &'static str,
    timestamp: &'n str,
    data: Data<'n>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
struct Data<'n> {
    version: u32,
    notice: &'n str,
    person: &'n str,
    contact_kind: &'static str,
    district: &'n str,
    recipient: To<'n>,
    last_activity: Option<&'n str>,
    deadline: Option<&'n str>,
    days_left: u32,
    last_contact: bool,
    others: Vec<Other<'n>>,
    restoring_case: &'n str,
    help: Help<'n>,
}

#[derive(Debug, Serialize)]
struct To<'n> {
    address: &'n str,
    name: &'n str,
    role: &'static str,
}

#[derive(Debug, Serialize)]
struct Other<'n> {
    name: &'n str,
    kind: &'static str,
    mail: Option<&'n str>,
    phone: Option<&'n str>,
}

#[derive(Debug, Serialize)]
struct Help<'n> {
    phone: Option<&'n str>,
    mail: Option<&'n str>,
}

impl<'n> Body<'n> {
    /// What a notice tells one recipient.
    pub fn new(about: &'n Notice, to: &'n Recipient) -> Self {
        let at = |moment: &'n Option<Moment>| moment.as_ref().map(|moment| moment.rfc3339.as_str());
        Self {
            kind: kind(about.kind),
            timestamp: &about.written.rfc3339,
            data: Data {
                version: VERSION,
                notice: &about.id,
                person: &about.person,
                contact_kind: contact(about.contact_kind),
                district: &about.district,
                recipient: To {
                    address: &to.address,
                    name: &to.name,
                    role: role(to.role),
                },
                last_activity: at(&about.last_activity),
                deadline: at(&about.deadline),
                days_left: about.days_left,
                last_contact: about.last_contact,
                others: about.others.iter().map(other).collect(),
                restoring_case: &about.restoring_case,
                help: Help {
                    phone: about.help_phone.as_deref(),
                    mail: about.help_mail.as_deref(),
                },
            },
        }
    }

    /// As JSON text.
    ///
    /// # Errors
    /// Never in practice: everything in it is text, numbers and switches.
    pub fn json(&self) -> Result<Vec<u8>, String> {
        serde_json::to_vec(self).map_err(|why| why.to_string())
    }
}

fn other(helper: &Helper) -> Other<'_> {
    Other {
        name: &helper.name,
        kind: contact(helper.kind),
        mail: helper.mail.as_deref(),
        phone: helper.phone.as_deref(),
    }
}

fn kind(kind: NoticeKind) -> &'static str {
    match kind {
        NoticeKind::Notice => "inactivity.notice",
        NoticeKind::Reminder => "inactivity.reminder",
        NoticeKind::Final => "inactivity.final",
        NoticeKind::Deactivated => "inactivity.deactivated",
        NoticeKind::Reactivated => "inactivity.reactivated",
    }
}

fn contact(kind: ContactKind) -> &'static str {
    match kind {
        ContactKind::Support => "support",
        ContactKind::Technical => "technical",
    }
}

fn role(role: RecipientRole) -> &'static str {
    match role {
        RecipientRole::Contact => "contact",
        RecipientRole::Colleague => "colleague",
        RecipientRole::Mailbox => "mailbox",
    }
}
