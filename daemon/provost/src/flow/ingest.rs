//! Activity in by the batch: each item is checked by itself, what is good becomes one commit. Rule: domain §3.
//!
//! Events are taken in the order in which they happened, not in the order in which they stand in the batch: so a
//! batch has one outcome however it is shuffled.

use jiff::Timestamp;
use provost_core::change::{Actor, Change, Plan};
use provost_core::contact::{Activity, ActivityKind, BadWord, Contact};
use provost_core::id::{DistrictId, EventId, PersonId};
use provost_core::lifecycle::{self, ActivityOutcome};
use provost_core::register::Feed;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

use super::feed::{self, Advance};
use super::neighbourhood::Neighbourhood;
use super::{FlowError, NotFound, Scene, districts, plan, write};
use crate::live::{Live, chain};
use crate::store::{Lookup, Snapshot};

/// An event as it was sent; nothing of it is believed yet.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Event {
    /// Whose: the register's id, username, `district/username`, `uuid:…`, `mail:…` or `tel:…`.
    pub person: String,
    /// What it was, e.g. `portal-login`.
    pub kind: String,
    /// When it happened, RFC 3339. A batch arrives later than what it tells of, so it is never left out.
    pub at: String,
    /// Its id, by which a duplicate is known; made from the other fields if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The feed that brings it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub feed: Option<String>,
}

/// A feed's word that everything before a moment has been sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mark {
    /// Which feed.
    pub feed: String,
    /// The moment, RFC 3339.
    pub watermark: String,
}

/// One item of a batch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Item {
    /// Something that happened.
    Event(Event),
    /// How far a feed has come.
    Mark(Mark),
}

impl Item {
    /// Reads an item; one that has a `watermark` is a feed's word.
    ///
    /// # Errors
    /// In one line, what is wrong with it.
    pub fn read(value: serde_json::Value) -> Result<Self, String> {
        if !value.is_object() {
            return Err("must be an object".to_owned());
        }
        let read = if value.get("watermark").is_some() {
            serde_json::from_value(value).map(Self::Mark)
        } else {
            serde_json::from_value(value).map(Self::Event)
        };
        read.map_err(|why| why.to_string())
    }
}

/// An item with its place: a line of a file, or the number in a list, from 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    /// The place.
    pub line: u64,
    /// The item, or why it cannot be read.
    pub item: Result<Item, String>,
}

/// What became of an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// The event counts from now on; the watermark has moved.
    Counted,
    /// A later one is known: nothing changes.
    Older,
    /// An event of that id is known.
    Duplicate,
    /// It came late and undid a deactivation.
    Rescinded,
    /// The person is no contact, so nothing follows from it.
    NotAContact,
    /// It lies in the future by more than the allowed skew: kept out.
    Future,
    /// The register knows no such person, or several.
    UnknownPerson,
    /// No kind of activity.
    UnknownKind,
    /// It cannot be read.
    Malformed,
    /// A watermark that is not believed, because something sent with it cannot be read.
    HeldBack,
    /// It does not count.
    Refused,
}

impl Verdict {
    /// Nothing is wrong with the item.
    pub fn is_taken(self) -> bool {
        matches!(
            self,
            Self::Counted | Self::Older | Self::Duplicate | Self::Rescinded | Self::NotAContact
        )
    }

    /// Its word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Counted => "counted",
            Self::Older => "older",
            Self::Duplicate => "duplicate",
            Self::Rescinded => "rescinded",
            Self::NotAContact => "not-a-contact",
            Self::Future => "future",
            Self::UnknownPerson => "unknown-person",
            Self::UnknownKind => "unknown-kind",
            Self::Malformed => "malformed",
            Self::HeldBack => "held-back",
            Self::Refused => "refused",
        }
    }
}

/// What became of the item at a place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Taken {
    /// The place.
    pub line: u64,
    /// The event's id, given or made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// What became of it.
    pub result: Verdict,
    /// Why, where that is not plain.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

/// Who sends a batch.
pub struct Sender {
    /// As the journal names them.
    pub actor: Actor,
    /// The districts of which they may report activity, `None` meaning all. What belongs to another is to them as if
    /// nobody knew it.
    pub reach: Option<Vec<DistrictId>>,
    /// Something that was sent before with these items could not be read, so that no watermark among them is believed:
    /// nobody is deactivated on missing data.
    pub unreadable_before: bool,
}

impl Sender {
    fn reaches(&self, district: &DistrictId) -> bool {
        self.reach
            .as_ref()
            .is_none_or(|reach| reach.contains(district))
    }

    /// The feed of that id, if they may know of it.
    fn feed<'l>(&self, live: &'l Live, id: &str) -> Result<&'l Feed, No> {
        let refused = |why: String| (Verdict::Refused, why);
        match feed::configured(live, id) {
            Ok(feed) if self.reaches(&feed.district) => Ok(feed),
            Err(error) if self.reach.is_none() => Err(refused(chain(&error))),
            _ => Err(refused(
                "your credentials reach no feed of that id".to_owned(),
            )),
        }
    }
}

/// A refusal: its word and its reason.
type No = (Verdict, String);

/// Takes a batch. A bad item never spoils the rest; the answer has every item, in the order of the places.
///
/// # Errors
/// If the store cannot be read or written; nothing of the batch was recorded then, or only its events without the
/// watermarks.
pub fn run(scene: Scene<'_>, sent: &[Sent], sender: &Sender) -> Result<Vec<Taken>, FlowError> {
    let (mut taken, gained) = write(scene.store, |register| {
        let mut batch = Batch::new(scene, register, sender);
        let taken = batch.take(sent)?;
        let gained = std::mem::take(&mut batch.gained);
        Ok((batch.plan(), (taken, gained)))
    })?;
    for district in &gained {
        districts::gained(scene, district, &sender.actor)?;
    }
    // Watermarks come last: what they vouch for is in the register by then.
    let mut unreadable = sender.unreadable_before;
    for sent in sent {
        match &sent.item {
            Err(_) => unreadable = true,
            Ok(Item::Event(_)) => {}
            Ok(Item::Mark(mark)) => {
                let (result, why) = match advance(scene, mark, sender, unreadable)? {
                    Ok(result) => (result, None),
                    Err((result, why)) => (result, Some(why)),
                };
                taken.push(Taken {
                    line: sent.line,
                    id: None,
                    result,
                    why,
                });
            }
        }
    }
    taken.sort_by_key(|taken| taken.line);
    Ok(taken)
}

fn advance(
    scene: Scene<'_>,
    mark: &Mark,
    sender: &Sender,
    unreadable: bool,
) -> Result<Result<Verdict, No>, FlowError> {
    if let Err(no) = sender.feed(scene.live, &mark.feed) {
        return Ok(Err(no));
    }
    let to = match moment(&mark.watermark) {
        Ok(to) => to,
        Err(why) => return Ok(Err((Verdict::Malformed, why))),
    };
    if unreadable {
        let why = "something that was sent before it could not be read".to_owned();
        return Ok(Err((Verdict::HeldBack, why)));
    }
    match feed::advance(scene, &mark.feed, to, &sender.actor) {
        Ok(Advance::Moved) => Ok(Ok(Verdict::Counted)),
        Ok(Advance::Older) => Ok(Ok(Verdict::Older)),
        Err(error @ FlowError::Invalid { .. }) => Ok(Err((Verdict::Future, chain(&error)))),
        Err(error) => Err(error),
    }
}

fn moment(text: &str) -> Result<Timestamp, String> {
    text.parse()
        .map_err(|_| format!("`{text}` must be an RFC 3339 time"))
}

/// An event that was understood, and where it stood.
struct Understood {
    line: u64,
    activity: Activity,
}

/// Who is meant by a reference, or the refusal.
type Meant = Result<(PersonId, DistrictId), No>;

/// A batch while its plan is being made, on one revision of the register.
struct Batch<'b> {
    scene: Scene<'b>,
    register: &'b Snapshot<'b>,
    sender: &'b Sender,
    /// Who is meant by each reference: an export names the same people again and again.
    meant: BTreeMap<String, Meant>,
    around: BTreeMap<DistrictId, Neighbourhood>,
    /// Contacts that change, as they were before.
    before: BTreeMap<PersonId, Contact>,
    /// Ids that this very batch has taken.
    ids: BTreeSet<EventId>,
    /// Districts in which a deactivation was undone.
    gained: BTreeSet<DistrictId>,
    changes: Vec<Change>,
}

impl<'b> Batch<'b> {
    fn new(scene: Scene<'b>, register: &'b Snapshot<'b>, sender: &'b Sender) -> Self {
        Self {
            scene,
            register,
            sender,
            meant: BTreeMap::new(),
            around: BTreeMap::new(),
            before: BTreeMap::new(),
            ids: BTreeSet::new(),
            gained: BTreeSet::new(),
            changes: Vec::new(),
        }
    }

    /// What becomes of every item but the watermarks.
    fn take(&mut self, sent: &[Sent]) -> Result<Vec<Taken>, FlowError> {
        let mut taken = Vec::with_capacity(sent.len());
        let mut understood = Vec::with_capacity(sent.len());
        for Sent { line, item } in sent {
            let event = match item {
                Ok(Item::Mark(_)) => continue,
                Ok(Item::Event(event)) => event,
                Err(why) => {
                    taken.push(refusal(*line, None, (Verdict::Malformed, why.clone())));
                    continue;
                }
            };
            match self.understand(event)? {
                Ok(activity) => understood.push(Understood {
                    line: *line,
                    activity,
                }),
                Err(no) => taken.push(refusal(*line, event.id.clone(), no)),
            }
        }
        understood.sort_by(|one, other| {
            let key = |event: &Understood| (event.activity.occurred, event.line);
            key(one).cmp(&key(other))
        });
        let ids = understood.iter().map(|event| &event.activity.id);
        let known = self.register.known_activities(ids)?;
        for Understood { line, activity } in understood {
            let id = Some(activity.id.to_string());
            let (result, why) = if known.contains(&activity.id) || self.ids.contains(&activity.id) {
                (Verdict::Duplicate, None)
            } else {
                self.apply(activity)?
            };
            taken.push(Taken {
                line,
                id,
                result,
                why,
            });
        }
        Ok(taken)
    }

    /// The batch's changes; a contact that several events move changes once.
    fn plan(mut self) -> Plan {
        for (person, before) in self.before {
            let after = self.around.get(&before.district);
            let after = after.and_then(|here| here.contact(&person));
            if let Some(after) = after.filter(|after| **after != before) {
                self.changes.push(Change::Contact {
                    after: Box::new(after.clone()),
                    before: Some(Box::new(before)),
                });
            }
        }
        let actor = self.sender.actor.clone();
        plan(self.register, actor, self.scene.now, self.changes)
    }

    /// The event with everything in it looked up.
    fn understand(&mut self, event: &Event) -> Result<Result<Activity, No>, FlowError> {
        let (person, district) = match self.meant(&event.person)? {
            Ok(meant) => meant,
            Err(no) => return Ok(Err(no)),
        };
        Ok(self.activity(event, person, &district))
    }

    fn activity(
        &self,
        event: &Event,
        person: PersonId,
        district: &DistrictId,
    ) -> Result<Activity, No> {
        let malformed = |why: String| (Verdict::Malformed, why);
        let kind: ActivityKind = event
            .kind
            .parse()
            .map_err(|why: BadWord| (Verdict::UnknownKind, why.to_string()))?;
        let occurred = moment(&event.at).map_err(|why| malformed(format!("at: {why}")))?;
        let live = self.scene.live;
        let feed = event.feed.as_deref().map(|feed| {
            self.sender.feed(live, feed)?;
            feed::bringing(live, feed, district).map_err(|error| (Verdict::Refused, chain(&error)))
        });
        let id = match &event.id {
            Some(id) => EventId::new(id.as_str()),
            None => EventId::new(format!("{person}:{}:{occurred}", kind.word())),
        };
        Ok(Activity {
            id: id.map_err(|why| malformed(format!("id: {why}")))?,
            person,
            kind,
            occurred,
            feed: feed.transpose()?,
        })
    }

    fn meant(&mut self, reference: &str) -> Result<Meant, FlowError> {
        if let Some(meant) = self.meant.get(reference) {
            return Ok(meant.clone());
        }
        let unknown = |why: &str| Err((Verdict::UnknownPerson, why.to_owned()));
        let meant = match self.register.find_person(reference, None)? {
            Lookup::One(person) if self.sender.reaches(&person.district) => {
                Ok((person.id, person.district))
            }
            _ if self.sender.reach.is_some() => unknown(
                "your credentials reach nobody of that name, or it fits several: write district/username",
            ),
            Lookup::Many(_) => unknown("it fits several people; write district/username"),
            Lookup::None | Lookup::One(_) => unknown(&NotFound::None.to_string()),
        };
        self.meant.insert(reference.to_owned(), meant.clone());
        Ok(meant)
    }

    /// What the event does to the contact as it is after the events before it.
    fn apply(&mut self, activity: Activity) -> Result<(Verdict, Option<String>), FlowError> {
        let Some(contact) = self.register.contact(&activity.person)? else {
            return Ok((Verdict::NotAContact, None));
        };
        let here = match self.around.remove(&contact.district) {
            Some(here) => here,
            None => {
                let feeds = &self.scene.live.config.feeds;
                Neighbourhood::read(self.register, feeds, &contact.district)?
            }
        };
        let here = self.around.entry(contact.district.clone()).or_insert(here);
        let now = here.contact(&activity.person).unwrap_or(&contact);
        let around = here.around(&activity.person);
        let (verdict, step) = match lifecycle::activity(now, &around, &activity, self.scene.now) {
            ActivityOutcome::Counted(step) => (Verdict::Counted, Some(*step)),
            ActivityOutcome::Rescinds(step) => {
                self.gained.insert(contact.district.clone());
                (Verdict::Rescinded, Some(*step))
            }
            ActivityOutcome::Older => (Verdict::Older, None),
            ActivityOutcome::Future => {
                let why = format!(
                    "{} lies in the future; it is {} now",
                    activity.occurred, self.scene.now
                );
                return Ok((Verdict::Future, Some(why)));
            }
            ActivityOutcome::Refused { why } => {
                return Ok((Verdict::Refused, Some(why.to_string())));
            }
        };
        self.ids.insert(activity.id.clone());
        self.changes.push(Change::Activity {
            activity: Box::new(activity),
        });
        if let Some(step) = step {
            here.put(&step.contact);
            let said = step.notices.into_iter().map(Box::new);
            self.changes
                .extend(said.map(|notice| Change::Notice { notice }));
            let alarms = step.alarms.into_iter().map(Box::new);
            self.changes
                .extend(alarms.map(|alarm| Change::Alarm { alarm }));
            self.before.entry(contact.person.clone()).or_insert(contact);
        }
        Ok((verdict, None))
    }
}

fn refusal(line: u64, id: Option<String>, (result, why): No) -> Taken {
    Taken {
        line,
        id,
        result,
        why: Some(why),
    }
}

#[cfg(test)]
#[path = "ingest_tests.rs"]
mod tests;
