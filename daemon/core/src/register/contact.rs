//! `[[contact]]`: a person designated as authorized contact, with as much of its history as the document tells.

use jiff::Timestamp;
use jiff::civil::Date;
use std::collections::{BTreeMap, BTreeSet};

use super::district::periods_of;
use super::value::moment;
use super::{ContactEntry, Reading};
use crate::contact::{
    Awaited, Contact, ContactKind, ContactState, Episode, Given as GivenStage, Hold, Stage,
};
use crate::document::Table;
use crate::limits::SKEW_SECONDS_MAX;
use crate::training::{COURSES_MAX, Course};

/// Episodes that a document may claim: one a year for longer than anyone works.
const EPISODES_MAX: u64 = 10_000;

/// The moments that a contact's entry says.
struct Moments {
    designated: Option<Timestamp>,
    last_activity: Option<Timestamp>,
    reactivated: Option<Timestamp>,
    deactivated: Option<Timestamp>,
    sharing_reported: Option<Timestamp>,
}

impl Reading<'_> {
    /// Reads one `[[contact]]`.
    pub(super) fn contact(&mut self, table: &Table) -> Option<ContactEntry> {
        let person = self.person_named(table, "person");
        let kind = table.need_parse::<ContactKind>("type");
        self.check_own_district(table, person.as_ref().map(|(_, district)| district));
        let moments = self.moments(table);
        let said_state = table.parse::<ContactState>("state");
        let episodes = table.number("episodes", 0..=EPISODES_MAX);
        let episode = table.table("episode").and_then(|table| episode(&table));
        let hold = hold(table);
        let suspended = suspended(table);
        let training = training(table);
        table.done();
        let state = said_state.unwrap_or(ContactState::Active);
        check_state(table, state, episode.as_ref(), hold.is_some());
        let (person, district) = person?;
        self.once(table, "contact", "person", person.to_string());
        let now = self.given.now;
        let number = episode.as_ref().map_or(0, |episode| episode.number);
        let contact = Contact {
            person,
            district,
            kind: kind?,
            state,
            designated: self.designated(&moments),
            reactivated: moments.reactivated,
            last_activity: moments.last_activity,
            episodes: episodes
                .and_then(|episodes| u32::try_from(episodes).ok())
                .unwrap_or(0)
                .max(number),
            episode,
            hold,
            suspended: match state {
                ContactState::Suspended => suspended.or(Some((ContactState::Active, now))),
                _ => suspended,
            },
            deactivated: match state {
                ContactState::Deactivated => moments.deactivated.or(Some(now)),
                _ => moments.deactivated,
            },
            next_due: None,
            training,
            sharing_reported: moments.sharing_reported,
        };
        Some(ContactEntry {
            contact,
            designated_said: moments.designated.is_some(),
            state_said: said_state.is_some(),
            key: table.path("type"),
        })
    }

    /// Without a designation the contact is designated now; one that was active before is not younger than that,
    /// or its activity could not count.
    fn designated(&self, moments: &Moments) -> Timestamp {
        let earliest = moments
            .last_activity
            .into_iter()
            .chain([self.given.now])
            .min();
        moments.designated.or(earliest).unwrap_or(self.given.now)
    }

    fn moments(&self, table: &Table) -> Moments {
        let latest = self
            .given
            .now
            .saturating_add(jiff::SignedDuration::from_secs(SKEW_SECONDS_MAX))
            .unwrap_or(Timestamp::MAX);
        let past = |key: &str| {
            let at = moment(table, key);
            if at.is_some_and(|at| at > latest) {
                table.problem(
                    key,
                    format!("lies in the future: now is {}", self.given.now),
                );
            }
            at
        };
        let moments = Moments {
            designated: past("designated"),
            last_activity: past("last-activity"),
            reactivated: past("reactivated"),
            deactivated: past("deactivated"),
            sharing_reported: past("sharing-reported"),
        };
        let before = |later: Option<Timestamp>| matches!((moments.designated, later), (Some(designated), Some(later)) if later < designated);
        for (key, at) in [
            ("reactivated", moments.reactivated),
            ("deactivated", moments.deactivated),
        ] {
            if before(at) {
                table.problem(key, "lies before the designation");
            }
        }
        moments
    }
}

/// A state and what it rests on must come together.
fn check_state(table: &Table, state: ContactState, episode: Option<&Episode>, held: bool) {
    let told = episode.is_some_and(|episode| episode.notice.is_some());
    if state == ContactState::Pending && !told {
        table.problem(
            "state",
            "pending needs an episode whose notice was accepted",
        );
    }
    if state == ContactState::Held && !held {
        table.problem("state", "held needs hold = { why, since }");
    }
}

/// `episode = { number, warn-after, …, notice = { due, accepted }, … }`, as an export writes it.
fn episode(table: &Table) -> Option<Episode> {
    let number = table.number("number", 1..=EPISODES_MAX);
    if !table.has("number") {
        table.problem("number", "is missing");
    }
    let periods = match periods_of(table).checked() {
        Ok(periods) => periods,
        Err(why) => {
            table.problem("", why.to_string());
            return None;
        }
    };
    let stage = |key: &str| table.table(key).and_then(|stage| stage_given(&stage));
    let episode = Episode {
        number: u32::try_from(number?).ok()?,
        periods,
        notice: stage("notice"),
        reminder: stage("reminder"),
        last: stage("final"),
        awaited: table.table("awaited").and_then(|stage| awaited(&stage)),
    };
    table.done();
    check_order(table, &episode);
    Some(episode)
}

/// No stage is given before the one it follows.
fn check_order(table: &Table, episode: &Episode) {
    for (earlier, later, key) in [
        (&episode.notice, &episode.reminder, "reminder"),
        (&episode.reminder, &episode.last, "final"),
    ] {
        if later
            .is_some_and(|later| earlier.is_none_or(|earlier| later.accepted < earlier.accepted))
        {
            table.problem(key, "comes before the stage that it follows");
        }
    }
}

fn needed_moment(table: &Table, key: &str) -> Option<Timestamp> {
    table.need_text(key)?;
    moment(table, key)
}

fn stage_given(table: &Table) -> Option<GivenStage> {
    let due = needed_moment(table, "due");
    let accepted = needed_moment(table, "accepted");
    let unnotified = table.flag("unnotified").unwrap_or_default();
    table.done();
    Some(GivenStage {
        due: due?,
        accepted: accepted?,
        unnotified,
    })
}

fn awaited(table: &Table) -> Option<Awaited> {
    let stages = [
        Stage::Notice,
        Stage::Reminder,
        Stage::Final,
        Stage::Deactivated,
    ];
    let word = table.need_text("stage");
    let stage = stages.into_iter().find(|stage| Some(stage.word()) == word);
    if word.is_some() && stage.is_none() {
        table.problem("stage", "must be notice, reminder, final or deactivated");
    }
    let due = needed_moment(table, "due");
    let since = needed_moment(table, "since");
    let refused = table.flag("refused").unwrap_or_default();
    table.done();
    Some(Awaited {
        stage: stage?,
        due: due?,
        since: since?,
        refused,
    })
}

/// `training = [{ course = "fundamentals", completed = "2024-02-01" }]`. Rule: `contact.training`.
fn training(table: &Table) -> BTreeMap<Course, Date> {
    let mut courses = BTreeMap::new();
    for entry in table.tables("training") {
        let course = entry.need_parse::<Course>("course");
        let completed = entry.need_parse::<Date>("completed");
        entry.done();
        if let (Some(course), Some(completed)) = (course, completed) {
            courses.insert(course, completed);
        }
    }
    if courses.len() > COURSES_MAX {
        table.problem(
            "training",
            format!("must name at most {COURSES_MAX} courses"),
        );
    }
    courses
}

/// `hold = { why = "stale-feed", since = "…" }`.
fn hold(table: &Table) -> Option<(Hold, Timestamp)> {
    let hold = table.table("hold")?;
    let why = hold.need_parse::<Hold>("why");
    let since = needed_moment(&hold, "since");
    hold.done();
    Some((why?, since?))
}

/// `suspended = { before = "active", since = "…" }`.
fn suspended(table: &Table) -> Option<(ContactState, Timestamp)> {
    let suspended = table.table("suspended")?;
    let before = suspended.need_parse::<ContactState>("before");
    let since = needed_moment(&suspended, "since");
    suspended.done();
    if before == Some(ContactState::Suspended) {
        suspended.problem("before", "must be the state before the suspension");
    }
    Some((before?, since?))
}

impl Reading<'_> {
    /// The technical contacts that hold a slot must not be more than the district allows. Rule: `contact.technical-cap`.
    pub(super) fn check_technical_cap(&self, entries: &[ContactEntry]) {
        let holds_slot =
            |contact: &Contact| contact.kind == ContactKind::Technical && contact.is_valid();
        let named: BTreeSet<_> = entries.iter().map(|entry| &entry.contact.person).collect();
        let standing = self.given.existing.contacts.values();
        let standing = standing.filter(|contact| !named.contains(&contact.person));
        let mut holders: Vec<&Contact> = standing.filter(|contact| holds_slot(contact)).collect();
        for entry in entries {
            let contact = &entry.contact;
            let others: Vec<_> = holders
                .iter()
                .filter(|other| holds_slot(contact) && other.district == contact.district)
                .map(|other| other.person.as_str())
                .collect();
            let cap = self.technical_cap(&contact.district);
            if others.len() >= cap as usize && holds_slot(contact) {
                let why = format!(
                    "district `{}` allows {cap} technical contact(s) (technical-cap): {} came before",
                    contact.district,
                    if others.is_empty() {
                        "none".to_owned()
                    } else {
                        others.join(", ")
                    }
                );
                self.problems.note(entry.key.clone(), None, why);
            } else if holds_slot(contact) {
                holders.push(contact);
            }
        }
    }
}
