//! The channels that ship, called as the daemon calls them.

use provost_core::contact::ContactKind;
use provost_core::district::Help;
use provost_core::notice::NoticeKind;
use provost_sandbox::{
    Auth, Channel, Delivery, Header, Helper, Moment, NoticeView, Plugin, Recipient, RecipientRole,
    RenderError, RenderFailure, Reply, TrustInMemory, Verdict,
};
use serde_json::{Map, Value, json};
use std::time::Duration;

use crate::guest::guest;
use crate::{engine, id};

fn channel(name: &str) -> Channel {
    match engine().load(id(name), None, &guest(name), &TrustInMemory::default()) {
        Ok(Plugin::Channel(channel)) => channel,
        other => panic!("no channel but {other:?}"),
    }
}

fn email() -> Channel {
    channel("email")
}

fn view(kind: NoticeKind) -> NoticeView {
    let zone = provost_core::time::Zone::new("America/Denver").unwrap();
    let moment = |at: &str| Moment::new(at.parse().unwrap(), &zone);
    NoticeView {
        id: "0a1b2c".to_owned(),
        kind,
        person: "Ana Ortiz".to_owned(),
        contact_kind: ContactKind::Support,
        district: "Big Sky Unified".to_owned(),
        written: moment("2025-03-02T10:00:00-07:00"),
        last_activity: Some(moment("2024-09-03T10:00:00-06:00")),
        deadline: Some(moment("2025-04-01T10:00:00-06:00")),
        days_left: 30,
        last_contact: false,
        others: vec![Helper {
            name: "Ben Cho".to_owned(),
            kind: ContactKind::Technical,
            mail: Some("ben@bigsky.example".to_owned()),
            phone: None,
        }],
        restoring_case: "Modify Support Contact".to_owned(),
        help: Help {
            phone: Some("+1 555 0100".to_owned()),
            mail: None,
        },
    }
}

fn ana(address: &str) -> Recipient {
    Recipient {
        address: address.to_owned(),
        name: "Ana Ortiz".to_owned(),
        role: RecipientRole::Contact,
    }
}

#[test]
fn email_renders_every_notice_as_one_mail() {
    let channel = email();
    let kinds = [
        (
            NoticeKind::Notice,
            "Your support access will be deactivated on Tuesday, 1 April 2025",
        ),
        (
            NoticeKind::Reminder,
            "Reminder: Your support access will be deactivated on Tuesday, 1 April 2025",
        ),
        (
            NoticeKind::Final,
            "Final notice: Your support access ends on Tuesday, 1 April 2025",
        ),
        (
            NoticeKind::Deactivated,
            "Your support access was deactivated on Tuesday, 1 April 2025",
        ),
        (
            NoticeKind::Reactivated,
            "Your support access has been restored",
        ),
    ];
    for (kind, subject) in kinds {
        let rendered = channel
            .render(&view(kind), &ana("ana@bigsky.example"), &Map::new())
            .unwrap();
        let [Delivery::Mail(mail)] = &rendered[..] else {
            panic!("{rendered:?}");
        };
        assert_eq!(mail.subject, subject);
        assert!(
            mail.text.contains("Ben Cho, ben@bigsky.example"),
            "{}",
            mail.text
        );
        assert!(
            mail.html.as_ref().unwrap().contains("<li>Ben Cho"),
            "{mail:?}"
        );
    }
}

#[test]
fn email_refuses_what_is_no_mail_address() {
    let refused = email().render(&view(NoticeKind::Notice), &ana("+1 555 0100"), &Map::new());
    let expected = RenderError::Refused {
        plugin: id("email"),
        why: RenderFailure::Address("not a mail address".to_owned()),
    };
    assert_eq!(refused, Err(expected));
}

#[test]
fn email_has_a_schema_that_finds_misspelt_settings() {
    let settings = json!({ "signature": "IT", "orgnisation": "Big Sky" });
    let problems = email().check_settings(settings.as_object().unwrap());
    let said: Vec<String> = problems.iter().map(ToString::to_string).collect();
    assert_eq!(
        said,
        ["orgnisation is not a setting of this plugin; it has: organisation, portal, signature"]
    );
}

fn url() -> Map<String, Value> {
    let settings = json!({ "url": "https://hooks.bigsky.example/in" });
    settings.as_object().cloned().unwrap_or_default()
}

#[test]
fn webhook_renders_every_notice_as_one_signed_request() {
    let webhook = channel("webhook");
    for (kind, word) in NoticeKind::WORDS {
        let rendered = webhook
            .render(&view(kind), &ana("ana@bigsky.example"), &url())
            .unwrap();
        let [Delivery::Http(request)] = &rendered[..] else {
            panic!("{rendered:?}");
        };
        assert_eq!(request.url, "https://hooks.bigsky.example/in");
        let key = "signing-key".to_owned();
        assert_eq!(request.auth, Auth::StandardWebhooks(vec![key]));
        let body: Value = serde_json::from_slice(&request.body).unwrap();
        assert_eq!(body["type"], format!("inactivity.{word}"));
        assert_eq!(body["data"]["deadline"], "2025-04-01T10:00:00-06:00");
        assert_eq!(body["data"]["person"], "Ana Ortiz");
    }
}

#[test]
fn webhook_judges_what_was_answered() {
    let webhook = channel("webhook");
    let judge = |status: u16, wait: &str| {
        let reply = Reply::Http {
            status,
            headers: vec![Header {
                name: "retry-after".to_owned(),
                value: wait.to_owned(),
            }],
            body: b"because".to_vec(),
        };
        webhook.judge(&reply).unwrap()
    };
    let delivered = |receipt: &str| Verdict::Delivered {
        receipt: receipt.to_owned(),
    };
    let retry = |after: Option<u64>, why: &str| Verdict::Retry {
        after: after.map(Duration::from_secs),
        why: why.to_owned(),
    };
    assert_eq!(judge(200, ""), delivered("answered 200"));
    assert_eq!(judge(429, "90"), retry(Some(90), "answered 429: because"));
    assert_eq!(judge(503, "-1"), retry(None, "answered 503: because"));
    assert_eq!(judge(500, "90"), retry(None, "answered 500: because"));
    for refused in [301, 400, 404, 410] {
        assert!(
            matches!(judge(refused, "1"), Verdict::Failed { .. }),
            "{refused}"
        );
    }
}

#[test]
fn webhook_takes_a_url_and_nothing_else() {
    let settings = json!({ "uri": "https://hooks.bigsky.example/in" });
    let problems = channel("webhook").check_settings(settings.as_object().unwrap());
    let said: Vec<String> = problems.iter().map(ToString::to_string).collect();
    assert_eq!(
        said,
        [
            "uri is not a setting of this plugin; it has: url",
            "url is missing"
        ]
    );
}
