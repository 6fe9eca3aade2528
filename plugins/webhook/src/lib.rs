//! Webhook: notices as signed HTTP requests, as Standard Webhooks describes them.
//!
//! The body is [`Body`], version 1; README.md beside this crate shows it and says how a receiver answers. The host signs,
//! sends, and tells what was answered.

use provost_plugin::channel::{
    AddressKind, Auth, Channel, Delivery, DeliveryKinds, Failure, Header, HttpReply, HttpRequest,
    JudgedReplies, Method, Notice, Outcome, Recipient, Reply, Retry, Setting, text,
};
use provost_plugin::letter::one_line;

mod body;

pub use body::Body;

/// Settings.
const SCHEMA: &str = r#"{ "type": "object", "additionalProperties": false, "required": ["url"], "properties": {
  "url": { "type": "string", "minLength": 9, "maxLength": 2000, "description": "Where notices are posted to" } } }"#;
/// The secret that signs.
const KEY: &str = "signing-key";
/// Letters of an answer's body that are quoted when it refuses.
const QUOTED: usize = 200;

/// The plugin.
pub struct Webhook;

impl provost_plugin::Channel for Webhook {
    fn describe() -> Channel {
        Channel {
            title: "Webhook".into(),
            address: AddressKind::Mail,
            settings_schema: SCHEMA.into(),
            deliveries: DeliveryKinds::HTTP,
            hosts: vec![],
            secrets: vec![KEY.into()],
            judges: JudgedReplies::empty(),
        }
    }

    fn render(about: Notice, to: Recipient, set: Vec<Setting>) -> Result<Vec<Delivery>, Failure> {
        let url = text(&set, "url").unwrap_or_default();
        if !url.starts_with("https://") && !url.starts_with("http://") {
            return Err(Failure::Settings("url must begin with https://".into()));
        }
        let body = Body::new(&about, &to).json();
        Ok(vec![Delivery::Http(HttpRequest {
            method: Method::Post,
            url: url.into(),
            headers: vec![Header {
                name: "Content-Type".into(),
                value: "application/json".into(),
            }],
            body: body.map_err(Failure::Notice)?,
            auth: Auth::StandardWebhooks(vec![KEY.into()]),
        })])
    }

    fn judge(reply: Reply) -> Outcome {
        match reply {
            Reply::Http(reply) => judged(&reply),
            Reply::Mail(_) => Outcome::Failed("a webhook sends no mail".into()),
        }
    }
}

provost_plugin::channel!(Webhook);

/// What the receiver's answer means for the notice.
fn judged(reply: &HttpReply) -> Outcome {
    let status = reply.status;
    let why = || said(status, &reply.body);
    match status {
        200..=299 => Outcome::Delivered(format!("answered {status}")),
        300..=399 => Outcome::Failed(format!(
            "answered {status}: redirects are not followed, set url to the new address"
        )),
        410 => Outcome::Failed("answered 410: the receiver wants no more notices".into()),
        429 | 503 => Outcome::Retry(Retry {
            after_seconds: wait(reply),
            why: why(),
        }),
        400..=499 => Outcome::Failed(why()),
        _ => Outcome::Retry(Retry {
            after_seconds: None,
            why: why(),
        }),
    }
}

/// How long the receiver asks to wait; the host has turned dates into seconds.
fn wait(reply: &HttpReply) -> Option<u32> {
    let is_wait = |header: &&Header| header.name.eq_ignore_ascii_case("retry-after");
    reply
        .headers
        .iter()
        .find(is_wait)?
        .value
        .trim()
        .parse()
        .ok()
}

/// The status, and the beginning of what was said about it.
fn said(status: u16, body: &[u8]) -> String {
    let text = one_line(&String::from_utf8_lossy(body));
    let quoted: String = text.trim().chars().take(QUOTED).collect();
    let colon = if quoted.is_empty() { "" } else { ": " };
    format!("answered {status}{colon}{quoted}")
}

#[cfg(test)]
mod tests;
