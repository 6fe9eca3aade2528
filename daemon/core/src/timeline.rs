//! What changes mean in the life of a contact, in words, for those who read it afterwards.

use crate::change::Change;
use crate::contact::{Contact, ContactState, Given, Hold, Stage};
use crate::notice::{Delivery, Outcome, RecipientRole};
use crate::time::Zone;

/// Something that happened to a contact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// What, as a word that stays the same: `designated`, `stage`, `deactivated`, …
    pub what: &'static str,
    /// The rest, in a few words.
    pub text: String,
}

impl Event {
    fn new(what: &'static str, text: impl Into<String>) -> Self {
        let text = text.into();
        Self { what, text }
    }
}

/// What a change means for the contact whom it concerns; nothing, for most changes. Times are those of `zone`.
pub fn events(change: &Change, zone: &Zone) -> Vec<Event> {
    match change {
        Change::Contact { before, after } => contact(before.as_deref(), after, zone),
        Change::Notice { notice } => {
            let text = format!("{} due {}", notice.kind.word(), zone.rfc3339(notice.due));
            vec![Event::new("notice", text)]
        }
        Change::Delivery { delivery } => vec![attempt(delivery, zone)],
        Change::Alarm { alarm } => {
            vec![Event::new(
                "alarm",
                format!("{}: {}", alarm.code, alarm.message),
            )]
        }
        _ => Vec::new(),
    }
}

fn contact(before: Option<&Contact>, after: &Contact, zone: &Zone) -> Vec<Event> {
    let is_there = |contact: &&Contact| contact.state != ContactState::Removed;
    let Some(before) = before.filter(is_there) else {
        let gone = after.state == ContactState::Removed;
        let designated = Event::new("designated", after.kind.word());
        return (!gone).then_some(designated).into_iter().collect();
    };
    if after.state == ContactState::Removed {
        return vec![Event::new("removed", "")];
    }
    let mut events = Vec::new();
    if before.last_activity != after.last_activity
        && let Some(at) = after.last_activity
    {
        events.push(Event::new("activity", zone.rfc3339(at)));
    }
    match (before.deactivated, after.deactivated) {
        (None, Some(_)) => events.push(Event::new("deactivated", "")),
        (Some(_), None) if before.reactivated != after.reactivated => {
            events.push(Event::new("reactivated", after.kind.word()));
        }
        (Some(_), None) => events.push(Event::new("rescinded", "the deactivation is undone")),
        _ => {}
    }
    if before.kind != after.kind {
        events.push(Event::new("type", after.kind.word()));
    }
    for (course, completed) in &after.training {
        if before.training.get(course) != Some(completed) {
            let text = format!("{} on {completed}", course.as_str());
            events.push(Event::new("training", text));
        }
    }
    if before.sharing_reported != after.sharing_reported {
        events.push(Event::new("sharing-reported", ""));
    }
    events.extend(shut_out(before, after));
    events.extend(stages(before, after, zone));
    if before.hold.map(|(why, _)| why) != after.hold.map(|(why, _)| why) {
        events.push(match after.hold {
            Some((why, _)) => Event::new("held", hold_words(why)),
            None => Event::new("hold-ended", ""),
        });
    }
    events
}

fn shut_out(before: &Contact, after: &Contact) -> Option<Event> {
    match (before.suspended, after.suspended) {
        (None, Some(_)) => Some(Event::new("suspended", "by the directory")),
        (Some(_), None) => Some(Event::new("let-in", "by the directory")),
        _ => None,
    }
}

fn hold_words(why: Hold) -> &'static str {
    match why {
        Hold::StaleFeed => "an activity feed is behind",
        Hold::Undeliverable => "nobody accepts the notice",
        Hold::LastContact => "the last contact of the district",
        Hold::Approval => "the notice waits for an operator's word",
    }
}

/// Stages that were given by the change.
fn stages(before: &Contact, after: &Contact, zone: &Zone) -> Vec<Event> {
    let given = |contact: &Contact, stage| contact.episode.as_ref()?.given(stage);
    let mut events = Vec::new();
    for stage in [Stage::Notice, Stage::Reminder, Stage::Final] {
        if let (
            None,
            Some(Given {
                due, unnotified, ..
            }),
        ) = (given(before, stage), given(after, stage))
        {
            let how = match unnotified {
                true => "counts as given, nobody accepted it",
                false => "accepted",
            };
            let text = format!("{} {how}, due {}", stage.word(), zone.rfc3339(due));
            events.push(Event::new("stage", text));
        }
    }
    events
}

fn attempt(delivery: &Delivery, zone: &Zone) -> Event {
    let stead: Vec<&str> = delivery
        .trials
        .iter()
        .filter(|trial| {
            delivery.recipients.contains(&trial.to) && trial.role != RecipientRole::Contact
        })
        .map(|trial| trial.role.word())
        .collect();
    let to = delivery.recipients.join(", ");
    match &delivery.outcome {
        Outcome::Accepted { receipt } => {
            let role = stead
                .first()
                .map_or(String::new(), |role| format!(" ({role})"));
            let text = format!("by {} to {to}{role}: {receipt}", delivery.channel);
            Event::new("delivered", text)
        }
        Outcome::Retry { why, not_before } => Event::new(
            "not-delivered",
            format!("{why}; again from {}", zone.rfc3339(*not_before)),
        ),
        Outcome::Failed { why } => Event::new("given-up", why.clone()),
        Outcome::Withdrawn => Event::new("withdrawn", "no longer to be sent"),
        Outcome::Held => Event::new("notice-held", "one of a mass"),
        Outcome::Released => Event::new("released", "to be sent now"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn words(before: Option<Value>, after: Value) -> Vec<(&'static str, String)> {
        let read = |changes: Value| {
            let mut contact = json!({
                "person": "ana", "district": "lone-pine", "kind": "support", "state": "active",
                "designated": "2024-01-10T16:00:00Z",
            });
            for (key, value) in changes.as_object().unwrap() {
                contact[key] = value.clone();
            }
            Box::new(serde_json::from_value::<Contact>(contact).unwrap())
        };
        let change = Change::Contact {
            before: before.map(read),
            after: read(after),
        };
        let zone = Zone::new("America/Denver").unwrap();
        let events = events(&change, &zone).into_iter();
        events.map(|event| (event.what, event.text)).collect()
    }

    #[test]
    fn a_life_is_told_from_designation_to_removal() {
        let says = |what, text: &str| vec![(what, text.to_owned())];
        let off = json!({ "state": "deactivated", "deactivated": "2025-04-01T16:00:00Z" });
        assert_eq!(words(None, json!({})), says("designated", "support"));
        assert_eq!(words(Some(json!({})), off.clone()), says("deactivated", ""));
        let back = json!({ "reactivated": "2025-04-02T16:00:00Z" });
        assert_eq!(
            words(Some(off.clone()), back),
            says("reactivated", "support")
        );
        let seen = json!({ "last-activity": "2025-03-31T16:00:00Z" });
        assert_eq!(
            words(Some(off), seen),
            [
                ("activity", "2025-03-31T10:00:00-06:00".to_owned()),
                ("rescinded", "the deactivation is undone".to_owned())
            ]
        );
        let removed = json!({ "state": "removed" });
        assert_eq!(words(Some(json!({})), removed.clone()), says("removed", ""));
        assert_eq!(
            words(Some(removed), json!({})),
            says("designated", "support")
        );
        assert_eq!(words(Some(json!({})), json!({})), []);
    }

    #[test]
    fn a_stage_a_hold_and_the_directory_are_told_with_their_reasons() {
        let given = json!({ "due": "2025-03-02T17:00:00Z", "accepted": "2025-03-02T17:01:00Z", "unnotified": true });
        let episode = |notice: Value| {
            json!({ "number": 1, "notice": notice, "reminder": null, "final": null, "awaited": null,
                    "periods": { "warn-after": 180, "deactivate-after": 210, "last-contact": "deactivate" } })
        };
        assert_eq!(
            words(
                Some(json!({ "episode": episode(Value::Null) })),
                json!({ "episode": episode(given) })
            ),
            [(
                "stage",
                "notice counts as given, nobody accepted it, due 2025-03-02T10:00:00-07:00"
                    .to_owned()
            )]
        );
        let held = json!({ "state": "held", "hold": ["stale-feed", "2025-03-31T16:00:00Z"] });
        assert_eq!(
            words(Some(json!({})), held.clone()),
            [("held", "an activity feed is behind".to_owned())]
        );
        assert_eq!(
            words(Some(held), json!({})),
            [("hold-ended", String::new())]
        );
        let out = json!({ "state": "suspended", "suspended": ["active", "2025-03-31T16:00:00Z"] });
        assert_eq!(
            words(Some(json!({})), out),
            [("suspended", "by the directory".to_owned())]
        );
    }
}
