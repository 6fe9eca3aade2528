//! The outbox: notices, the attempts to deliver them and what has become of them.

use jiff::Timestamp;
use provost_core::contact::BadWord;
use provost_core::id::{DistrictId, NoticeId, PersonId};
use provost_core::notice::{Delivery, Notice, NoticeKind, Outcome};
use rusqlite::{Row, params};
use std::ops::RangeInclusive;

use super::Page;
use super::commit::Commit;
use super::error::{Attempt, CommitError, StoreError};
use super::row::{collect, execute, from_column, limit, many, micros, to_body, to_u64, value};
use super::snapshot::Snapshot;

const READ: &str = "read a notice";

/// What has become of a notice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum NoticeState {
    /// To be tried, for the first time or again.
    Waiting,
    /// One of a mass: waits for an operator's word.
    Held,
    /// A channel accepted it.
    Accepted,
    /// Given up: a dead letter.
    Failed,
    /// No longer wanted.
    Withdrawn,
}

impl NoticeState {
    /// All states with their words.
    pub const WORDS: [(Self, &'static str); 5] = [
        (Self::Waiting, "waiting"),
        (Self::Held, "held"),
        (Self::Accepted, "accepted"),
        (Self::Failed, "failed"),
        (Self::Withdrawn, "withdrawn"),
    ];

    /// The word of the state: `waiting`, `held`, `accepted`, `failed`, `withdrawn`.
    pub fn word(self) -> &'static str {
        Self::WORDS
            .iter()
            .find(|(state, _)| *state == self)
            .map_or("", |(_, word)| word)
    }

    pub(super) fn read(word: &str) -> Result<Self, StoreError> {
        let state = Self::WORDS.iter().find(|(_, known)| *known == word);
        state.map(|(state, _)| *state).ok_or(StoreError::Value {
            noun: "state of a notice",
            found: word.to_owned(),
        })
    }

    /// The state after an attempt. What was accepted stays accepted, and what was withdrawn is tried no more; but a
    /// message that went out all the same is accepted.
    fn after(self, outcome: &Outcome) -> Self {
        match (self, outcome) {
            (Self::Accepted, _) | (_, Outcome::Accepted { .. }) => Self::Accepted,
            (Self::Withdrawn, _) | (_, Outcome::Withdrawn) => Self::Withdrawn,
            (Self::Held, Outcome::Retry { .. }) | (_, Outcome::Held) => Self::Held,
            (_, Outcome::Retry { .. } | Outcome::Released) => Self::Waiting,
            (_, Outcome::Failed { .. }) => Self::Failed,
        }
    }
}

impl std::str::FromStr for NoticeState {
    type Err = BadWord;
    fn from_str(text: &str) -> Result<Self, BadWord> {
        let state = Self::WORDS.iter().find(|(_, known)| *known == text);
        state.map(|(state, _)| *state).ok_or(BadWord {
            found: text.to_owned(),
            allowed: "waiting, held, accepted, failed or withdrawn",
        })
    }
}

/// A notice in the outbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outgoing {
    /// Its number; a newer notice has a greater one.
    pub seq: u64,
    /// The notice.
    pub notice: Notice,
    /// What has become of it.
    pub state: NoticeState,
    /// Attempts so far.
    pub attempts: u32,
    /// Earliest next attempt; matters while waiting.
    pub not_before: Timestamp,
}

/// Which notices are listed; what is `None` does not matter.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NoticeFilter {
    /// Only to this person.
    pub person: Option<PersonId>,
    /// Only of this district.
    pub district: Option<DistrictId>,
    /// Only in this state.
    pub state: Option<NoticeState>,
}

/// Puts a notice into the outbox; one that is there already stays as it is, whatever crashed in between, unless it was
/// withdrawn: then it is wanted again.
pub(super) fn add(commit: &mut Commit<'_>, notice: &Notice) -> Result<(), CommitError> {
    let added = execute(
        commit.connection,
        "write a notice",
        include_str!("notice/add.sql"),
        params![
            notice.id.as_str(),
            notice.kind.word(),
            notice.person.as_str(),
            notice.district.as_str(),
            micros(notice.queued),
            notice.queued.to_string(),
            to_body("notice", notice)?,
        ],
    )?;
    if added > 0 {
        commit.counts().notice(None, NoticeState::Waiting);
    }
    Ok(())
}

/// Records an attempt and what became of the notice by it. Says whom the notice was for.
pub(super) fn deliver(
    commit: &mut Commit<'_>,
    delivery: &Delivery,
) -> Result<PersonId, CommitError> {
    let id = delivery.notice.as_str();
    let sql = include_str!("notice/one.sql");
    let found = collect(commit.connection, READ, sql, [id], read)?;
    let Some(outgoing) = found.into_iter().next() else {
        return Err(CommitError::Dangling {
            what: format!("delivery {id}"),
        });
    };
    let not_before = match &delivery.outcome {
        Outcome::Retry { not_before, .. } => *not_before,
        Outcome::Released => delivery.at,
        _ => outgoing.not_before,
    };
    let tried = match &delivery.outcome {
        Outcome::Withdrawn | Outcome::Held | Outcome::Released => 0,
        _ => 1,
    };
    let state = outgoing.state.after(&delivery.outcome);
    execute(
        commit.connection,
        "write what became of a notice",
        include_str!("notice/deliver.sql"),
        params![
            id,
            state.word(),
            tried,
            micros(not_before),
            not_before.to_string(),
        ],
    )?;
    commit.counts().notice(Some(outgoing.state), state);
    const LOG: &str = "INSERT INTO delivery (notice, body) VALUES (?1, ?2)";
    let body = to_body("delivery", delivery)?;
    execute(
        commit.connection,
        "write a delivery",
        LOG,
        params![id, body],
    )?;
    Ok(outgoing.notice.person)
}

/// Reads a row of `seq, body, state, attempts, resume_at`.
fn read(row: &Row<'_>) -> Result<Outgoing, StoreError> {
    let state: String = row.get(2).attempting(READ)?;
    let resume_at: String = row.get(4).attempting(READ)?;
    Ok(Outgoing {
        seq: to_u64("number of a notice", row.get(0).attempting(READ)?)?,
        notice: from_column("notice", row, 1)?,
        state: NoticeState::read(&state)?,
        attempts: row.get(3).attempting(READ)?,
        not_before: resume_at.parse().map_err(|_| StoreError::Value {
            noun: "time of a notice",
            found: resume_at,
        })?,
    })
}

impl Snapshot<'_> {
    /// Notices to be tried at `now`, those that wait longest first, at most `rows`.
    ///
    /// # Errors
    /// [`StoreError`] if the register cannot be read.
    pub fn outbox_due(&self, now: Timestamp, rows: usize) -> Result<Vec<Outgoing>, StoreError> {
        let mut due = Vec::new();
        for (kind, _) in NoticeKind::WORDS {
            due.extend(self.outbox_due_of(kind, now, rows)?);
        }
        due.sort_by_key(|outgoing| (outgoing.not_before, outgoing.seq));
        due.truncate(rows);
        Ok(due)
    }

    /// Those of [`Snapshot::outbox_due`] that are of one kind.
    ///
    /// # Errors
    /// [`StoreError`] if the register cannot be read.
    pub fn outbox_due_of(
        &self,
        kind: NoticeKind,
        now: Timestamp,
        rows: usize,
    ) -> Result<Vec<Outgoing>, StoreError> {
        let sql = include_str!("notice/due.sql");
        let params = params![kind.word(), micros(now), limit(rows)];
        let mut due = collect(self.connection(), READ, sql, params, read)?;
        // The index rounds down to microseconds, the row itself knows better.
        due.retain(|outgoing| outgoing.not_before <= now);
        Ok(due)
    }

    /// When a notice is to be tried next; `None` if none waits.
    ///
    /// # Errors
    /// [`StoreError`] if the register cannot be read.
    pub fn outbox_next(&self) -> Result<Option<Timestamp>, StoreError> {
        let mut next = None;
        for (kind, _) in NoticeKind::WORDS {
            let sql = include_str!("notice/due.sql");
            let params = params![kind.word(), i64::MAX, 1];
            let first = collect(self.connection(), READ, sql, params, read)?;
            let first = first.first().map(|outgoing| outgoing.not_before);
            next = [next, first].into_iter().flatten().min();
        }
        Ok(next)
    }

    /// Notices that wait for an operator's word, of one district or of all, oldest first: those with numbers in
    /// `range`, at most `rows`.
    ///
    /// # Errors
    /// [`StoreError`] if the register cannot be read.
    pub fn notices_held(
        &self,
        district: Option<&DistrictId>,
        range: RangeInclusive<u64>,
        rows: usize,
    ) -> Result<Vec<Outgoing>, StoreError> {
        let sql = include_str!("notice/held.sql");
        let bound = |seq: &u64| i64::try_from(*seq).unwrap_or(i64::MAX);
        let params = params![
            bound(range.start()),
            bound(range.end()),
            district.map(DistrictId::as_str),
            limit(rows)
        ];
        collect(self.connection(), READ, sql, params, read)
    }

    /// Notices that were given up, of one district or of all, oldest first: those after number `after`, at most `rows`.
    ///
    /// # Errors
    /// [`StoreError`] if the register cannot be read.
    pub fn notices_failed(
        &self,
        district: Option<&DistrictId>,
        after: u64,
        rows: usize,
    ) -> Result<Vec<Outgoing>, StoreError> {
        let sql = include_str!("notice/failed.sql");
        let after = i64::try_from(after).unwrap_or(i64::MAX);
        let params = params![after, district.map(DistrictId::as_str), limit(rows)];
        collect(self.connection(), READ, sql, params, read)
    }

    /// Notices that the filter lets through, newest first.
    ///
    /// # Errors
    /// [`StoreError`] if the register cannot be read.
    pub fn notices(&self, filter: &NoticeFilter, page: Page) -> Result<Vec<Outgoing>, StoreError> {
        let bound = page.bound();
        let district = filter.district.as_ref().map(DistrictId::as_str);
        let state = filter.state.map(NoticeState::word);
        let rows = limit(page.rows);
        let connection = self.connection();
        match &filter.person {
            None if state.is_some() => {
                let sql = include_str!("notice/state.sql");
                let params = params![bound, district, state, rows];
                collect(connection, READ, sql, params, read)
            }
            None => {
                let sql = include_str!("notice/page.sql");
                let params = params![bound, district, rows];
                collect(connection, READ, sql, params, read)
            }
            Some(person) => {
                let sql = include_str!("notice/person.sql");
                let params = params![bound, district, state, rows, person.as_str()];
                collect(connection, READ, sql, params, read)
            }
        }
    }

    /// What has become of a notice; `None` if there is none of that id.
    ///
    /// # Errors
    /// [`StoreError`] if the register cannot be read.
    pub fn notice_state(&self, id: &NoticeId) -> Result<Option<NoticeState>, StoreError> {
        const SQL: &str = "SELECT state FROM notice WHERE id = ?1";
        let word: Option<String> = value(self.connection(), READ, SQL, [id.as_str()])?;
        word.map(|word| NoticeState::read(&word)).transpose()
    }

    /// A notice with all attempts to deliver it, oldest first.
    ///
    /// # Errors
    /// [`StoreError`] if the register cannot be read.
    pub fn notice(&self, id: &NoticeId) -> Result<Option<(Outgoing, Vec<Delivery>)>, StoreError> {
        let sql = include_str!("notice/one.sql");
        let found = collect(self.connection(), READ, sql, [id.as_str()], read)?;
        let Some(outgoing) = found.into_iter().next() else {
            return Ok(None);
        };
        const LOG: &str = "SELECT body FROM delivery WHERE notice = ?1 ORDER BY seq";
        let deliveries = many(self.connection(), "delivery", LOG, [id.as_str()])?;
        Ok(Some((outgoing, deliveries)))
    }
}
