use super::*;
use provost_plugin::Channel as _;
use provost_plugin::channel::{ContactKind, Helper, Moment, Value};

fn moment(day: &str) -> Moment {
    Moment {
        day: day.into(),
        rfc3339: String::new(),
        unix_seconds: 0,
    }
}

fn about(kind: NoticeKind) -> Notice {
    Notice {
        id: "0a1b".into(),
        kind,
        person: "Ana <Ortiz>".into(),
        contact_kind: ContactKind::Support,
        district: "Lone Pine Unified".into(),
        written: moment("2 March 2025"),
        last_activity: Some(moment("3 September 2024")),
        deadline: (kind != NoticeKind::Reactivated).then(|| moment("1 April 2025")),
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
    Recipient {
        address: "ana.ortiz@lonepine.example".into(),
        name: "Ana <Ortiz>".into(),
        role,
    }
}

fn render(about: Notice, set: &[(&str, &str)]) -> Mail {
    let setting = |(name, value): &(&str, &str)| Setting {
        name: (*name).into(),
        value: Value::Text((*value).into()),
    };
    let set = set.iter().map(setting).collect();
    match Email::render(about, to(RecipientRole::Contact), set)
        .unwrap()
        .remove(0)
    {
        Delivery::Mail(mail) => mail,
        Delivery::Http(_) => unreachable!("the channel declares mail alone"),
    }
}

const KINDS: [NoticeKind; 5] = [
    NoticeKind::Notice,
    NoticeKind::Reminder,
    NoticeKind::Final,
    NoticeKind::Deactivated,
    NoticeKind::Reactivated,
];

#[test]
fn the_notice_says_the_day_what_to_do_and_whom_to_ask() {
    let mail = render(about(NoticeKind::Notice), &[("signature", "Lone Pine IT")]);
    assert_eq!(
        mail.subject,
        "Your support access will be deactivated on 1 April 2025"
    );
    assert_eq!(
        mail.text,
        "Dear Ana <Ortiz>,\n\n\
         Your access as support contact of Lone Pine Unified will be deactivated on 1 April 2025 \
         (days left: 30): no activity was seen since 3 September 2024.\n\n\
         One of these before 1 April 2025 keeps it:\n  - log in to the support portal\n  \
         - submit a case or comment on one\n  - call support\n\n\
         Whom to ask:\n  - Ben Cho, ben.cho@lonepine.example\n  - Help of the district, +1 555 0100\n\n\
         Lone Pine IT\n"
    );
}

#[test]
fn every_stage_has_a_subject_of_its_own_and_a_text_with_its_day() {
    let mails: Vec<Mail> = KINDS.map(|kind| render(about(kind), &[])).into();
    let mut subjects: Vec<&str> = mails.iter().map(|mail| mail.subject.as_str()).collect();
    subjects.sort_unstable();
    subjects.dedup();
    assert_eq!(subjects.len(), KINDS.len());
    for mail in mails.iter().take(4) {
        assert!(mail.subject.contains("1 April 2025"), "{}", mail.subject);
        assert!(mail.text.contains("1 April 2025"), "{}", mail.text);
    }
    assert!(mails[3].text.contains("\"Modify Support Contact\""));
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
    for tag in ["<script", "<img", "http"] {
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
