//! {{title}}: notices as messages of a chat, posted as JSON to an address of its settings.

use provost_plugin::channel::{
    AddressKind, Auth, Channel, Delivery, DeliveryKinds, Failure, Header, HttpReply, HttpRequest,
    JudgedReplies, Method, Notice, NoticeKind, Outcome, Recipient, Reply, Retry, Setting, text,
};

/// The settings that an administrator may write, as a JSON Schema.
const SCHEMA: &str = r#"{ "type": "object", "additionalProperties": false, "required": ["url"], "properties": {
  "url": { "type": "string", "description": "Where messages are posted to" } } }"#;

struct Plugin;

impl provost_plugin::Channel for Plugin {
    fn describe() -> Channel {
        Channel {
            title: "{{title}}".into(),
            address: AddressKind::Mail,
            settings_schema: SCHEMA.into(),
            deliveries: DeliveryKinds::HTTP,
            // Which host it is follows from the settings; the administrator allows it in any case.
            hosts: vec![],
            secrets: vec!["token".into()],
            judges: JudgedReplies::empty(),
        }
    }

    fn render(notice: Notice, to: Recipient, set: Vec<Setting>) -> Result<Vec<Delivery>, Failure> {
        let url = text(&set, "url").unwrap_or_default();
        if !url.starts_with("https://") {
            return Err(Failure::Settings("url must begin with https://".into()));
        }
        Ok(vec![Delivery::Http(HttpRequest {
            method: Method::Post,
            url: url.into(),
            headers: vec![Header {
                name: "Content-Type".into(),
                value: "application/json".into(),
            }],
            body: format!("{{\"to\": {}, \"text\": {}}}", json(&to.address), json(&told(&notice)))
                .into_bytes(),
            // The name of a secret: the host puts the secret itself in, a plugin never sees one.
            auth: Auth::Bearer("token".into()),
        })])
    }

    fn judge(reply: Reply) -> Outcome {
        match reply {
            Reply::Http(reply) => judged(&reply),
            Reply::Mail(_) => Outcome::Failed("the chat takes no mail".into()),
        }
    }
}

provost_plugin::channel!(Plugin);

/// What a notice tells, in a sentence or two.
fn told(notice: &Notice) -> String {
    let (person, district) = (&notice.person, &notice.district);
    let day = notice.deadline.as_ref().map_or("soon", |at| at.day.as_str());
    let days = notice.days_left;
    match notice.kind {
        NoticeKind::Notice | NoticeKind::Reminder | NoticeKind::Final => format!(
            "{person} stops being an authorized contact of {district} on {day}, in {days} days. \
             Logging in to the portal or working on a case keeps it."
        ),
        NoticeKind::Deactivated => format!(
            "{person} is no longer an authorized contact of {district}. \
             Another contact restores it with the case \"{}\".",
            notice.restoring_case
        ),
        NoticeKind::Reactivated => {
            format!("{person} is an authorized contact of {district} again.")
        }
    }
}

/// What the chat's answer means for the notice.
fn judged(reply: &HttpReply) -> Outcome {
    let why = format!("the chat answered {}", reply.status);
    match reply.status {
        200..=299 => Outcome::Delivered(why),
        429 | 500..=599 => Outcome::Retry(Retry {
            after_seconds: wait(reply),
            why,
        }),
        _ => Outcome::Failed(why),
    }
}

/// How long the chat asks to wait, in seconds.
fn wait(reply: &HttpReply) -> Option<u32> {
    let is_wait = |header: &&Header| header.name.eq_ignore_ascii_case("retry-after");
    reply.headers.iter().find(is_wait)?.value.trim().parse().ok()
}

/// A text as JSON.
fn json(text: &str) -> String {
    let mut quoted = String::from("\"");
    for letter in text.chars() {
        match letter {
            '"' | '\\' => quoted.extend(['\\', letter]),
            control if control.is_control() => quoted += &format!("\\u{:04x}", u32::from(control)),
            other => quoted.push(other),
        }
    }
    quoted.push('"');
    quoted
}
