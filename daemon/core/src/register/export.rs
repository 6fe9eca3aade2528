//! A register written as a document that [`super::read`] believes.

use jiff::Timestamp;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

use super::grant::origin_word;
use super::value::{Days, Lapse};
use super::{Existing, Feed};
use crate::contact::{Contact, ContactState, Episode, Given};
use crate::district::{District, Inactivity, LastContact, Preferences};
use crate::person::{DirectoryLink, DirectoryStatus, MAIN_HOMEPAGE, Person};
use crate::rights::{CalendarRight, ListedRights, ToolName};
use crate::role::{Grant, Granted, Group, Origin};
use crate::time::Zone;

/// The register as one document: what is held, not who gave it when; that history is the journal's. Grants that a
/// person's lists cannot say (expiring ones, a directory's, a plugin's) follow as `[[grant]]`. Times carry their
/// district's offset and no fraction of a second is lost.
pub fn export(existing: &Existing) -> Value {
    let mut document = Map::new();
    let mut put = |key: &str, tables: Vec<Value>| {
        if !tables.is_empty() {
            document.insert(key.to_owned(), Value::Array(tables));
        }
    };
    let mut rest = Vec::new();
    let persons = existing.persons.values().map(|person| {
        let grants = existing
            .grants
            .get(&person.id)
            .map_or(&[][..], Vec::as_slice);
        person_table(person, grants, &mut rest)
    });
    let persons: Vec<_> = persons.collect();
    put(
        "district",
        existing.districts.values().map(district).collect(),
    );
    put("group", existing.groups.values().map(group).collect());
    put("person", persons);
    put(
        "contact",
        existing
            .contacts
            .values()
            .map(|contact| {
                let zone = existing
                    .districts
                    .get(&contact.district)
                    .map(|district| &district.timezone);
                contact_table(contact, zone)
            })
            .collect(),
    );
    put("grant", rest.into_iter().map(grant).collect());
    put(
        "feed",
        existing
            .feeds
            .values()
            .map(|feed| feed_table(feed, existing))
            .collect(),
    );
    put(
        "agent",
        existing.agents.iter().map(|id| json!({"id": id})).collect(),
    );
    Value::Object(document)
}

/// A table without the keys whose value is the default: null, empty text, list or table.
fn table(entries: Vec<(&str, Value)>) -> Value {
    let says = |value: &Value| match value {
        Value::Null => false,
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::Object(map) => !map.is_empty(),
        _ => true,
    };
    entries
        .into_iter()
        .filter(|(_, value)| says(value))
        .map(|(key, value)| (key.to_owned(), value))
        .collect::<Map<_, _>>()
        .into()
}

/// The value unless it is what the reader assumes anyway.
fn unless<T: PartialEq + Into<Value>>(value: T, default: &T) -> Value {
    if value == *default {
        Value::Null
    } else {
        value.into()
    }
}

fn district(district: &District) -> Value {
    let schools = district.schools.iter();
    let schools: Vec<_> = schools
        .map(|(id, name)| {
            table(vec![
                ("id", json!(id)),
                ("name", unless(name.clone(), &id.to_string())),
            ])
        })
        .collect();
    let Preferences {
        restrict_login_as,
        group_assignment_ceiling,
    } = district.preferences;
    table(vec![
        ("id", json!(district.id)),
        ("name", json!(district.name)),
        ("timezone", json!(district.timezone)),
        ("edition", json!(district.edition)),
        ("products", json!(district.products)),
        ("hosting", json!(district.hosting)),
        ("sites", json!(district.sites)),
        ("schools", json!(schools)),
        (
            "preferences",
            table(vec![
                ("restrict-login-as", unless(restrict_login_as, &false)),
                (
                    "group-assignment-ceiling",
                    unless(group_assignment_ceiling, &false),
                ),
            ]),
        ),
        (
            "inactivity",
            if district.inactivity == Inactivity::default() {
                Value::Null
            } else {
                table(periods(&district.inactivity))
            },
        ),
        (
            "help",
            table(vec![
                ("phone", json!(district.help.phone)),
                ("mail", json!(district.help.mail)),
            ]),
        ),
        ("mailbox", json!(district.mailbox)),
        ("linked-to", json!(district.linked_to)),
        ("technical-cap", unless(district.technical_cap, &1)),
        ("third-parties", json!(district.third_parties)),
    ])
}

fn periods(periods: &Inactivity) -> Vec<(&'static str, Value)> {
    let last = match periods.last_contact {
        LastContact::Deactivate => "deactivate",
        LastContact::Hold => "hold",
    };
    let qualifying = (!periods.qualifying.is_all()).then_some(periods.qualifying);
    vec![
        ("qualifying", json!(qualifying)),
        ("warn-after", json!(Days(periods.warn_after).to_string())),
        (
            "deactivate-after",
            json!(Days(periods.deactivate_after).to_string()),
        ),
        ("last-contact", json!(last)),
    ]
}

fn calendar(right: &CalendarRight) -> Value {
    json!({
        "school": right.school.as_ref().map_or("*", |school| school.as_str()),
        "calendar": right.calendar.as_deref().unwrap_or("*"),
        "modify": right.modify,
    })
}

fn calendars<'r>(rights: impl IntoIterator<Item = &'r CalendarRight>) -> Value {
    rights.into_iter().map(calendar).collect()
}

fn group(group: &Group) -> Value {
    table(vec![
        ("id", json!(group.id)),
        ("district", json!(group.district)),
        ("rights", json!(group.rights)),
        ("calendars", calendars(&group.calendars)),
    ])
}

/// What a person's own lists say; every other grant goes to `rest`.
#[derive(Default)]
struct Lists<'g> {
    roles: Vec<&'g str>,
    groups: Vec<&'g str>,
    rights: ListedRights,
    calendars: BTreeSet<&'g CalendarRight>,
}

impl<'g> Lists<'g> {
    fn take(&mut self, grant: &'g Grant, rest: &mut Vec<&'g Grant>) {
        if grant.origin != Origin::Manual || grant.expires.is_some() {
            rest.push(grant);
            return;
        }
        match &grant.what {
            Granted::Role(role) => self.roles.push(role.as_str()),
            Granted::Group(group) => self.groups.push(group.as_str()),
            Granted::Calendar(right) => {
                self.calendars.insert(right);
            }
            // A table holds one value a tool; a second grant on the same tool must not vanish.
            Granted::Tool(tool, _) if self.rights.contains_key(tool) => rest.push(grant),
            Granted::Tool(tool, letters) => {
                self.rights.insert(tool.clone(), *letters);
            }
        }
    }

    fn written(rights: &ListedRights) -> Value {
        let written: BTreeMap<&ToolName, String> = rights
            .iter()
            .map(|(tool, letters)| (tool, letters.to_string()))
            .collect();
        json!(written)
    }
}

fn person_table<'g>(person: &Person, grants: &'g [Grant], rest: &mut Vec<&'g Grant>) -> Value {
    let mut lists = Lists::default();
    for grant in grants {
        lists.take(grant, rest);
    }
    table(vec![
        ("id", json!(person.id)),
        ("district", json!(person.district)),
        ("username", json!(person.username)),
        ("name", json!(person.name)),
        ("mail", json!(person.mail)),
        ("phone", json!(person.phone)),
        ("employee-number", json!(person.employee_number)),
        ("title", json!(person.title)),
        ("homepage", unless(person.homepage.as_str(), &MAIN_HOMEPAGE)),
        ("enabled", unless(person.enabled, &true)),
        ("schools", json!(person.schools)),
        ("third-party", json!(person.third_party)),
        ("coach-of", json!(person.coach_of)),
        (
            "directory",
            person.directory.as_ref().map_or(Value::Null, directory),
        ),
        ("roles", json!(lists.roles)),
        ("groups", json!(lists.groups)),
        ("rights", Lists::written(&lists.rights)),
        ("calendars", calendars(lists.calendars)),
    ])
}

fn directory(link: &DirectoryLink) -> Value {
    let since = match link.status {
        DirectoryStatus::Present | DirectoryStatus::Disabled => None,
        DirectoryStatus::Missing { since }
        | DirectoryStatus::Gone { since }
        | DirectoryStatus::Deleted { since } => Some(since),
    };
    table(vec![
        ("source", json!(link.source)),
        ("stable-id", json!(link.stable_id)),
        ("dn", json!(link.dn)),
        ("status", json!(link.status.word())),
        ("since", json!(since)),
    ])
}

fn grant(grant: &Grant) -> Value {
    let mut entries = vec![
        ("person", json!(grant.person)),
        ("origin", json!(origin_word(&grant.origin))),
        ("by", json!(grant.by)),
        ("at", json!(grant.at)),
        ("expires", json!(grant.expires)),
    ];
    match &grant.what {
        Granted::Role(role) => entries.push(("role", json!(role))),
        Granted::Group(group) => entries.push(("group", json!(group))),
        Granted::Tool(tool, letters) => {
            entries.push(("tool", json!(tool)));
            entries.push(("letters", json!(letters)));
        }
        Granted::Calendar(right) => entries.push(("calendar", calendar(right))),
    }
    table(entries)
}

/// RFC 3339 at the district's offset where no fraction would be lost, else in UTC.
fn written(at: Timestamp, zone: Option<&Zone>) -> Value {
    let whole = at.subsec_nanosecond() == 0;
    match zone.filter(|_| whole) {
        Some(zone) => json!(zone.rfc3339(at)),
        None => json!(at),
    }
}

fn contact_table(contact: &Contact, zone: Option<&Zone>) -> Value {
    let at = |moment: Option<Timestamp>| moment.map_or(Value::Null, |at| written(at, zone));
    let hold = contact
        .hold
        .map(|(why, since)| json!({"why": why.word(), "since": since}));
    let suspended = contact
        .suspended
        .map(|(before, since)| json!({"before": before, "since": since}));
    let training: Vec<_> = contact
        .training
        .iter()
        .map(|(course, completed)| json!({"course": course, "completed": completed}))
        .collect();
    table(vec![
        ("person", json!(contact.person)),
        ("type", json!(contact.kind)),
        (
            "state",
            unless(contact.state.word(), &ContactState::Active.word()),
        ),
        ("designated", at(Some(contact.designated))),
        ("last-activity", at(contact.last_activity)),
        ("reactivated", at(contact.reactivated)),
        ("deactivated", at(contact.deactivated)),
        ("episodes", unless(contact.episodes, &0)),
        (
            "episode",
            contact
                .episode
                .as_ref()
                .map_or(Value::Null, |run| episode(run, zone)),
        ),
        ("hold", json!(hold)),
        ("suspended", json!(suspended)),
        ("training", json!(training)),
        ("sharing-reported", at(contact.sharing_reported)),
    ])
}

fn episode(episode: &Episode, zone: Option<&Zone>) -> Value {
    let stage = |given: &Option<Given>| match given {
        None => Value::Null,
        Some(given) => table(vec![
            ("due", written(given.due, zone)),
            ("accepted", written(given.accepted, zone)),
            ("unnotified", unless(given.unnotified, &false)),
        ]),
    };
    let mut entries = periods(&episode.periods);
    entries.extend([
        ("number", json!(episode.number)),
        ("notice", stage(&episode.notice)),
        ("reminder", stage(&episode.reminder)),
        ("final", stage(&episode.last)),
        ("awaited", json!(episode.awaited)),
    ]);
    table(entries)
}

fn feed_table(feed: &Feed, existing: &Existing) -> Value {
    let mark = existing.marks.get(&feed.id).map(|mark| mark.watermark);
    table(vec![
        ("id", json!(feed.id)),
        ("district", json!(feed.district)),
        ("max-lag", json!(Lapse(feed.max_lag).to_string())),
        ("watermark", json!(mark.max(feed.watermark))),
    ])
}
