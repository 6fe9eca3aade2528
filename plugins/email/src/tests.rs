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

#[test]
fn the_notice_says_the_day_what_to_do_and_whom_to_ask() {
    let mail = render(about(NoticeKind::Notice), &[("signature", "Lone Pine IT")]);
    assert_eq!(
        mail.subject,
        "Your support access will be deactivated on Tuesday, 1 April 2025"
    );
    assert_eq!(
        mail.text,
        "Dear Ana <Ortiz>,\n\n\
         Your access as support contact of Lone Pine Unified will be deactivated on Tuesday, 1 April 2025, 10:00 \
         (UTC-06:00), in 30 days: no activity was seen since Tuesday, 3 September 2024.\n\n\
         WHAT TO DO\nOne of these before Tuesday, 1 April 2025 keeps it:\n  - log in to the support portal\n  \
         - submit a case or comment on one\n  - call support\n\n\
         WHOM TO ASK\n  - Ben Cho, ben.cho@lonepine.example\n  - Help of the district, +1 555 0100\n\n\
         Lone Pine IT\n"
    );
}

#[test]
fn every_stage_says_everyone_the_day_what_to_do_and_whom_to_ask() {
    let mut subjects = Vec::new();
    for role in ROLES {
        for kind in KINDS {
            let mail = render_to(about(kind), role, &[]);
            let day = match kind {
                NoticeKind::Reactivated => "Sunday, 2 March 2025, 10:00 (UTC-07:00)",
                _ => "Tuesday, 1 April 2025, 10:00 (UTC-06:00)",
            };
            for said in [day, "\nWHAT TO DO\n", "\nWHOM TO ASK\n", "+1 555 0100"] {
                assert!(mail.text.contains(said), "{said}: {}", mail.text);
            }
            subjects.push(mail.subject);
        }
    }
    subjects.sort_unstable();
    subjects.dedup();
    // Colleague and mailbox read the same subjects.
    assert_eq!(subjects.len(), 2 * KINDS.len());
}

#[test]
fn whoever_is_told_instead_of_the_person_reads_why_and_what_they_can_do() {
    let mail = render_to(
        about(NoticeKind::Deactivated),
        RecipientRole::Colleague,
        &[],
    );
    assert_eq!(
        mail.text,
        "Dear Ben Cho,\n\n\
         Ana <Ortiz> could not be reached. You are told as another contact of the district: please pass it on.\n\n\
         The access of Ana <Ortiz> as support contact of Lone Pine Unified was deactivated on Tuesday, 1 April 2025, \
         10:00 (UTC-06:00): no activity was seen since Tuesday, 3 September 2024.\n\n\
         WHAT TO DO\nIf it is still needed, submit a case \"Modify Support Contact\": it restores the access.\n\n\
         WHOM TO ASK\n  - Help of the district, +1 555 0100\n"
    );
    let mail = render_to(about(NoticeKind::Final), RecipientRole::Mailbox, &[]);
    assert!(
        mail.text.starts_with(
            "Dear colleagues of Lone Pine Unified,\n\nAna <Ortiz> could not be reached."
        )
    );
}

#[test]
fn the_last_contact_is_told_so_and_always_finds_somebody_to_ask() {
    let mut last = about(NoticeKind::Final);
    (last.last_contact, last.others, last.help_phone) = (true, vec![], None);
    (last.days_left, last.last_activity) = (1, None);
    let text = render(last, &[]).text;
    assert!(
        text.contains("\nLAST CONTACT OF THE DISTRICT\nNo other contact"),
        "{text}"
    );
    assert!(
        text.contains(", tomorrow: no activity was ever seen."),
        "{text}"
    );
    assert!(
        text.contains("\nWHOM TO ASK\n  - Support, as you usually reach it\n"),
        "{text}"
    );
}

#[test]
fn neither_names_nor_settings_break_out_of_a_line_or_into_the_html() {
    let mut notice = about(NoticeKind::Final);
    notice.person = "Eve\r\nBcc: x@example.org <script>".into();
    let mail = render(
        notice,
        &[("organisation", "A\nB"), ("signature", "<img src=x>\n.")],
    );
    let html = mail.html.unwrap();
    assert!(!mail.subject.contains(char::is_control));
    assert!(mail.subject.starts_with("[A B] Final notice: "));
    assert!(!mail.text.contains("\nBcc"));
    for tag in [
        "<script", "<img", "http:", "https:", "src=", "href=", "<table", "color:",
    ] {
        assert!(!html.contains(tag), "{html}");
    }
}

#[test]
fn an_address_of_another_kind_is_refused() {
    let mut phone = to(RecipientRole::Contact);
    phone.address = "+1 555 0100".into();
    let refused = Email::render(about(NoticeKind::Notice), phone, vec![]);
    assert!(matches!(refused, Err(Failure::Address(_))));
}
