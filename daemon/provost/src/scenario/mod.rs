//! Scenario files: a register document, steps on a virtual clock, and what is expected of them.
//!
//! Districts keep such files as tests of their own policy; the project's domain tests are written in the same form.
//! [`read::read`] turns a file into typed [`Step`]s or lists all its problems, [`run::run`] plays them in a
//! [`run::World`] and [`compare`] says where expected and got differ.

mod act;
pub mod compare;
pub mod expect;
pub mod read;
pub mod report;
pub mod run;
pub mod simulation;
#[cfg(test)]
mod tests;

use jiff::{SignedDuration, Timestamp};
use provost_core::change::Actor;
use provost_core::contact::{ActivityKind, ContactKind};
use provost_core::decision::Request;
use provost_core::district::Inactivity;
use provost_core::id::{
    CallId, CaseId, DistrictId, EventId, FeedId, PersonId, PluginId, SessionId, UpdateId,
};
use provost_core::register::Register;
use provost_core::role::Granted;
use provost_core::time::Zone;
use provost_core::update::{UpdateKind, UpdateState};
use serde_json::{Map, Value};
use std::collections::BTreeSet;

use crate::flow::approval::Word;
pub use expect::Expect;

/// A scenario that is believed.
#[derive(Debug, Clone, PartialEq)]
pub struct Scenario {
    /// What it shows, in a sentence.
    pub title: String,
    /// Edition plugins in force.
    pub edition_plugins: Vec<PluginId>,
    /// `channel = { plugin, settings }`: renders the notices that are accepted.
    pub channel: Option<ByChannel>,
    /// The register at the start.
    pub register: Register,
    /// When the virtual clock starts.
    pub start: Timestamp,
    /// `notices = { approve-above = N }`: more notices of a sweep wait for an operator's word.
    pub approve_above: usize,
    /// What happens.
    pub steps: Vec<Step>,
}

/// A channel plugin under test.
#[derive(Debug, Clone, PartialEq)]
pub struct ByChannel {
    /// Which.
    pub plugin: PluginId,
    /// Its settings, as `[[plugin]]` would give them.
    pub settings: Map<String, Value>,
}

/// One step. Its acts happen in the order of [`Act`]'s variants, whatever the order in the file.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// Counted from 1.
    pub number: usize,
    /// The wall clock from here on; `None` means that no time has passed.
    pub at: Option<Timestamp>,
    /// What happens.
    pub acts: Vec<Act>,
    /// What is expected.
    pub expect: Expect,
}

/// Something that happens.
#[derive(Debug, Clone, PartialEq)]
pub enum Act {
    /// `clock = "confirm"`: an operator confirms the clock after a freeze.
    ClockConfirm,
    /// `clock = { jump = "40d" }`: the wall clock leaps by that much, no time passes.
    ClockJump(SignedDuration),
    /// `deliver = "accept"`, `"refuse"` or `{ refuse = [ADDRESS] }`: what channels do from here on.
    Deliver(Delivering),
    /// `notices = "approve"` or `"refuse"`: an operator's word for the notices that wait for one.
    Notices(Word),
    /// `feed = { id, watermark }`: the feed's events are complete up to there.
    Feed {
        /// Which feed.
        id: FeedId,
        /// Whose; said in the document or in the step.
        district: DistrictId,
        /// Up to when.
        watermark: Timestamp,
    },
    /// `district = { id, timezone, inactivity }`: the configuration changes; what it does not say stays.
    District {
        /// Which.
        district: DistrictId,
        /// Its new time zone.
        timezone: Option<Zone>,
        /// Its new periods, all of them.
        inactivity: Option<Inactivity>,
    },
    /// `directory = { disable = "ana" }`: what the directory says of people.
    Directory {
        /// What it says.
        seen: Seen,
        /// Of whom.
        persons: Vec<PersonId>,
    },
    /// `grant = { person, role | group | tool + letters | calendar, by, expires }`.
    Grant {
        /// To whom.
        person: PersonId,
        /// What.
        what: Granted,
        /// By whom.
        by: Actor,
        /// From when on it is not held.
        expires: Option<Timestamp>,
    },
    /// `revoke = { person, role | group | tool + letters | calendar, by }`.
    Revoke {
        /// From whom.
        person: PersonId,
        /// What.
        what: Granted,
        /// By whom.
        by: Actor,
    },
    /// `contact = { designate | remove | reactivate = PERSON, type, by }`, `{ train = PERSON, course, completed }`,
    /// `{ shared = PERSON }`: a report of shared credentials.
    Contact {
        /// What is done.
        verb: ContactVerb,
        /// To whom.
        person: PersonId,
        /// As what; a reactivation without it restores what the contact was.
        kind: Option<ContactKind>,
        /// By whom.
        by: Actor,
        /// What the rules may ask besides: `second-agent`, `evidence`, `second-evidence`.
        context: Map<String, Value>,
    },
    /// `case = { open = ID, … }`.
    CaseOpen(CaseOpening),
    /// `case = { close = ID, by }`.
    CaseClose {
        /// Which case.
        case: CaseId,
        /// By whom.
        by: Actor,
    },
    /// `case = { transition = { case, to }, by }`.
    CaseTransition {
        /// Which case.
        case: CaseId,
        /// To whom.
        to: PersonId,
        /// By whom.
        by: Actor,
    },
    /// `call = { open = ID, person, district, by }`: a call begins with that person on it.
    CallOpen {
        /// Its id.
        call: CallId,
        /// Which district it is about; the person's own if it is not said.
        district: DistrictId,
        /// Who calls.
        person: PersonId,
        /// Who records it.
        by: Actor,
    },
    /// `call = { join | leave = ID, person, by }` or `{ end = ID, by }`.
    Call {
        /// Which call.
        call: CallId,
        /// What happens.
        turn: CallTurn,
        /// Who records it.
        by: Actor,
    },
    /// `update-request = { submit = ID, kind, district, by }`.
    UpdateSubmit {
        /// Its id.
        request: UpdateId,
        /// For which district; the person's own if it is not said.
        district: DistrictId,
        /// What is asked for.
        kind: UpdateKind,
        /// Who asks.
        by: Actor,
    },
    /// `update-request = { accept | done | decline | withdraw = ID, reason, by }`.
    UpdateAdvance {
        /// Which request.
        request: UpdateId,
        /// Where it comes to.
        to: UpdateState,
        /// Why.
        reason: Option<String>,
        /// By whom.
        by: Actor,
    },
    /// `session = { open = ID, person }`: a login.
    SessionOpen {
        /// The session.
        session: SessionId,
        /// Whose.
        person: PersonId,
        /// From which address.
        remote: Option<String>,
        /// With which program.
        client: Option<String>,
    },
    /// `session = { return = ID }`: back from a login-as.
    SessionReturn(SessionId),
    /// `session = { close = ID }`: a logout.
    SessionClose(SessionId),
    /// `login-as = { session, target }`.
    LoginAs {
        /// The actor's session.
        session: SessionId,
        /// Whom to enter.
        target: PersonId,
    },
    /// `activity = { person, kind, id, occurred-at, feed }`.
    Activity {
        /// The event's id; one is made up for an event without.
        id: EventId,
        /// Whose.
        person: PersonId,
        /// What it was.
        kind: ActivityKind,
        /// When it happened; now if it is not said.
        occurred: Option<Timestamp>,
        /// The feed that brought it.
        feed: Option<FeedId>,
    },
    /// `sweep = true`: the timer runs.
    Sweep,
    /// `forecast = 60`: who reaches which stage within so many days if nothing happens.
    Forecast(u16),
    /// `decide = { subject, action, resource, properties, context }`: a question, which changes nothing.
    Decide(Box<Request>),
}

/// What channels do with notices.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Delivering {
    /// Take them.
    Accept,
    /// Refuse them all.
    Refuse,
    /// Refuse those to these addresses.
    RefuseTo(BTreeSet<String>),
}

impl Delivering {
    /// An address is refused.
    pub fn refuses(&self, address: &str) -> bool {
        match self {
            Self::Accept => false,
            Self::Refuse => true,
            Self::RefuseTo(addresses) => addresses.contains(address),
        }
    }
}

/// What the directory says of a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seen {
    /// Read, and disabled there.
    Disable,
    /// Omitted by one complete read.
    Missing,
    /// Deleted, confirmed by a look-up.
    Deleted,
    /// Read and enabled.
    Present,
}

/// What is done to a contact.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ContactVerb {
    /// Made one.
    Designate,
    /// No longer one.
    Remove,
    /// Restored after deactivation.
    Reactivate,
    /// Has completed a course; `course` and `completed` stand in the context.
    Train,
    /// Is reported to share credentials.
    Shared,
}

/// What happens on a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CallTurn {
    /// Somebody comes.
    Join(PersonId),
    /// Somebody goes.
    Leave(PersonId),
    /// It is over.
    End,
}

/// A case that is opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaseOpening {
    /// Its id.
    pub case: CaseId,
    /// Of which district.
    pub district: DistrictId,
    /// By whom.
    pub by: Actor,
    /// For whom; the opener if nobody is said.
    pub requester: PersonId,
    /// The valid contact who is to own it; the register picks one if nobody is said.
    pub owner: Option<PersonId>,
    /// As an emergency.
    pub emergency: bool,
    /// Why it is one.
    pub reason: Option<String>,
}
