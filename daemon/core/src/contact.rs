//! An authorized contact: a person who may deal with the vendor's support, and how far gone quiet.

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::decision::Warning;

use crate::district::Inactivity;
use crate::id::{DistrictId, EventId, FeedId, PersonId};
use crate::training::{Course, FUNDAMENTALS};

/// What a contact may do. Rule: `contact.technical-superset`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ContactKind {
    /// Cases and calls.
    Support,
    /// All that, and technical matters and updates.
    Technical,
}

impl ContactKind {
    /// `support` or `technical`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Support => "support",
            Self::Technical => "technical",
        }
    }
}

impl std::str::FromStr for ContactKind {
    type Err = BadWord;
    fn from_str(text: &str) -> Result<Self, BadWord> {
        match text {
            "support" => Ok(Self::Support),
            "technical" => Ok(Self::Technical),
            _ => Err(BadWord {
                found: text.to_owned(),
                allowed: "support or technical",
            }),
        }
    }
}

/// A word that is not among those allowed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{found}` must be {allowed}")]
pub struct BadWord {
    /// What was written.
    pub found: String,
    /// What may be written.
    pub allowed: &'static str,
}

/// The state of a contact. Rule: domain, valid contact = active, pending or held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ContactState {
    /// Full authority.
    Active,
    /// Told of pending deactivation; full authority.
    Pending,
    /// A stage waits for data or delivery; full authority.
    Held,
    /// Shut out by the directory; no authority.
    Suspended,
    /// Deactivated for inactivity; no authority until another contact restores it.
    Deactivated,
    /// No longer a contact.
    Removed,
}

impl ContactState {
    /// Has full authority. Rules: `contact.pending-still-valid`, domain vocabulary.
    pub fn is_valid(self) -> bool {
        matches!(self, Self::Active | Self::Pending | Self::Held)
    }

    /// The word of the state.
    pub fn word(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Pending => "pending",
            Self::Held => "held",
            Self::Suspended => "suspended",
            Self::Deactivated => "deactivated",
            Self::Removed => "removed",
        }
    }
}

impl fmt::Display for ContactState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl std::str::FromStr for ContactState {
    type Err = BadWord;
    fn from_str(text: &str) -> Result<Self, BadWord> {
        [
            Self::Active,
            Self::Pending,
            Self::Held,
            Self::Suspended,
            Self::Deactivated,
            Self::Removed,
        ]
        .into_iter()
        .find(|state| state.word() == text)
        .ok_or(BadWord {
            found: text.to_owned(),
            allowed: "active, pending, held, suspended, deactivated or removed",
        })
    }
}

/// What an activity event was. Rule: domain §3, qualifying activity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs)] // the words are the domain's own
pub enum ActivityKind {
    PortalLogin,
    CaseSubmitted,
    CaseComment,
    CaseAttachment,
    CaseClosed,
    CaseReopened,
    CaseOpenedFor,
    UpdateRequest,
    VerifiedCall,
}

impl ActivityKind {
    /// All kinds with their words.
    pub const WORDS: [(Self, &'static str); 9] = [
        (Self::PortalLogin, "portal-login"),
        (Self::CaseSubmitted, "case-submitted"),
        (Self::CaseComment, "case-comment"),
        (Self::CaseAttachment, "case-attachment"),
        (Self::CaseClosed, "case-closed"),
        (Self::CaseReopened, "case-reopened"),
        (Self::CaseOpenedFor, "case-opened-for"),
        (Self::UpdateRequest, "update-request"),
        (Self::VerifiedCall, "verified-call"),
    ];

    /// The word of the kind.
    pub fn word(self) -> &'static str {
        Self::WORDS
            .iter()
            .find(|(kind, _)| *kind == self)
            .map_or("", |(_, word)| word)
    }
}

impl std::str::FromStr for ActivityKind {
    type Err = BadWord;
    fn from_str(text: &str) -> Result<Self, BadWord> {
        Self::WORDS.iter().find(|(_, word)| *word == text).map(|(kind, _)| *kind).ok_or(BadWord {
            found: text.to_owned(),
            allowed: "portal-login, case-submitted, case-comment, case-attachment, case-closed, case-reopened, \
                      case-opened-for, update-request or verified-call",
        })
    }
}

/// A set of kinds of activity: those that count in a district. All do by default. Rule: domain §3, per-kind switchable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "BTreeSet<ActivityKind>", into = "BTreeSet<ActivityKind>")]
pub struct ActivityKinds(u16);

impl ActivityKinds {
    /// Every kind.
    pub const ALL: Self = Self((1 << ActivityKind::WORDS.len()) - 1);

    /// That kind is among them.
    pub fn has(self, kind: ActivityKind) -> bool {
        self.0 & (1 << kind as u16) != 0
    }

    /// Every kind is among them.
    pub fn is_all(&self) -> bool {
        *self == Self::ALL
    }

    /// No kind is among them: nobody could ever show to be alive.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The kinds, in the order of the rule book.
    pub fn iter(self) -> impl Iterator<Item = ActivityKind> {
        ActivityKind::WORDS
            .into_iter()
            .map(|(kind, _)| kind)
            .filter(move |kind| self.has(*kind))
    }
}

impl Default for ActivityKinds {
    fn default() -> Self {
        Self::ALL
    }
}

impl FromIterator<ActivityKind> for ActivityKinds {
    fn from_iter<I: IntoIterator<Item = ActivityKind>>(kinds: I) -> Self {
        let bits = kinds.into_iter().map(|kind| 1 << kind as u16);
        Self(bits.fold(0, |all, bit: u16| all | bit))
    }
}

impl From<BTreeSet<ActivityKind>> for ActivityKinds {
    fn from(kinds: BTreeSet<ActivityKind>) -> Self {
        kinds.into_iter().collect()
    }
}

impl From<ActivityKinds> for BTreeSet<ActivityKind> {
    fn from(kinds: ActivityKinds) -> Self {
        kinds.iter().collect()
    }
}

/// An event that shows that a contact is alive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Activity {
    /// Its id; a second event of the same id is the same event.
    pub id: EventId,
    /// Whose.
    pub person: PersonId,
    /// What it was.
    pub kind: ActivityKind,
    /// When it happened; decides, whenever it arrives.
    pub occurred: Timestamp,
    /// The feed that brought it, if one did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub feed: Option<FeedId>,
}

/// A stage of an inactivity episode. Rule: domain §3.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// Notice of pending deactivation, day 180.
    Notice,
    /// Reminder, day 195.
    Reminder,
    /// Final notice, day 209.
    Final,
    /// Deactivated, day 210.
    Deactivated,
}

impl Stage {
    /// The word of the stage: `notice`, `reminder`, `final`, `deactivated`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Notice => "notice",
            Self::Reminder => "reminder",
            Self::Final => "final",
            Self::Deactivated => "deactivated",
        }
    }
}

/// A stage whose notice was accepted (or counts as given).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Given {
    /// When it was due.
    pub due: Timestamp,
    /// When a channel accepted it.
    pub accepted: Timestamp,
    /// Refused everywhere for 14 days and counted as given then, with an alarm.
    #[serde(default)]
    pub unnotified: bool,
}

/// A stage whose notice is in the outbox and not accepted yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Awaited {
    /// Which stage.
    pub stage: Stage,
    /// When it was due.
    pub due: Timestamp,
    /// When it was put into the outbox.
    pub since: Timestamp,
    /// A channel has refused it at least once.
    #[serde(default)]
    pub refused: bool,
}

/// One run through the stages. It begins when its notice is accepted; until then only `awaited` is set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Episode {
    /// Counts the episodes of this contact, from 1; part of every Message-ID.
    pub number: u32,
    /// The periods in force when it began: a changed period applies to new episodes only.
    pub periods: Inactivity,
    /// The notice of pending deactivation.
    pub notice: Option<Given>,
    /// The reminder.
    pub reminder: Option<Given>,
    /// The final notice.
    #[serde(rename = "final")]
    pub last: Option<Given>,
    /// The stage that is being delivered.
    pub awaited: Option<Awaited>,
}

impl Episode {
    /// When that stage was given, if it was. Deactivation is no notice of the episode: it ends it.
    pub fn given(&self, stage: Stage) -> Option<Given> {
        match stage {
            Stage::Notice => self.notice,
            Stage::Reminder => self.reminder,
            Stage::Final => self.last,
            Stage::Deactivated => None,
        }
    }
}

/// Why a contact is held. Rule: domain §3.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Hold {
    /// The feed's watermark has not passed the moment in question.
    StaleFeed,
    /// Every channel refuses the notice.
    Undeliverable,
    /// The last valid contact of a district that holds its last.
    LastContact,
    /// The stage is one of a mass that waits for an operator's word.
    Approval,
}

impl Hold {
    /// All holds with their words.
    pub const WORDS: [(Self, &'static str); 4] = [
        (Self::StaleFeed, "stale-feed"),
        (Self::Undeliverable, "undeliverable"),
        (Self::LastContact, "last-contact"),
        (Self::Approval, "approval"),
    ];

    /// The word of the hold.
    pub fn word(self) -> &'static str {
        Self::WORDS
            .iter()
            .find(|(hold, _)| *hold == self)
            .map_or("", |(_, word)| word)
    }
}

impl std::str::FromStr for Hold {
    type Err = BadWord;
    fn from_str(text: &str) -> Result<Self, BadWord> {
        let known = Self::WORDS.iter().find(|(_, word)| *word == text);
        known.map(|(hold, _)| *hold).ok_or(BadWord {
            found: text.to_owned(),
            allowed: "stale-feed, undeliverable, last-contact or approval",
        })
    }
}

/// A person designated as authorized contact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Contact {
    /// Who.
    pub person: PersonId,
    /// The district they speak for.
    pub district: DistrictId,
    /// What they may do.
    pub kind: ContactKind,
    /// The state.
    pub state: ContactState,
    /// When designated.
    pub designated: Timestamp,
    /// When last restored by another contact.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reactivated: Option<Timestamp>,
    /// The latest qualifying activity.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_activity: Option<Timestamp>,
    /// Episodes so far, those included whose notice was never accepted.
    #[serde(default)]
    pub episodes: u32,
    /// The episode that runs, if one does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub episode: Option<Episode>,
    /// Why held and since when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hold: Option<(Hold, Timestamp)>,
    /// The state before the directory suspended the contact, and when it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suspended: Option<(ContactState, Timestamp)>,
    /// When deactivated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deactivated: Option<Timestamp>,
    /// When something is due next; `None` if nothing ever is by itself. Kept by [`crate::lifecycle`], indexed by the store.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_due: Option<Timestamp>,
    /// Courses completed, and on which day. Rule: `contact.training`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub training: BTreeMap<Course, Date>,
    /// When it was last reported that the credentials are shared. Rule: `contact.no-sharing`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sharing_reported: Option<Timestamp>,
}

impl Contact {
    /// The moment from which inactivity counts: latest qualifying activity, else designation or reactivation. Rule: domain §3.
    pub fn anchor(&self) -> Timestamp {
        let begun = self.reactivated.unwrap_or(self.designated);
        self.last_activity
            .map_or(begun, |activity| activity.max(begun))
    }

    /// Has full authority.
    pub fn is_valid(&self) -> bool {
        self.state.is_valid()
    }

    /// Remarks for the contact's page: training that is recommended and not recorded, credentials reported as shared.
    /// They deny nothing. Rules: `contact.training`, `contact.no-sharing`.
    pub fn remarks(&self) -> Vec<Warning> {
        let mut remarks = Vec::new();
        let trained = || {
            self.training
                .keys()
                .any(|course| course.as_str() == FUNDAMENTALS)
        };
        if self.kind == ContactKind::Technical && self.state != ContactState::Removed && !trained()
        {
            remarks.push(Warning {
                code: "contact.training".to_owned(),
                message: format!(
                    "The course {FUNDAMENTALS} is recommended to technical contacts and not recorded for this one."
                ),
            });
        }
        if let Some(at) = self.sharing_reported {
            remarks.push(Warning {
                code: "contact.no-sharing".to_owned(),
                message: format!("Shared credentials were reported on {at}."),
            });
        }
        remarks
    }
}
