//! A mail written down as an Internet message (RFC 5322, MIME), with the recipients that it may go to.

use std::time::{Duration, SystemTime};

use lettre::Address;
use lettre::address::Envelope;
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Mailbox, Message, MultiPart, MultiPartKind, SinglePart};
use provost_core::hex;
use sha2::{Digest, Sha256};

use super::Refusal;
use super::mail::Mail;

/// Recipients of one mail: RFC 5321 §4.5.3.1.8 obliges a server to take 100.
const RECIPIENTS_MAX: usize = 100;
/// Bytes of text and HTML together: a notice is a page, and relays take 10 MB at most.
const BODY_BYTES_MAX: usize = 1024 * 1024;
/// Bytes of a header's value: RFC 5322 §2.1.1 ends a line at 998.
const HEADER_BYTES_MAX: usize = 998;
/// The last second of the year 9999: the date header knows no later one.
const LAST_SECOND: i64 = 253_402_300_799;

/// Why a rendered mail cannot be sent. The channel that rendered it is at fault; trying again does not help.
#[derive(Debug, thiserror::Error)]
pub enum BadMail {
    /// No address at all, or too many.
    #[error("send mail: it has {0} recipients, allowed are 1 to {RECIPIENTS_MAX}")]
    Recipients(usize),
    /// None of the addresses can be written to.
    #[error("send mail: no recipient can be written to: {0}")]
    NoRecipient(String),
    /// A header that would break the message, or that is not the channel's to set.
    #[error("send mail: header {name:?} {why}")]
    Header {
        /// Its name, as the channel gave it.
        name: String,
        /// What is wrong.
        why: &'static str,
    },
    /// Text and HTML are too long.
    #[error("send mail: the body has {0} bytes, allowed are {BODY_BYTES_MAX}")]
    TooLong(usize),
    /// The message could not be put together.
    #[error("write the message")]
    Build(#[source] lettre::error::Error),
}

/// A message, ready to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    /// Its Message-ID with the angle brackets.
    pub message_id: String,
    /// Who sends it.
    pub from: Address,
    /// To whom it goes.
    pub to: Vec<Address>,
    /// Addresses that no mail can go to.
    pub refused: Vec<Refusal>,
    /// The message itself; lines end in CRLF, 7 bit only.
    pub bytes: Vec<u8>,
}

impl Letter {
    /// Writes the mail down. The same mail gives the same bytes.
    ///
    /// # Errors
    /// [`BadMail`] if there is nobody to send it to, or if what the channel rendered would break the message.
    pub fn write(mail: &Mail, from: &Mailbox) -> Result<Self, BadMail> {
        let (to, refused) = recipients(&mail.to)?;
        let message_id = mail.message_id(from.email.domain());
        let envelope =
            Envelope::new(Some(from.email.clone()), to.clone()).map_err(BadMail::Build)?;
        let mut builder = Message::builder()
            .envelope(envelope)
            .from(from.clone())
            .subject(line("Subject", &mail.subject)?)
            .date(date(mail))
            .message_id(Some(message_id.clone()))
            .raw_header(own_header("Auto-Submitted", "auto-generated"))
            .raw_header(own_header("X-Provost-Notice", mail.notice.as_str()));
        for address in &to {
            builder = builder.to(Mailbox::new(None, address.clone()));
        }
        for (name, value) in &mail.headers {
            builder = builder.raw_header(channel_header(name, value)?);
        }
        let bytes = body(builder, mail, &message_id)?.formatted();
        Ok(Self {
            message_id,
            from: from.email.clone(),
            to,
            refused,
            bytes,
        })
    }
}

/// Addresses that can be written to, and those that cannot. One bad address does not spoil the others.
fn recipients(given: &[String]) -> Result<(Vec<Address>, Vec<Refusal>), BadMail> {
    if given.is_empty() || given.len() > RECIPIENTS_MAX {
        return Err(BadMail::Recipients(given.len()));
    }
    let mut good = Vec::new();
    let mut refused = Vec::new();
    for text in given {
        match address(text) {
            Ok(address) if good.contains(&address) => {}
            Ok(address) => good.push(address),
            Err(why) => refused.push(Refusal {
                address: super::printable(text),
                why: why.to_owned(),
            }),
        }
    }
    if good.is_empty() {
        return Err(BadMail::NoRecipient(super::listed(&refused)));
    }
    Ok((good, refused))
}

/// An address of RFC 5321. Others than ASCII need SMTPUTF8 on the whole way to the reader, which nobody can know here.
fn address(text: &str) -> Result<Address, &'static str> {
    if !text.is_ascii() {
        return Err("is not ASCII");
    }
    if text.chars().any(char::is_control) {
        return Err("holds control characters");
    }
    text.parse().map_err(|_| "is no mail address")
}

/// A header's value as one line: a line end in it would begin a header of the writer's choice.
fn line(name: &str, value: &str) -> Result<String, BadMail> {
    let why = if value.chars().any(char::is_control) {
        "holds control characters"
    } else if value.len() > HEADER_BYTES_MAX {
        "is too long"
    } else {
        return Ok(value.to_owned());
    };
    Err(BadMail::Header {
        name: name.to_owned(),
        why,
    })
}

fn own_header(name: &'static str, value: &str) -> HeaderValue {
    HeaderValue::new(HeaderName::new_from_ascii_str(name), value.to_owned())
}

/// Headers that a channel may set. All others are the daemon's: who it is from, what it is, where it goes.
fn channel_header(name: &str, value: &str) -> Result<HeaderValue, BadMail> {
    let bad = |why| BadMail::Header {
        name: super::printable(name),
        why,
    };
    let lower = name.to_ascii_lowercase();
    let allowed = ["reply-to", "importance", "priority"].contains(&lower.as_str())
        || lower.starts_with("list-")
        || (lower.starts_with("x-") && !lower.starts_with("x-provost-"));
    if !allowed {
        return Err(bad("is not a channel's to set"));
    }
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    if name.len() > 76 || !name.bytes().all(is_token) {
        return Err(bad("is no header name"));
    }
    if lower == "reply-to" && address(value).is_err() {
        return Err(bad("must be one mail address"));
    }
    let name = HeaderName::new_from_ascii(name.to_owned()).map_err(|_| bad("is no header name"))?;
    Ok(HeaderValue::new(name, line(&lower, value)?))
}

/// The time of the attempt, within what a date header can say.
fn date(mail: &Mail) -> SystemTime {
    let second = mail.date.as_second().clamp(0, LAST_SECOND);
    SystemTime::UNIX_EPOCH + Duration::from_secs(second.unsigned_abs())
}

/// Plain text, or text and HTML side by side. The boundary is a digest, so that the same mail gives the same bytes.
fn body(
    builder: lettre::message::MessageBuilder,
    mail: &Mail,
    message_id: &str,
) -> Result<Message, BadMail> {
    let html_bytes = mail.html.as_ref().map_or(0, String::len);
    if mail.text.len() + html_bytes > BODY_BYTES_MAX {
        return Err(BadMail::TooLong(mail.text.len() + html_bytes));
    }
    let text = part(ContentType::TEXT_PLAIN, &mail.text);
    let message = match &mail.html {
        None => builder.singlepart(text),
        Some(html) => {
            let digest = Sha256::digest(format!("{message_id}\n{}\n{html}", mail.text));
            builder.multipart(
                MultiPart::builder()
                    .kind(MultiPartKind::Alternative)
                    .boundary(format!("=_{}", hex(&digest)))
                    .singlepart(text)
                    .singlepart(part(ContentType::TEXT_HTML, html)),
            )
        }
    };
    message.map_err(BadMail::Build)
}

fn part(kind: ContentType, text: &str) -> SinglePart {
    SinglePart::builder()
        .content_type(kind)
        .body(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::Timestamp;

    fn mail() -> Mail {
        Mail {
            notice: provost_core::id::NoticeId::new("0a1b").unwrap(),
            channel: provost_core::id::PluginId::new("email").unwrap(),
            role: provost_core::notice::RecipientRole::Contact,
            to: vec!["ana.ortiz@lonepine.example".to_owned()],
            subject: "Bitte melden: José".to_owned(),
            text: "Guten Tag,\n.\nGrüße".to_owned(),
            html: Some("<p>Guten Tag</p>".to_owned()),
            headers: vec![("X-Stage".to_owned(), "notice".to_owned())],
            date: "2025-03-02T10:00:00-07:00".parse().unwrap(),
        }
    }

    fn from() -> Mailbox {
        "Provost <provost@district.example>".parse().unwrap()
    }

    fn written(mail: &Mail) -> String {
        String::from_utf8(Letter::write(mail, &from()).unwrap().bytes).unwrap()
    }

    #[test]
    fn a_letter_carries_its_headers_and_both_texts() {
        let text = written(&mail());
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        let digest = head
            .split("=_")
            .nth(1)
            .unwrap()
            .trim_matches(['"', '\r', '\n']);
        assert_eq!(
            head.lines().collect::<Vec<_>>(),
            [
                "From: Provost <provost@district.example>",
                "Subject: Bitte melden: =?utf-8?b?Sm9zw6k=?=",
                "Date: Sun, 02 Mar 2025 17:00:00 +0000",
                "Message-ID: <0a1b.email@district.example>",
                "Auto-Submitted: auto-generated",
                "X-Provost-Notice: 0a1b",
                "To: ana.ortiz@lonepine.example",
                "X-Stage: notice",
                "MIME-Version: 1.0",
                "Content-Type: multipart/alternative;",
                &format!(" boundary=\"=_{digest}\""),
            ]
        );
        assert!(text.is_ascii());
        assert!(body.contains("Gr=C3=BC=C3=9Fe"), "{body}");
        assert!(body.contains("<p>Guten Tag</p>"), "{body}");
    }

    #[test]
    fn the_same_mail_gives_the_same_bytes() {
        assert_eq!(written(&mail()), written(&mail()));
    }

    #[test]
    fn a_channel_cannot_inject_headers_or_take_those_of_the_daemon() {
        let refused = |change: &dyn Fn(&mut Mail)| {
            let mut mail = mail();
            change(&mut mail);
            match Letter::write(&mail, &from()) {
                Err(BadMail::Header { name, why }) => format!("{name} {why}"),
                other => panic!("{other:?}"),
            }
        };
        let header = |name: &str, value: &str| {
            let pair = (name.to_owned(), value.to_owned());
            refused(&move |mail: &mut Mail| mail.headers = vec![pair.clone()])
        };
        assert_eq!(
            refused(&|mail| mail.subject = "a\r\nBcc: x@y.example".to_owned()),
            "Subject holds control characters"
        );
        for name in [
            "Bcc",
            "from",
            "Message-ID",
            "X-Provost-Notice",
            "Received",
            "",
        ] {
            assert_eq!(
                header(name, "x"),
                format!("{name} is not a channel's to set")
            );
        }
        assert_eq!(
            header("X-A: b\r\nBcc", "x"),
            "X-A: b  Bcc is no header name"
        );
        assert_eq!(header("X-A", "b\nBcc: x"), "x-a holds control characters");
        assert_eq!(
            header("Reply-To", "a@b.example, c@d.example"),
            "Reply-To must be one mail address"
        );
    }

    #[test]
    fn one_bad_address_does_not_spoil_the_others() {
        let mut mail = mail();
        mail.to = [
            "a@d.example",
            "nobody",
            "zoë@d.example",
            "a@d.example",
            "x@y\r\nDATA",
        ]
        .map(str::to_owned)
        .to_vec();
        let letter = Letter::write(&mail, &from()).unwrap();
        assert_eq!(letter.to, ["a@d.example".parse().unwrap()]);
        let pair = |refusal: &Refusal| (refusal.address.clone(), refusal.why.clone());
        let refused: Vec<_> = letter.refused.iter().map(pair).collect();
        assert_eq!(
            refused,
            [
                ("nobody", "is no mail address"),
                ("zoë@d.example", "is not ASCII"),
                ("x@y  DATA", "holds control characters"),
            ]
            .map(|(address, why)| (address.to_owned(), why.to_owned()))
        );
        mail.to = vec!["nobody".to_owned()];
        assert!(matches!(
            Letter::write(&mail, &from()),
            Err(BadMail::NoRecipient(_))
        ));
        mail.to.clear();
        assert!(matches!(
            Letter::write(&mail, &from()),
            Err(BadMail::Recipients(0))
        ));
    }

    #[test]
    fn any_time_that_the_clock_can_give_has_a_date() {
        for date in [Timestamp::MIN, Timestamp::MAX] {
            let mail = Mail { date, ..mail() };
            assert!(written(&mail).contains("\r\nDate: "));
        }
    }
}
