//! Checks of everything that a channel wants to have sent, before anything is.

use std::collections::BTreeSet;

use super::{Auth, Delivery, Header, HttpRequest, Mail, Method};
use crate::answer::{BadAnswer, at_most};
use crate::limits::AnswerLimits;
use crate::printable;
use crate::wit::channel as wit;

/// Header fields of a mail that are the host's: who it is from and to, when, which, how it is put together, and the
/// trace of its way (RFC 5322, section 3.6; RFC 2045). Names that begin with `content-` and `resent-` besides.
const HOST_MAIL_HEADERS: [&str; 17] = [
    "bcc",
    "cc",
    "date",
    "dkim-signature",
    "from",
    "message-id",
    "mime-version",
    "received",
    "reply-to",
    "return-path",
    "sender",
    "subject",
    "to",
    "disposition-notification-to",
    "return-receipt-to",
    "errors-to",
    "authentication-results",
];

/// Header fields of a request that are the host's (RFC 9110, sections 6.6, 7.6 and 11.6; Standard Webhooks).
const HOST_HTTP_HEADERS: [&str; 15] = [
    "connection",
    "content-length",
    "expect",
    "host",
    "keep-alive",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "via",
    "webhook-id",
    "webhook-signature",
    "webhook-timestamp",
];

/// What a channel declared, as far as its deliveries must keep to it.
pub(crate) struct Declared<'c> {
    pub(crate) mail: bool,
    pub(crate) http: bool,
    pub(crate) secrets: &'c BTreeSet<String>,
    pub(crate) limits: &'c AnswerLimits,
}

/// Checks everything that a channel wants to have sent.
pub(crate) fn deliveries(
    returned: Vec<wit::Delivery>,
    declared: &Declared<'_>,
) -> Result<Vec<Delivery>, BadAnswer> {
    let limits = declared.limits;
    at_most("list of deliveries", returned.len(), limits.deliveries)?;
    let checked = returned.into_iter().map(|delivery| match delivery {
        wit::Delivery::Mail(mail) if declared.mail => self::mail(mail, limits).map(Delivery::Mail),
        wit::Delivery::Http(request) if declared.http => {
            http(request, declared).map(Delivery::Http)
        }
        wit::Delivery::Mail(_) => Err(undeclared("mail")),
        wit::Delivery::Http(_) => Err(undeclared("http")),
    });
    checked.collect()
}

fn undeclared(kind: &str) -> BadAnswer {
    wrong(
        "delivery",
        kind,
        "is of a kind that the channel did not declare",
    )
}

fn wrong(what: &'static str, found: &str, problem: &'static str) -> BadAnswer {
    BadAnswer::Word {
        what,
        found: printable(found),
        problem,
    }
}

/// One line: a line break in a header would begin the next one.
fn line(what: &'static str, text: String, max: usize) -> Result<String, BadAnswer> {
    at_most(what, text.len(), max)?;
    if text.chars().any(char::is_control) {
        return Err(wrong(
            what,
            &text,
            "holds a line break or control character",
        ));
    }
    Ok(text)
}

/// Text of several lines: no control characters but line feeds and tabs.
fn lines(what: &'static str, text: String, max: usize) -> Result<String, BadAnswer> {
    at_most(what, text.len(), max)?;
    let stray = |letter: char| letter.is_control() && letter != '\n' && letter != '\t';
    if text.contains(stray) {
        return Err(wrong(what, &text, "holds a control character"));
    }
    if text.trim().is_empty() {
        return Err(BadAnswer::Empty { what });
    }
    Ok(text)
}

fn headers(
    returned: Vec<wit::Header>,
    own: &[&str],
    limits: &AnswerLimits,
) -> Result<Vec<Header>, BadAnswer> {
    limits.listed("list of headers", &returned)?;
    let checked = returned.into_iter().map(|header| {
        let name = line("name of a header", header.name, limits.word_bytes)?;
        let token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
        if name.is_empty() || !name.bytes().all(token) {
            return Err(wrong("name of a header", &name, "is not a header name"));
        }
        if own.contains(&name.to_ascii_lowercase().as_str()) {
            return Err(wrong("header", &name, "is for the host to write"));
        }
        let value = line("value of a header", header.value, limits.line_bytes)?;
        Ok(Header { name, value })
    });
    checked.collect()
}

fn mail(mail: wit::Mail, limits: &AnswerLimits) -> Result<Mail, BadAnswer> {
    let headers = headers(mail.headers, &HOST_MAIL_HEADERS, limits)?;
    let structural = |header: &&Header| {
        let name = header.name.to_ascii_lowercase();
        name.starts_with("content-") || name.starts_with("resent-") || name.starts_with("arc-")
    };
    if let Some(header) = headers.iter().find(structural) {
        return Err(wrong("header", &header.name, "is for the host to write"));
    }
    let subject = line("subject", mail.subject, limits.line_bytes)?;
    if subject.trim().is_empty() {
        return Err(BadAnswer::Empty { what: "subject" });
    }
    Ok(Mail {
        subject,
        text: lines("text of a mail", mail.text, limits.body_bytes)?,
        html: mail
            .html
            .map(|html| lines("HTML of a mail", html, limits.body_bytes))
            .transpose()?,
        headers,
    })
}

fn http(request: wit::HttpRequest, declared: &Declared<'_>) -> Result<HttpRequest, BadAnswer> {
    let limits = declared.limits;
    let url = line("URL", request.url, limits.url_bytes)?;
    if !url.starts_with("https://") && !url.starts_with("http://") {
        return Err(wrong(
            "URL",
            &url,
            "begins with neither https:// nor http://",
        ));
    }
    let headers = headers(request.headers, &HOST_HTTP_HEADERS, limits)?;
    let auth = auth(request.auth, limits)?;
    let templates = headers
        .iter()
        .map(|header| header.value.as_str())
        .chain([url.as_str()]);
    let named = templates.flat_map(secrets_in).chain(auth.secrets());
    for name in named {
        if !declared.secrets.contains(name) {
            return Err(wrong(
                "secret",
                name,
                "is not one that the channel declared",
            ));
        }
    }
    at_most("body", request.body.len(), limits.body_bytes)?;
    Ok(HttpRequest {
        method: match request.method {
            wit::Method::Post => Method::Post,
            wit::Method::Put => Method::Put,
            wit::Method::Patch => Method::Patch,
            wit::Method::Get => Method::Get,
        },
        url,
        headers,
        body: request.body,
        auth,
    })
}

fn auth(auth: wit::Auth, limits: &AnswerLimits) -> Result<Auth, BadAnswer> {
    Ok(match auth {
        wit::Auth::None => Auth::None,
        wit::Auth::Bearer(secret) => Auth::Bearer(secret),
        wit::Auth::Basic(basic) => {
            // RFC 7617, section 2: the first colon ends the user name.
            if basic.user.contains(':') {
                return Err(wrong("user", &basic.user, "holds a colon"));
            }
            Auth::Basic {
                user: line("user", basic.user, limits.word_bytes)?,
                secret: basic.secret,
            }
        }
        wit::Auth::StandardWebhooks(secrets) => {
            limits.listed("list of signing secrets", &secrets)?;
            if secrets.is_empty() {
                return Err(BadAnswer::Empty {
                    what: "list of signing secrets",
                });
            }
            Auth::StandardWebhooks(secrets)
        }
    })
}

/// The names in `{secret:name}`.
fn secrets_in(template: &str) -> impl Iterator<Item = &str> {
    let parts = template.split("{secret:").skip(1);
    parts.map(|rest| rest.split('}').next().unwrap_or(rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn letter(subject: &str, headers: &[(&str, &str)]) -> wit::Delivery {
        wit::Delivery::Mail(wit::Mail {
            subject: subject.to_owned(),
            text: "text".to_owned(),
            html: None,
            headers: headers
                .iter()
                .map(|(name, value)| wit::Header {
                    name: (*name).to_owned(),
                    value: (*value).to_owned(),
                })
                .collect(),
        })
    }

    fn hook(url: &str, auth: wit::Auth) -> wit::Delivery {
        wit::Delivery::Http(wit::HttpRequest {
            method: wit::Method::Post,
            url: url.to_owned(),
            headers: Vec::new(),
            body: b"{}".to_vec(),
            auth,
        })
    }

    fn check(delivery: wit::Delivery) -> Result<Vec<Delivery>, BadAnswer> {
        let secrets = BTreeSet::from(["key".to_owned()]);
        let declared = Declared {
            mail: true,
            http: true,
            secrets: &secrets,
            limits: &AnswerLimits::default(),
        };
        deliveries(vec![delivery], &declared)
    }

    #[test]
    fn no_line_break_gets_into_a_header_and_no_header_of_the_host_is_replaced() {
        let bad = [
            letter("a\r\nBcc: x@example.org", &[]),
            letter(" ", &[]),
            letter("a", &[("X-A", "b\nBcc: x@example.org")]),
            letter("a", &[("X-A: b\r\nBcc", "x@example.org")]),
            letter("a", &[("bCC", "x@example.org")]),
            letter("a", &[("Content-Type", "text/html")]),
            letter("a", &[("", "b")]),
        ];
        for delivery in bad {
            assert!(check(delivery.clone()).is_err(), "{delivery:?}");
        }
        let good = check(letter("a", &[("X-Stage", "notice")]));
        let expected = Header {
            name: "X-Stage".to_owned(),
            value: "notice".to_owned(),
        };
        assert!(matches!(&good.unwrap()[..], [Delivery::Mail(mail)] if mail.headers == [expected]));
    }

    #[test]
    fn a_request_names_only_secrets_that_were_declared() {
        let url = "https://h.example/";
        let good = [
            hook(url, wit::Auth::None),
            hook(url, wit::Auth::Bearer("key".to_owned())),
            hook(&format!("{url}{{secret:key}}/a"), wit::Auth::None),
        ];
        let bad = [
            hook(url, wit::Auth::Bearer("root".to_owned())),
            hook(
                url,
                wit::Auth::StandardWebhooks(vec!["key".to_owned(), "b".to_owned()]),
            ),
            hook(&format!("{url}{{secret:root}}"), wit::Auth::None),
            hook("file:///etc/passwd", wit::Auth::None),
            hook("https://h.example/\r\nX: y", wit::Auth::None),
        ];
        assert!(good.into_iter().all(|delivery| check(delivery).is_ok()));
        assert!(bad.into_iter().all(|delivery| check(delivery).is_err()));
    }
}
