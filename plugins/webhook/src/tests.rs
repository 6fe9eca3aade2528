use super::*;
use provost_plugin::Channel as _;
use provost_plugin::channel::{ContactKind, Helper, Moment, NoticeKind, RecipientRole, Value};

fn moment(rfc3339: &str) -> Moment {
    Moment {
        day: "1 April 2025".into(),
        rfc3339: rfc3339.into(),
        unix_seconds: 0,
    }
}

fn about() -> Notice {
    Notice {
        id: "0a1b".into(),
        kind: NoticeKind::Notice,
        person: "Ana \"A\" Ortiz\n".into(),
        contact_kind: ContactKind::Support,
        district: "Lone Pine Unified".into(),
        written: moment("2025-03-02T10:00:00-07:00"),
        last_activity: None,
        deadline: Some(moment("2025-04-01T10:00:00-06:00")),
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

fn to() -> Recipient {
    Recipient {
        address: "ana.ortiz@lonepine.example".into(),
        name: "Ana Ortiz".into(),
        role: RecipientRole::Contact,
    }
}

#[test]
fn the_body_has_the_shape_that_the_readme_shows() {
    let url = Setting {
        name: "url".into(),
        value: Value::Text("https://h.example/in".into()),
    };
    let rendered = Webhook::render(about(), to(), vec![url]).unwrap().remove(0);
    let Delivery::Http(request) = rendered else {
        unreachable!("the channel declares HTTP alone")
    };
    assert_eq!(request.url, "https://h.example/in");
    let body: serde_json::Value = serde_json::from_slice(&request.body).unwrap();
    let readme = include_str!("../README.md");
    let example = readme
        .split("```json\n")
        .nth(1)
        .unwrap()
        .split("```")
        .next()
        .unwrap();
    let mut example: serde_json::Value = serde_json::from_str(example).unwrap();
    example["data"]["person"] = "Ana \"A\" Ortiz\n".into();
    example["data"]["notice"] = "0a1b".into();
    assert_eq!(body, example);
}

#[test]
fn without_a_url_nothing_is_rendered_and_the_setting_is_named() {
    let ftp = Setting {
        name: "url".into(),
        value: Value::Text("ftp://h.example".into()),
    };
    for settings in [vec![], vec![ftp]] {
        let refused = Webhook::render(about(), to(), settings);
        assert!(
            matches!(refused, Err(Failure::Settings(why)) if why == "url must begin with https://")
        );
    }
}

fn judge(status: u16, headers: &[(&str, &str)], body: &str) -> String {
    let headers = headers.iter().map(|(name, value)| Header {
        name: (*name).into(),
        value: (*value).into(),
    });
    let reply = Reply::Http(HttpReply {
        status,
        headers: headers.collect(),
        body: body.into(),
    });
    match Webhook::judge(reply) {
        Outcome::Delivered(receipt) => format!("delivered: {receipt}"),
        Outcome::Retry(retry) => format!("retry {:?}: {}", retry.after_seconds, retry.why),
        Outcome::Failed(why) => format!("failed: {why}"),
    }
}

#[test]
fn every_answer_is_judged_as_the_readme_says() {
    assert_eq!(judge(204, &[], ""), "delivered: answered 204");
    assert_eq!(
        judge(301, &[("location", "https://else.example")], ""),
        "failed: answered 301: redirects are not followed, set url to the new address"
    );
    assert_eq!(
        judge(400, &[], "no\r\nsuch thing"),
        "failed: answered 400: no  such thing"
    );
    assert_eq!(
        judge(410, &[], ""),
        "failed: answered 410: the receiver wants no more notices"
    );
    assert_eq!(
        judge(429, &[("Retry-After", " 120")], ""),
        "retry Some(120): answered 429"
    );
    assert_eq!(
        judge(503, &[("retry-after", "soon")], "x"),
        "retry None: answered 503: x"
    );
    assert_eq!(
        judge(500, &[("retry-after", "9")], ""),
        "retry None: answered 500"
    );
    assert_eq!(
        judge(404, &[], &"é".repeat(5000)).chars().count(),
        "failed: answered 404: ".len() + 200
    );
}
