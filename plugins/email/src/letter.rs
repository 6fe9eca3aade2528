//! The letter: paragraphs with lists below them, as plain text and as HTML.

use provost_plugin::channel::{ContactKind, Helper, Notice, NoticeKind, Recipient, Setting, text};

/// Paragraphs, each with the points below it.
pub(crate) struct Letter(Vec<(String, Vec<String>)>);

impl Letter {
    /// Writes the letter of a notice.
    pub(crate) fn new(about: &Notice, to: &Recipient, set: &[Setting]) -> Self {
        let name = if to.name.is_empty() {
            "colleague"
        } else {
            &to.name
        };
        let mut parts = vec![(format!("Dear {name},"), vec![]), (news(about), vec![])];
        parts.extend(remedy(about, set));
        parts.push(whom_to_ask(about));
        parts.extend(text(set, "signature").map(|line| (line.to_owned(), vec![])));
        Self(parts)
    }

    /// As plain text.
    pub(crate) fn text(&self) -> String {
        let part = |(line, points): &(String, Vec<String>)| {
            let points: String = points
                .iter()
                .map(|point| format!("\n  - {}", flat(point)))
                .collect();
            format!("{}{points}\n", flat(line))
        };
        self.0.iter().map(part).collect::<Vec<_>>().join("\n")
    }

    /// As HTML: a language, paragraphs and lists, nothing else.
    pub(crate) fn html(&self) -> String {
        let mut html = "<!DOCTYPE html><html lang=\"en\"><body>".to_owned();
        for (line, points) in &self.0 {
            html += &format!("<p>{}</p>", escaped(line));
            let items: String = points
                .iter()
                .map(|point| format!("<li>{}</li>", escaped(point)))
                .collect();
            if !items.is_empty() {
                html += &format!("<ul>{items}</ul>");
            }
        }
        html + "</body></html>"
    }
}

/// What has happened or will, and when.
fn news(about: &Notice) -> String {
    let kind = match about.contact_kind {
        ContactKind::Support => "support",
        ContactKind::Technical => "technical",
    };
    let who = format!("{} as {kind} contact of {}", about.person, about.district);
    let day = about.deadline.as_ref().map_or("", |moment| &moment.day);
    let since = about
        .last_activity
        .as_ref()
        .map_or(String::new(), |last| format!(" since {}", last.day));
    let days = match about.days_left {
        0 => "today".to_owned(),
        1 => "in 1 day".to_owned(),
        days => format!("in {days} days"),
    };
    match about.kind {
        NoticeKind::Deactivated => {
            format!("The access of {who} was deactivated on {day}: no activity was seen{since}.")
        }
        NoticeKind::Reactivated => {
            format!("The access of {who} has been restored by another contact.")
        }
        _ => format!(
            "The access of {who} will be deactivated on {day} ({days}): no activity was seen{since}."
        ),
    }
}

/// What keeps the access, or gets it back.
fn remedy(about: &Notice, set: &[Setting]) -> Option<(String, Vec<String>)> {
    let day = about.deadline.as_ref().map_or("", |moment| &moment.day);
    match about.kind {
        NoticeKind::Reactivated => None,
        NoticeKind::Deactivated => Some((
            format!(
                "It is restored by a case \"{}\" that another contact of the district submits. Nobody restores their own access.",
                about.restoring_case
            ),
            vec![],
        )),
        _ => {
            let portal = text(set, "portal").map_or(String::new(), |url| format!(": {url}"));
            let ways = [
                format!("log in to the support portal{portal}"),
                "submit a case or comment on one".to_owned(),
                "call support".to_owned(),
            ];
            Some((
                format!(
                    "To keep it, {} does one of these before {day}:",
                    about.person
                ),
                ways.into(),
            ))
        }
    }
}

/// The other contacts and the district's help.
fn whom_to_ask(about: &Notice) -> (String, Vec<String>) {
    let reach = |name: &str, ways: [&Option<String>; 2]| {
        let ways: Vec<&str> = ways.into_iter().flatten().map(String::as_str).collect();
        [&[name], ways.as_slice()].concat().join(", ")
    };
    let other = |other: &Helper| reach(&other.name, [&other.mail, &other.phone]);
    let mut points: Vec<String> = about.others.iter().map(other).collect();
    if about.help_mail.is_some() || about.help_phone.is_some() {
        points.push(reach(
            "Help of the district",
            [&about.help_mail, &about.help_phone],
        ));
    }
    let warning = match about.last_contact {
        true => {
            "No other contact of the district has access: without one, support has to verify the district anew. "
        }
        false => "",
    };
    let line = if points.is_empty() {
        "Ask the vendor's support."
    } else {
        "Whom to ask:"
    };
    (format!("{warning}{line}"), points)
}

/// One line, whatever a name holds.
fn flat(text: &str) -> String {
    text.replace(char::is_control, " ")
}

fn escaped(text: &str) -> String {
    let text = flat(text).replace('&', "&amp;").replace('<', "&lt;");
    text.replace('>', "&gt;").replace('"', "&quot;")
}
