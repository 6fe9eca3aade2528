//! What decisions have read and may need again, kept while it is true.
//!
//! All of it is of one revision. A commit takes away what it may have changed before anybody is told of it, so a
//! decision that finds everything here asks the database nothing, and still sees each commit that was acknowledged
//! before. What hangs on the moment and not on the revision alone (grants that expire) carries the time for which it
//! holds.

use jiff::Timestamp;
use provost_core::call::Call;
use provost_core::case::Case;
use provost_core::change::Change;
use provost_core::decision::{DistrictFacts, PersonFacts};
use provost_core::id::{DistrictId, PersonId, Revision};
use provost_core::rights::Tools;
use provost_core::role::{Group, Roles};
use provost_core::session::Session;
use std::hash::Hash;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::shelf::{Bulk, Shelf};

/// How a person or a group is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Meant {
    /// The person of this id.
    Id(PersonId),
    /// A reference, in one district before others.
    Near(String, Option<DistrictId>),
    /// The group of that name in this district and no other.
    In(DistrictId, String),
}

/// A person's facts, and for which moments they hold.
#[derive(Debug, Clone)]
pub(super) struct Standing {
    /// The facts.
    pub(super) facts: Arc<PersonFacts>,
    from: Option<Timestamp>,
    until: Option<Timestamp>,
}

impl Standing {
    /// Facts that were worked out at `now` from grants that expire at these moments. They hold from the last expiry
    /// before to the next one after.
    pub(super) fn new(facts: PersonFacts, expiries: &[Timestamp], now: Timestamp) -> Self {
        let past = expiries.iter().copied().filter(|at| *at <= now);
        let future = expiries.iter().copied().filter(|at| *at > now);
        Self {
            facts: Arc::new(facts),
            from: past.max(),
            until: future.min(),
        }
    }

    /// The facts are those of this moment, too.
    pub(super) fn holds(&self, now: Timestamp) -> bool {
        self.from.is_none_or(|from| from <= now) && self.until.is_none_or(|until| now < until)
    }
}

/// What a commit may have changed of what is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(super) enum Touched {
    /// Nothing that is kept.
    #[default]
    Nothing,
    /// Sessions, cases and calls, which change often and which no other facts hang on.
    Dealings,
    /// Anything.
    Anything,
}

impl Touched {
    /// What a change touches.
    pub(super) fn by(change: &Change) -> Self {
        match change {
            Change::District { .. }
            | Change::Person { .. }
            | Change::Group { .. }
            | Change::Contact { .. }
            | Change::Grant { .. }
            | Change::Revoke { .. }
            | Change::Erase { .. } => Self::Anything,
            Change::Session { .. } | Change::Case { .. } | Change::Call { .. } => Self::Dealings,
            Change::Feed { .. }
            | Change::Activity { .. }
            | Change::Access { .. }
            | Change::Notice { .. }
            | Change::Delivery { .. }
            | Change::Alarm { .. }
            | Change::Token { .. }
            | Change::UpdateRequest { .. }
            | Change::Plugin { .. }
            | Change::Forget { .. } => Self::Nothing,
        }
    }
}

/// Everything that is kept of one revision, with one set of roles in force.
#[derive(Default)]
pub(super) struct Shelves {
    revision: Revision,
    roles: Option<Arc<Roles>>,
    /// The tool catalogue.
    pub(super) tools: Option<Arc<Tools>>,
    /// People by what they were asked for; `None` for nobody, or nobody clear.
    pub(super) people: Shelf<Meant, Option<Standing>>,
    /// Districts with their contacts.
    pub(super) districts: Shelf<DistrictId, Option<Arc<DistrictFacts>>>,
    /// User groups.
    pub(super) groups: Shelf<Meant, Option<Group>>,
    /// Cases by id.
    pub(super) cases: Shelf<String, Option<Case>>,
    /// Calls by id.
    pub(super) calls: Shelf<String, Option<Call>>,
    /// Sessions by id.
    pub(super) sessions: Shelf<String, Option<Session>>,
}

/// What is kept for all readers.
#[derive(Default)]
pub(super) struct Kept {
    /// The last revision that is durable.
    latest: AtomicU64,
    shelves: Mutex<Shelves>,
}

impl Kept {
    /// The last revision that anybody may have been told of.
    pub(super) fn latest(&self) -> Revision {
        Revision(self.latest.load(Ordering::Acquire))
    }

    /// Says that `after` is durable and what the commits since `before` may have changed; called before they are
    /// acknowledged.
    pub(super) fn commit(&self, before: Revision, after: Revision, touched: Touched) {
        let mut shelves = self.shelves.lock().unwrap_or_else(PoisonError::into_inner);
        // A reader may have come to the new revision by itself, between the commit and this moment.
        if shelves.revision == before {
            shelves.revision = after;
            match touched {
                Touched::Nothing => {}
                Touched::Dealings => {
                    shelves.cases = Shelf::default();
                    shelves.calls = Shelf::default();
                    shelves.sessions = Shelf::default();
                }
                Touched::Anything => {
                    *shelves = Shelves {
                        revision: after,
                        ..Shelves::default()
                    };
                }
            }
        }
        self.latest.store(after.0, Ordering::Release);
    }

    /// Uses what is kept of `revision` with `roles` in force; `None` if a later revision is kept by now.
    pub(super) fn at<T>(
        &self,
        revision: Revision,
        roles: &Arc<Roles>,
        use_them: impl FnOnce(&mut Shelves) -> T,
    ) -> Option<T> {
        let mut shelves = self.shelves.lock().unwrap_or_else(PoisonError::into_inner);
        if shelves.revision > revision {
            return None;
        }
        let same_roles = |kept: &Arc<Roles>| Arc::ptr_eq(kept, roles);
        if shelves.revision < revision || !shelves.roles.as_ref().is_some_and(same_roles) {
            *shelves = Shelves {
                revision,
                roles: Some(Arc::clone(roles)),
                ..Shelves::default()
            };
        }
        Some(use_them(&mut shelves))
    }
}

/// Bytes of a noun with its texts, about.
const NOUN: usize = 1_024;

impl Bulk for Standing {
    fn bytes(&self) -> usize {
        let contact = self.facts.contact.as_ref().map_or(0, |_| NOUN);
        2 * NOUN + contact + NOUN / 4 * self.facts.grants.len()
    }
}

impl Bulk for Arc<DistrictFacts> {
    fn bytes(&self) -> usize {
        NOUN * (1 + 2 * self.contacts.len() + self.coaches.len())
    }
}

impl Bulk for Group {
    fn bytes(&self) -> usize {
        NOUN + NOUN / 8 * (self.rights.len() + self.calendars.len())
    }
}

impl Bulk for Case {
    fn bytes(&self) -> usize {
        NOUN
    }
}

impl Bulk for Call {
    fn bytes(&self) -> usize {
        NOUN + NOUN / 8 * self.participants.len()
    }
}

impl Bulk for Session {
    fn bytes(&self) -> usize {
        NOUN
    }
}

impl Bulk for DistrictId {
    fn bytes(&self) -> usize {
        NOUN / 8
    }
}

/// References are strangers' texts: long ones count as what they are.
impl Bulk for String {
    fn bytes(&self) -> usize {
        NOUN / 8 + self.len()
    }
}

impl Bulk for Meant {
    fn bytes(&self) -> usize {
        match self {
            Self::Id(_) => NOUN / 8,
            Self::Near(text, _) | Self::In(_, text) => text.bytes(),
        }
    }
}
