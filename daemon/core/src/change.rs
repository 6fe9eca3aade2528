//! `Change` and `Plan`: the only words for a write.
//!
//! A flow reads, the core answers with a plan, the store commits it: changes, audit journal and outbox in one
//! transaction. A change carries the state before and after, so that it prints as a difference, and so that the
//! store can refuse a plan whose ground has moved since it was made.

mod kept;

pub use kept::{Erased, Forgotten, Kept};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::fmt;

use crate::call::Call;
use crate::case::Case;
use crate::contact::{Activity, Contact};
use crate::district::District;
use crate::hex;
use crate::id::{AgentId, DistrictId, FeedId, PersonId, Revision, SourceId};
use crate::notice::{Alarm, Delivery, Notice};
use crate::person::Person;
use crate::plugin::Installed;
use crate::role::{Grant, Group};
use crate::session::{Access, Session};
use crate::token::Token;
use crate::update::UpdateRequest;

/// Who caused a change.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind", content = "id")]
pub enum Actor {
    /// A local account or token of the daemon's operators.
    Operator(String),
    /// A person of the register.
    Person(PersonId),
    /// An agent of the vendor's support desk.
    Agent(AgentId),
    /// A directory source.
    Source(SourceId),
    /// A file of the spool folder, by its name.
    Spool(String),
    /// The daemon's own timer.
    Timer,
    /// The daemon's configuration.
    Configuration,
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Operator(name) => write!(f, "operator {name}"),
            Self::Person(id) => write!(f, "person {id}"),
            Self::Agent(id) => write!(f, "agent {id}"),
            Self::Source(id) => write!(f, "source {id}"),
            Self::Spool(file) => write!(f, "spool file {file}"),
            Self::Timer => f.write_str("timer"),
            Self::Configuration => f.write_str("configuration"),
        }
    }
}

/// How far an activity feed has come: everything that happened before the watermark has arrived.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct FeedMark {
    /// Which feed.
    pub feed: FeedId,
    /// Of which district.
    pub district: DistrictId,
    /// The moment up to which its events are complete.
    pub watermark: Timestamp,
}

/// One write. `before` is the state that the plan was made on, `None` where there was nothing; `after` likewise.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "change")]
#[allow(missing_docs)] // the nouns document themselves; before and after are explained above
pub enum Change {
    District {
        before: Option<Box<District>>,
        after: Box<District>,
    },
    Person {
        before: Option<Box<Person>>,
        after: Option<Box<Person>>,
    },
    Group {
        before: Option<Box<Group>>,
        after: Option<Box<Group>>,
    },
    Contact {
        before: Option<Box<Contact>>,
        after: Box<Contact>,
    },
    Session {
        before: Option<Box<Session>>,
        after: Box<Session>,
    },
    Case {
        before: Option<Box<Case>>,
        after: Box<Case>,
    },
    Call {
        before: Option<Box<Call>>,
        after: Box<Call>,
    },
    UpdateRequest {
        before: Option<Box<UpdateRequest>>,
        after: Box<UpdateRequest>,
    },
    Feed {
        before: Option<FeedMark>,
        after: FeedMark,
    },
    Token {
        before: Option<Box<Token>>,
        after: Box<Token>,
    },
    Plugin {
        before: Option<Box<Installed>>,
        after: Box<Installed>,
    },
    /// Gives something to a person.
    Grant { grant: Box<Grant> },
    /// Takes it away.
    Revoke { grant: Box<Grant> },
    /// Records an activity event by its id.
    Activity { activity: Box<Activity> },
    /// Adds a line to an access log.
    Access { access: Box<Access> },
    /// Puts a notice into the outbox; one that is there already stays as it is.
    Notice { notice: Box<Notice> },
    /// Records what became of an attempt.
    Delivery { delivery: Box<Delivery> },
    /// Raises an alarm.
    Alarm { alarm: Box<Alarm> },
    /// Forgets rows that are older than they are kept; the journal keeps what they were.
    Forget { forgotten: Forgotten },
    /// Erases what there is of a person; the journal keeps that it happened, and the person's id.
    Erase { erased: Erased },
}

impl Change {
    /// The word of the noun that changes: `person`, `grant`, …
    pub fn noun(&self) -> &'static str {
        match self {
            Self::District { .. } => "district",
            Self::Person { .. } => "person",
            Self::Group { .. } => "group",
            Self::Contact { .. } => "contact",
            Self::Session { .. } => "session",
            Self::Case { .. } => "case",
            Self::Call { .. } => "call",
            Self::UpdateRequest { .. } => "update-request",
            Self::Feed { .. } => "feed",
            Self::Token { .. } => "token",
            Self::Plugin { .. } => "plugin",
            Self::Grant { .. } => "grant",
            Self::Revoke { .. } => "revoke",
            Self::Activity { .. } => "activity",
            Self::Access { .. } => "access",
            Self::Notice { .. } => "notice",
            Self::Delivery { .. } => "delivery",
            Self::Alarm { .. } => "alarm",
            Self::Forget { .. } => "forget",
            Self::Erase { .. } => "erase",
        }
    }

    /// The person concerned, if one is: the key by which the journal is searched and a person is erased.
    pub fn person(&self) -> Option<&PersonId> {
        match self {
            Self::Person { before, after } => {
                after.as_ref().or(before.as_ref()).map(|person| &person.id)
            }
            Self::Contact { after, .. } => Some(&after.person),
            Self::Session { after, .. } => Some(&after.actor),
            Self::Grant { grant } | Self::Revoke { grant } => Some(&grant.person),
            Self::Activity { activity } => Some(&activity.person),
            Self::Access { access } => Some(&access.person),
            Self::Notice { notice } => Some(&notice.person),
            Self::Alarm { alarm } => alarm.person.as_ref(),
            Self::Case { after, .. } => Some(&after.requester),
            Self::Call { before, after } => after.concerns(before.as_deref()),
            Self::UpdateRequest { after, .. } => Some(&after.requester),
            Self::District { .. }
            | Self::Group { .. }
            | Self::Feed { .. }
            | Self::Token { .. }
            | Self::Plugin { .. }
            | Self::Delivery { .. }
            | Self::Forget { .. }
            // The row that says so must outlast them.
            | Self::Erase { .. } => None,
        }
    }

    /// The district concerned, where the change itself says it; otherwise it is that of the person concerned.
    pub fn district(&self) -> Option<&DistrictId> {
        match self {
            Self::District { after, .. } => Some(&after.id),
            Self::Person { before, after } => {
                let person = after.as_ref().or(before.as_ref());
                person.map(|person| &person.district)
            }
            Self::Group { before, after } => {
                let group = after.as_ref().or(before.as_ref());
                group.map(|group| &group.district)
            }
            Self::Contact { after, .. } => Some(&after.district),
            Self::Case { after, .. } => Some(&after.district),
            Self::Call { after, .. } => Some(&after.district),
            Self::UpdateRequest { after, .. } => Some(&after.district),
            Self::Feed { after, .. } => Some(&after.district),
            Self::Notice { notice } => Some(&notice.district),
            Self::Alarm { alarm } => alarm.district.as_ref(),
            Self::Erase { erased } => erased.district.as_ref(),
            // A token may open several districts or all.
            Self::Token { .. }
            | Self::Plugin { .. }
            | Self::Session { .. }
            | Self::Grant { .. }
            | Self::Revoke { .. }
            | Self::Activity { .. }
            | Self::Access { .. }
            | Self::Delivery { .. }
            | Self::Forget { .. } => None,
        }
    }

    /// The id of the thing that changes.
    fn subject(&self) -> String {
        match self {
            Self::District { after, .. } => after.id.to_string(),
            Self::Person { before, after } => after
                .as_ref()
                .or(before.as_ref())
                .map_or_else(String::new, |person| {
                    format!("{}/{} ({})", person.district, person.username, person.id)
                }),
            Self::Group { before, after } => after
                .as_ref()
                .or(before.as_ref())
                .map_or_else(String::new, |group| {
                    format!("{}/{}", group.district, group.id)
                }),
            Self::Contact { after, .. } => after.person.to_string(),
            Self::Session { after, .. } => after.id.to_string(),
            Self::Case { after, .. } => after.id.to_string(),
            Self::Call { after, .. } => after.id.to_string(),
            Self::UpdateRequest { after, .. } => after.id.to_string(),
            Self::Feed { after, .. } => after.feed.to_string(),
            Self::Token { after, .. } => after.id.to_string(),
            Self::Plugin { after, .. } => after.id.to_string(),
            Self::Grant { grant } | Self::Revoke { grant } => grant.person.to_string(),
            Self::Activity { activity } => activity.person.to_string(),
            Self::Access { access } => access.person.to_string(),
            Self::Notice { notice } => notice.person.to_string(),
            Self::Delivery { delivery } => delivery.notice.to_string(),
            Self::Alarm { alarm } => alarm.code.clone(),
            Self::Forget { forgotten } => forgotten.what.word().to_owned(),
            Self::Erase { erased } => erased.person.to_string(),
        }
    }

    /// State before and after as JSON objects, for the variants that have both.
    fn states(&self) -> Option<(Value, Value)> {
        fn json<T: Serialize>(before: Option<&T>, after: Option<&T>) -> Option<(Value, Value)> {
            Some((
                serde_json::to_value(before).ok()?,
                serde_json::to_value(after).ok()?,
            ))
        }
        match self {
            Self::District { before, after } => json(before.as_deref(), Some(after)),
            Self::Person { before, after } => json(before.as_deref(), after.as_deref()),
            Self::Group { before, after } => json(before.as_deref(), after.as_deref()),
            Self::Contact { before, after } => json(before.as_deref(), Some(after)),
            Self::Session { before, after } => json(before.as_deref(), Some(after)),
            Self::Case { before, after } => json(before.as_deref(), Some(after)),
            Self::Call { before, after } => json(before.as_deref(), Some(after)),
            Self::UpdateRequest { before, after } => json(before.as_deref(), Some(after)),
            Self::Feed { before, after } => json(before.as_ref(), Some(after)),
            _ => None,
        }
    }
}

/// Fields of two JSON objects that differ, by name. Nested objects are compared as a whole.
fn differences(before: &Value, after: &Value) -> Vec<String> {
    let empty = serde_json::Map::new();
    let (old, new) = (
        before.as_object().unwrap_or(&empty),
        after.as_object().unwrap_or(&empty),
    );
    let names: std::collections::BTreeSet<_> = old.keys().chain(new.keys()).collect();
    let show = |value: Option<&Value>| value.map_or_else(|| "none".to_owned(), Value::to_string);
    names
        .into_iter()
        .filter(|name| old.get(*name) != new.get(*name))
        .map(|name| format!("{name} {} → {}", show(old.get(name)), show(new.get(name))))
        .collect()
}

impl fmt::Display for Change {
    /// One line: what, who, and what is different afterwards.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some((before, after)) = self.states() {
            let noun = self.noun();
            let subject = self.subject();
            return match (before.is_null(), after.is_null()) {
                (true, _) => write!(f, "+ {noun} {subject}: {after}"),
                (_, true) => write!(f, "- {noun} {subject}"),
                _ => write!(
                    f,
                    "~ {noun} {subject}: {}",
                    differences(&before, &after).join(", ")
                ),
            };
        }
        match self {
            Self::Grant { grant } => {
                write!(
                    f,
                    "+ grant {}: {} by {}",
                    grant.person, grant.what, grant.origin
                )?;
                grant
                    .expires
                    .map_or(Ok(()), |expires| write!(f, " until {expires}"))
            }
            Self::Revoke { grant } => write!(
                f,
                "- grant {}: {} by {}",
                grant.person, grant.what, grant.origin
            ),
            Self::Activity { activity } => {
                write!(
                    f,
                    "+ activity {}: {} at {}",
                    activity.person,
                    activity.kind.word(),
                    activity.occurred
                )
            }
            Self::Access { access } => write!(
                f,
                "+ access {}: {} at {}",
                access.person, access.event, access.at
            ),
            Self::Notice { notice } => {
                write!(
                    f,
                    "! notice {}: {} due {}",
                    notice.person,
                    notice.kind.word(),
                    notice.due
                )
            }
            Self::Delivery { delivery } => {
                write!(
                    f,
                    "= delivery {} by {}: {:?}",
                    delivery.notice, delivery.channel, delivery.outcome
                )
            }
            Self::Token { after, .. } if after.revoked.is_some() => write!(f, "- token {after}"),
            Self::Token { after, .. } => write!(f, "+ token {after}"),
            Self::Plugin { after, .. } => write!(f, "~ plugin {after}"),
            Self::Alarm { alarm } => write!(f, "! alarm {}: {}", alarm.code, alarm.message),
            Self::Forget { forgotten } => write!(f, "- {forgotten}"),
            Self::Erase { erased } => write!(f, "- {erased}"),
            _ => write!(f, "{} {}", self.noun(), self.subject()),
        }
    }
}

/// What will be written, by whom, and the revision it was made on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Plan {
    /// The revision that was read. The store refuses the plan if something it changes has changed since.
    pub base: Revision,
    /// Who causes it.
    pub actor: Actor,
    /// When it was made.
    pub at: Timestamp,
    /// The writes, in order.
    pub changes: Vec<Change>,
}

impl Plan {
    /// A plan without changes yet.
    pub fn new(base: Revision, actor: Actor, at: Timestamp) -> Self {
        Self {
            base,
            actor,
            at,
            changes: Vec::new(),
        }
    }

    /// Nothing to write.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// The hash by which an operator approves exactly these changes.
    pub fn hash(&self) -> String {
        let mut hasher = PlanHasher::default();
        self.changes.iter().for_each(|change| hasher.add(change));
        hasher.finish()
    }
}

/// Hashes a plan's changes while they stream by: SHA-256 over one JSON line each.
#[derive(Default)]
pub struct PlanHasher(Sha256);

impl PlanHasher {
    /// Takes the next change.
    pub fn add(&mut self, change: &Change) {
        // Serialising these types cannot fail: no map has keys that are not text, no number is not finite.
        let line = serde_json::to_vec(change).unwrap_or_default();
        self.0.update(&line);
        self.0.update(b"\n");
    }

    /// Takes the next change of a plan that is made anew each time it is looked at (a directory read): the moment `at`
    /// at which the plan is made, and what a contact is due at as a result of it, do not count.
    pub fn add_timeless(&mut self, change: &Change, at: Timestamp) {
        let line = match change {
            Change::Contact { before, after } => {
                let (before, mut after) = (before.clone(), after.clone());
                after.next_due = None;
                serde_json::to_string(&Change::Contact { before, after })
            }
            _ => serde_json::to_string(change),
        };
        let line = line.unwrap_or_default();
        for (place, part) in line.split(&at.to_string()).enumerate() {
            self.0.update(if place == 0 { "" } else { "now" });
            self.0.update(part);
        }
        self.0.update(b"\n");
    }

    /// The hash in hexadecimal.
    pub fn finish(self) -> String {
        hex(&self.0.finalize())
    }
}
