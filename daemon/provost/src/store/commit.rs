//! One commit in the making: changes become rows and journal entries.

use jiff::Timestamp;
use provost_core::change::{Actor, Change};
use provost_core::id::{PersonId, Revision};
use provost_core::person::Person;
use rusqlite::Connection;
use rusqlite::ffi::SQLITE_CONSTRAINT_FOREIGNKEY;

use super::error::{CommitError, StoreError};
use super::journal::{Journal, Stamp};
use super::register::Counts;
use super::row::{micros, to_body};
use super::{
    access, activity, agent, alarm, call, case, contact, district, erase, feed, forget, grant,
    group, notice, person, plugin, session, token, update_request,
};
use crate::failpoint;

/// A commit that takes its changes one by one. It counts only once [`Commit::finish`] has been called and the
/// transaction around it has ended well.
pub struct Commit<'c> {
    pub(super) connection: &'c Connection,
    journal: &'c mut Journal,
    base: i64,
    stamp: Stamp,
    actor: Actor,
    /// Accounts that somebody has since this plan. Names may be swapped or handed on within one plan, so only its end
    /// says whether two people have one.
    accounts: Vec<person::Account>,
    /// Addresses of new people wait to be brought to their place.
    pub(super) addresses_wait: bool,
}

/// A change as it is written. It is made wherever the plan is made, not on the writer, for which all wait.
#[derive(Debug)]
pub struct Draft {
    pub(super) change: Change,
    /// The change as JSON, for the journal.
    pub(super) words: String,
    /// The person that it leaves behind as JSON, if it is one: they come by the hundred thousand.
    person: Option<String>,
}

impl Draft {
    /// Words a change.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be written as JSON.
    pub fn of(change: Change) -> Result<Self, StoreError> {
        let words = to_body("change", &change)?;
        let person = match &change {
            Change::Person {
                after: Some(after), ..
            } => Some(to_body("person", after)?),
            _ => None,
        };
        Ok(Self {
            change,
            words,
            person,
        })
    }
}

/// Accounts up to which each is looked at by itself.
const ACCOUNTS: usize = 1_000;

/// What a change expects to find.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Expected {
    /// The row that its `before` was read from.
    Row,
    /// Nothing.
    Nothing,
}

impl Expected {
    /// A change with a `before` expects a row.
    pub(super) fn by<T>(before: &Option<T>) -> Self {
        match before {
            Some(_) => Self::Row,
            None => Self::Nothing,
        }
    }
}

impl<'c> Commit<'c> {
    pub(super) fn begin(
        connection: &'c Connection,
        journal: &'c mut Journal,
        base: Revision,
        actor: &Actor,
        at: Timestamp,
    ) -> Result<Self, CommitError> {
        let head = journal.head.revision;
        let base = i64::try_from(base.0).unwrap_or(i64::MAX);
        if base > head {
            return Err(CommitError::Moved {
                what: format!("the register (at revision {head}, planned on {base})"),
            });
        }
        let stamp = Stamp {
            revision: head + 1,
            at: micros(at),
            actor: to_body("actor", actor)?,
        };
        Ok(Self {
            connection,
            journal,
            base,
            stamp,
            actor: actor.clone(),
            accounts: Vec::new(),
            addresses_wait: false,
        })
    }

    /// The number that this commit will have.
    pub fn revision(&self) -> Revision {
        Revision(self.stamp.revision.unsigned_abs())
    }

    /// Writes a change and its journal entry.
    ///
    /// # Errors
    /// [`CommitError`] says what the change would break. The commit is spoilt then: return the error, so that the
    /// transaction is taken back.
    pub fn apply(&mut self, draft: &Draft) -> Result<(), CommitError> {
        let change = &draft.change;
        let concerned = self.write(draft).map_err(|error| dangling(error, change))?;
        let person = concerned.as_ref().or(change.person());
        self.journal
            .add(self.connection, &self.stamp, draft, person)?;
        failpoint::written(change.noun());
        Ok(())
    }

    /// Ends the commit.
    ///
    /// # Errors
    /// [`CommitError::Duplicate`] if two people have one account of a district now.
    pub fn finish(mut self) -> Result<Revision, CommitError> {
        person::keep_addresses(&mut self)?;
        if self.accounts.len() > ACCOUNTS {
            person::settle_all(self.connection)?;
        } else {
            let mut accounts = self.accounts.iter();
            accounts.try_for_each(|account| person::settle(self.connection, account))?;
        }
        if let Actor::Agent(id) = &self.actor {
            agent::note(self.connection, id, self.revision())?;
        }
        // Without a change there is no journal entry, and so no commit.
        Ok(self.journal.head.reached())
    }

    /// Writes the rows of a change. Says who is concerned where the change itself cannot.
    fn write(&mut self, draft: &Draft) -> Result<Option<PersonId>, CommitError> {
        match &draft.change {
            Change::District { before, after } => district::put(self, Expected::by(before), after)?,
            Change::Person { before, after } => {
                let after = after.as_deref().zip(draft.person.as_deref());
                person::put(self, before.as_deref(), after)?;
            }
            Change::Group { before, after } => {
                group::put(self, before.as_deref(), after.as_deref())?;
            }
            Change::Contact { before, after } => contact::put(self, Expected::by(before), after)?,
            Change::Session { before, after } => session::put(self, Expected::by(before), after)?,
            Change::Case { before, after } => case::put(self, Expected::by(before), after)?,
            Change::Call { before, after } => call::put(self, Expected::by(before), after)?,
            Change::UpdateRequest { before, after } => {
                update_request::put(self, Expected::by(before), after)?;
            }
            Change::Feed { before, after } => feed::put(self, Expected::by(before), after)?,
            Change::Token { before, after } => token::put(self, Expected::by(before), after)?,
            Change::Plugin { before, after } => plugin::put(self, Expected::by(before), after)?,
            Change::Grant { grant } => grant::put(self, grant)?,
            Change::Revoke { grant } => grant::take(self, grant)?,
            Change::Activity { activity } => activity::add(self, activity)?,
            Change::Access { access } => access::add(self, access)?,
            Change::Notice { notice } => notice::add(self, notice)?,
            Change::Delivery { delivery } => return notice::deliver(self, delivery).map(Some),
            Change::Alarm { alarm } => alarm::add(self, alarm)?,
            Change::Forget { forgotten } => forget::forget(self, forgotten)?,
            Change::Erase { erased } => erase::erase(self, erased)?,
        }
        Ok(None)
    }

    /// Has the end of this commit see to it that nobody else has this person's account.
    pub(super) fn check_account(&mut self, person: &Person) {
        // With one more than are looked at one by one, all are, whichever they are.
        if self.accounts.len() <= ACCOUNTS {
            let account = (person.district.clone(), person.username.clone());
            self.accounts.push(account);
        }
    }

    /// How much there is, this commit included.
    pub(super) fn counts(&mut self) -> &mut Counts {
        &mut self.journal.head.counts
    }

    /// The number of this commit, as rows keep it.
    pub(super) fn number(&self) -> i64 {
        self.stamp.revision
    }

    /// Refuses a change whose ground has moved: the row was written after the plan's base by another commit, has
    /// gone, or is there where nothing was.
    pub(super) fn check(
        &self,
        stored: Option<i64>,
        expected: Expected,
        what: impl FnOnce() -> String,
    ) -> Result<(), CommitError> {
        let stands = match (stored, expected) {
            (None, Expected::Nothing) => true,
            (Some(revision), Expected::Row) => {
                revision <= self.base || revision == self.stamp.revision
            }
            _ => false,
        };
        if stands {
            Ok(())
        } else {
            Err(CommitError::Moved { what: what() })
        }
    }
}

/// A violated foreign key in words.
fn dangling(error: CommitError, change: &Change) -> CommitError {
    let violated = match &error {
        CommitError::Store(StoreError::Sql { source, .. }) => source
            .sqlite_error()
            .is_some_and(|code| code.extended_code == SQLITE_CONSTRAINT_FOREIGNKEY),
        _ => false,
    };
    if violated {
        CommitError::Dangling {
            what: format!("{} {}", change.noun(), named(change)),
        }
    } else {
        error
    }
}

/// The id of the thing that changes.
fn named(change: &Change) -> String {
    match change {
        Change::District { after, .. } => after.id.to_string(),
        Change::Group { before, after } => after
            .as_ref()
            .or(before.as_ref())
            .map_or_else(String::new, |group| {
                format!("{}/{}", group.district, group.id)
            }),
        Change::Session { after, .. } => after.id.to_string(),
        Change::Case { after, .. } => after.id.to_string(),
        Change::Call { after, .. } => after.id.to_string(),
        Change::UpdateRequest { after, .. } => after.id.to_string(),
        Change::Feed { after, .. } => after.feed.to_string(),
        Change::Token { after, .. } => after.id.to_string(),
        Change::Plugin { after, .. } => after.id.to_string(),
        Change::Delivery { delivery } => delivery.notice.to_string(),
        Change::Grant { grant } | Change::Revoke { grant } => {
            format!("{} of {}", grant.what, grant.person)
        }
        other => other.person().map_or_else(String::new, ToString::to_string),
    }
}
