//! What an existing register lacks of a document.

use jiff::Timestamp;
use std::collections::BTreeMap;

use super::{ContactEntry, Existing, Register, add_schools};
use crate::change::{Actor, Change, FeedMark, Plan};
use crate::contact::{Contact, ContactKind, ContactState};
use crate::district::District;
use crate::id::DistrictId;
use crate::lifecycle::{self, Surroundings};
use crate::notice::{Notice, NoticeKind};
use crate::person::Person;
use crate::role::{Grant, Granted};

/// The changes that bring the register to the document. Importing a document twice changes nothing the second time.
///
/// An import adds and changes. It takes away only what it replaces: letters on the same tool, a right on the same
/// calendar, a grant whose expiry differs. People, groups and contacts that the document does not name stay as they
/// are, and so does what the register knows better: directory links, later activity, the run of an episode.
pub fn plan(register: &Register, existing: &Existing, actor: Actor, at: Timestamp) -> Plan {
    let mut plan = Plan::new(existing.revision, actor, at);
    let districts = districts(register, existing);
    for after in districts.values() {
        let before = existing.districts.get(&after.id);
        if before != Some(after) {
            plan.changes.push(Change::District {
                before: before.cloned().map(Box::new),
                after: Box::new(after.clone()),
            });
        }
    }
    for after in &register.groups {
        let key = (after.district.clone(), after.id.clone());
        let before = existing.groups.get(&key);
        if before != Some(after) {
            plan.changes.push(Change::Group {
                before: before.cloned().map(Box::new),
                after: Some(Box::new(after.clone())),
            });
        }
    }
    plan.changes.extend(
        register
            .persons
            .iter()
            .filter_map(|person| person_change(person, existing.persons.get(&person.id))),
    );
    for grant in &register.grants {
        let held = existing
            .grants
            .get(&grant.person)
            .map_or(&[][..], Vec::as_slice);
        plan.changes.extend(grant_changes(grant, held));
    }
    plan.changes
        .extend(contacts(register, existing, &districts, at));
    plan.changes.extend(marks(register, existing));
    plan
}

/// Districts afterwards: those of the document, and existing ones that gain a school.
fn districts(register: &Register, existing: &Existing) -> BTreeMap<DistrictId, District> {
    let mut districts = existing.districts.clone();
    for written in &register.districts {
        let mut district = written.clone();
        if let Some(before) = districts.get(&district.id) {
            // A directory's people have brought schools that no document lists.
            let schools = before.schools.keys().cloned().collect();
            add_schools(&mut district, &schools);
            for (school, name) in &before.schools {
                let unnamed =
                    district.schools.get(school).map(String::as_str) == Some(school.as_str());
                if unnamed {
                    district.schools.insert(school.clone(), name.clone());
                }
            }
        }
        districts.insert(district.id.clone(), district);
    }
    for (id, named) in &register.named_schools {
        if let Some(district) = districts.get_mut(id) {
            add_schools(district, named);
        }
    }
    districts
}

fn person_change(person: &Person, before: Option<&Person>) -> Option<Change> {
    let mut after = person.clone();
    // Who comes from a directory is known to it whether the document says so or not.
    if after.directory.is_none() {
        after.directory = before.and_then(|before| before.directory.clone());
    }
    (before != Some(&after)).then(|| Change::Person {
        before: before.cloned().map(Box::new),
        after: Some(Box::new(after)),
    })
}

/// Gives what is not held yet and takes back what it replaces.
fn grant_changes(grant: &Grant, held: &[Grant]) -> Vec<Change> {
    let same = |other: &Grant| other.what == grant.what && other.expires == grant.expires;
    let ours = || held.iter().filter(|other| other.origin == grant.origin);
    let replaced = ours().filter(|other| !same(other) && replaces(&grant.what, &other.what));
    let mut changes: Vec<_> = replaced
        .map(|other| Change::Revoke {
            grant: Box::new(other.clone()),
        })
        .collect();
    if !ours().any(same) {
        changes.push(Change::Grant {
            grant: Box::new(grant.clone()),
        });
    }
    changes
}

/// Both say something of the same role, group, tool or calendar.
fn replaces(new: &Granted, old: &Granted) -> bool {
    match (new, old) {
        (Granted::Tool(new, _), Granted::Tool(old, _)) => new == old,
        (Granted::Calendar(new), Granted::Calendar(old)) => {
            (&new.school, &new.calendar) == (&old.school, &old.calendar)
        }
        (new, old) => new == old,
    }
}

fn contacts(
    register: &Register,
    existing: &Existing,
    districts: &BTreeMap<DistrictId, District>,
    at: Timestamp,
) -> Vec<Change> {
    let mut after = existing.contacts.clone();
    for entry in &register.contacts {
        let before = existing.contacts.get(&entry.contact.person);
        after.insert(entry.contact.person.clone(), merged(entry, before));
    }
    let feeds = watermarks(register, existing);
    let mut changes = Vec::new();
    for entry in &register.contacts {
        let Some(contact) = after.get(&entry.contact.person) else {
            continue;
        };
        let before = existing.contacts.get(&contact.person);
        if before == Some(contact) {
            continue;
        }
        let mut contact = contact.clone();
        if let Some(district) = districts.get(&contact.district) {
            let feed = feeds.get(&contact.district).copied();
            let around = surroundings(&contact, after.values(), district, feed);
            let person = existing.persons.get(&contact.person);
            contact = settled(contact, before, person, &around, at);
        }
        let notice = under_way(&contact, before, at);
        changes.push(Change::Contact {
            before: before.cloned().map(Box::new),
            after: Box::new(contact),
        });
        changes.extend(notice);
    }
    changes
}

/// A stage that the document says is being delivered goes into the outbox, where it may not be yet: nobody would ever
/// be told otherwise, and the contact would wait for it for good.
fn under_way(contact: &Contact, before: Option<&Contact>, at: Timestamp) -> Option<Change> {
    let awaited = |contact: &Contact| contact.episode.as_ref()?.awaited;
    let stage = awaited(contact)?;
    if before.and_then(awaited) == Some(stage) {
        return None;
    }
    let kind = NoticeKind::from(stage.stage);
    let notice = Notice::new(kind, contact, contact.episodes, stage.due, at);
    Some(Change::Notice {
        notice: Box::new(notice),
    })
}

/// The contact with what follows from the document's word: a later activity than was known ends what silence led to,
/// a person whom the directory shuts out is no valid contact, and something is due next.
fn settled(
    contact: Contact,
    before: Option<&Contact>,
    person: Option<&Person>,
    around: &Surroundings,
    at: Timestamp,
) -> Contact {
    let mut contact = contact;
    if let (Some(before), Some(activity)) = (before, contact.last_activity)
        && contact.state == before.state
        && contact.state != ContactState::Removed
        && activity > before.anchor()
        && before.deactivated.is_none_or(|off| activity < off)
    {
        contact = lifecycle::alive(&contact, around, activity, at).contact;
    }
    let status = person.and_then(|person| person.directory.as_ref());
    let shut_out = status.and_then(|link| lifecycle::directory(&contact, around, link.status, at));
    if let Some(step) = shut_out.filter(|step| step.contact.state == ContactState::Suspended) {
        contact = step.contact;
    }
    contact.next_due = lifecycle::next_due(&contact, around, at);
    contact
}

/// The other contacts of a contact's district, counted.
fn surroundings<'d, 'c>(
    contact: &Contact,
    all: impl Iterator<Item = &'c Contact>,
    district: &'d District,
    feed: Option<Option<Timestamp>>,
) -> Surroundings<'d> {
    let others: Vec<_> = all
        .filter(|other| other.district == contact.district && other.person != contact.person)
        .filter(|other| other.is_valid())
        .collect();
    let technical = others
        .iter()
        .filter(|other| other.kind == ContactKind::Technical);
    Surroundings {
        district,
        other_valid: others.len(),
        other_technical: technical.count(),
        feed,
    }
}

/// How far each district's feeds have come afterwards; of several the one that is furthest behind.
fn watermarks(register: &Register, existing: &Existing) -> BTreeMap<DistrictId, Option<Timestamp>> {
    let mut marks: BTreeMap<DistrictId, Option<Timestamp>> = BTreeMap::new();
    for feed in existing.feeds.values().chain(&register.feeds) {
        let known = existing.marks.get(&feed.id).map(|mark| mark.watermark);
        let mark = known.max(feed.watermark);
        let behind = marks.entry(feed.district.clone()).or_insert(mark);
        *behind = (*behind).min(mark);
    }
    marks
}

/// The contact as the document says it, and as the register knows it where the document is silent or behind.
fn merged(entry: &ContactEntry, before: Option<&Contact>) -> Contact {
    let said = entry.contact.clone();
    let Some(before) = before else { return said };
    let last_activity = said.last_activity.max(before.last_activity);
    let designated = if entry.designated_said {
        said.designated
    } else {
        before.designated
    };
    // A document adds courses and reports; it takes none away.
    let mut training = before.training.clone();
    training.extend(said.training.clone());
    let sharing_reported = said.sharing_reported.max(before.sharing_reported);
    if entry.state_said && said.state != before.state {
        return Contact {
            last_activity,
            designated,
            training,
            sharing_reported,
            ..said
        };
    }
    Contact {
        kind: said.kind,
        district: said.district,
        designated,
        last_activity,
        training,
        sharing_reported,
        ..before.clone()
    }
}

/// Watermarks that the document says and that lie ahead of the register's.
fn marks(register: &Register, existing: &Existing) -> Vec<Change> {
    let mut changes = Vec::new();
    for feed in &register.feeds {
        let before = existing.marks.get(&feed.id);
        let Some(watermark) = feed.watermark else {
            continue;
        };
        if before.is_none_or(|before| before.watermark < watermark) {
            changes.push(Change::Feed {
                before: before.cloned(),
                after: FeedMark {
                    feed: feed.id.clone(),
                    district: feed.district.clone(),
                    watermark,
                },
            });
        }
    }
    changes
}
