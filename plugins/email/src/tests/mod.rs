//! A notice, and those who are told.

use super::*;
use provost_plugin::Channel as _;
use provost_plugin::channel::{ContactKind, Helper, Moment, RecipientRole, Value};

fn moment(day: &str, rfc3339: &str, unix_seconds: i64) -> Moment {
    Moment {
        day: day.into(),
        rfc3339: rfc3339.into(),
        unix_seconds,
    }
}

fn about(kind: NoticeKind) -> Notice {
    let day = moment("1 April 2025", "2025-04-01T10:00:00-06:00", 1_743_523_200);
    Notice {
        id: "0a1b".into(),
        kind,
        person: "Ana <Ortiz>".into(),
        contact_kind: ContactKind::Support,
        district: "Lone Pine Unified".into(),
        written: moment("2 March 2025", "2025-03-02T10:00:00-07:00", 1_740_934_800),
        last_activity: Some(moment(
            "3 September 2024",
            "2024-09-03T10:00:00-06:00",
            1_725_379_200,
        )),
        deadline: (kind != NoticeKind::Reactivated).then_some(day),
        days_left: 30,
        last_contact: false,
        others: vec![Helper {
            name: "Ben Cho".into(),
            kind: ContactKind::Technical,
            mail: Some("ben.cho@lonepine.example".into()),
            phone: None,
        }],
        restoring_case: "Modify Support Contact".into(),
        help_phone: Some("+1 555 0100".into()),
        help_mail: None,
    }
}

fn to(role: RecipientRole) -> Recipient {
    let (address, name) = match role {
        RecipientRole::Contact => ("ana.ortiz@lonepine.example", "Ana <Ortiz>"),
        RecipientRole::Colleague => ("ben.cho@lonepine.example", "Ben Cho"),
        RecipientRole::Mailbox => ("it@lonepine.example", ""),
    };
    Recipient {
        address: address.into(),
        name: name.into(),
        role,
    }
}

fn render_to(about: Notice, role: RecipientRole, set: &[(&str, &str)]) -> Mail {
    let setting = |(name, value): &(&str, &str)| Setting {
        name: (*name).into(),
        value: Value::Text((*value).into()),
    };
    let set = set.iter().map(setting).collect();
    match Email::render(about, to(role), set).unwrap().remove(0) {
        Delivery::Mail(mail) => mail,
        Delivery::Http(_) => unreachable!("the channel declares mail alone"),
    }
}

fn render(about: Notice, set: &[(&str, &str)]) -> Mail {
    render_to(about, RecipientRole::Contact, set)
}

const KINDS: [NoticeKind; 5] = [
    NoticeKind::Notice,
    NoticeKind::Reminder,
    NoticeKind::Final,
    NoticeKind::Deactivated,
    NoticeKind::Reactivated,
];
const ROLES: [RecipientRole; 3] = [
    RecipientRole::Contact,
    RecipientRole::Colleague,
    RecipientRole::Mailbox,
];

mod hostile;
mod told;
