//! Decisions that wait to be written.

use jiff::Timestamp;
use provost_core::decision::{Decision, Facts, Record, Request};
use provost_core::id::PluginId;
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::Draft;
use crate::store::error::StoreError;
use crate::store::row::{micros, to_body};

/// Decisions that may wait. Their facts are shared with what is kept, so they cost little memory.
const QUEUE: usize = 8_192;

/// Bytes that the questions of those that wait may weigh: ten times what so many ordinary ones do.
const QUEUE_BYTES: usize = 32 << 20;

/// From here on they had better be written.
const MANY: usize = 1_000;

/// Bytes of a record; with more the facts are left out, and it cannot be made again. What the question says beyond
/// who, what and to whom goes next.
const BODY_BYTES: usize = 256 << 10;

/// A decision on its way into the table.
#[derive(Debug)]
pub struct Noted {
    /// The question.
    pub request: Request,
    /// What the rules saw, their moment and revision included.
    pub facts: Facts,
    /// The edition plugins that had a say, with their hashes.
    pub plugins: BTreeMap<PluginId, String>,
    /// The answer.
    pub decision: Decision,
}

/// The bounded queue.
#[derive(Debug, Default)]
pub(in crate::store) struct Queue {
    waiting: Mutex<Waiting>,
    dropped: AtomicU64,
}

#[derive(Debug, Default)]
struct Waiting {
    noted: VecDeque<Noted>,
    /// What their questions weigh.
    bytes: usize,
}

impl Queue {
    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn push(&self, noted: Noted) {
        let bytes = noted.request.weight();
        let mut waiting = self.waiting();
        if waiting.noted.len() < QUEUE && waiting.bytes + bytes <= QUEUE_BYTES {
            waiting.bytes += bytes;
            waiting.noted.push_back(noted);
        } else {
            drop(waiting);
            self.drop_also(1);
        }
    }

    pub(super) fn take(&self) -> VecDeque<Noted> {
        std::mem::take(&mut *self.waiting()).noted
    }

    pub(super) fn has_some(&self) -> bool {
        !self.waiting().noted.is_empty()
    }

    pub(super) fn has_many(&self) -> bool {
        let waiting = self.waiting();
        waiting.noted.len() >= MANY || waiting.bytes >= QUEUE_BYTES / 2
    }

    pub(super) fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }

    pub(super) fn drop_also(&self, decisions: usize) {
        let decisions = u64::try_from(decisions).unwrap_or(u64::MAX);
        self.dropped.fetch_add(decisions, Ordering::Relaxed);
    }
}

/// What makes two decisions the same one, made twice: the question, the revision and the answer.
type Sameness = (String, u64, bool, Vec<String>);

/// The rows that decisions become, in the order in which each was made first.
pub(super) fn drafts(noted: VecDeque<Noted>) -> Result<Vec<Draft>, StoreError> {
    let mut places: BTreeMap<Sameness, usize> = BTreeMap::new();
    let mut drafts: Vec<Draft> = Vec::new();
    for noted in noted {
        let codes = noted.decision.reasons.iter().map(|of| of.code.clone());
        let same = (
            to_body("question", &noted.request)?,
            noted.facts.revision.0,
            noted.decision.decision,
            codes.collect(),
        );
        match places.entry(same) {
            Entry::Occupied(place) => {
                let draft = &mut drafts[*place.get()];
                draft.times += 1;
                draft.last = draft.last.max(micros(noted.facts.now));
            }
            Entry::Vacant(place) => {
                place.insert(drafts.len());
                drafts.push(Draft::of(noted)?);
            }
        }
    }
    Ok(drafts)
}

impl Draft {
    /// The row that a decision becomes.
    pub(in crate::store) fn of(noted: Noted) -> Result<Self, StoreError> {
        let at: Timestamp = noted.facts.now;
        let facts = &noted.facts;
        let district = facts
            .resource_district()
            .or_else(|| facts.subject_district());
        let rules = env!("CARGO_PKG_VERSION");
        let mut record = Record::of(noted.request, facts, noted.plugins, rules, noted.decision);
        let people: BTreeSet<String> = record.people().map(ToString::to_string).collect();
        let mut body = to_body("decision", &record)?;
        if body.len() > BODY_BYTES {
            record.input = None;
            body = to_body("decision", &record)?;
        }
        if body.len() > BODY_BYTES {
            record.request.properties.clear();
            record.request.context.clear();
            body = to_body("decision", &record)?;
        }
        Ok(Self {
            at: micros(at),
            last: micros(at),
            times: 1,
            revision: i64::try_from(facts.revision.0).unwrap_or(i64::MAX),
            allowed: record.decision.decision,
            action: record.request.action,
            district: district.map(|of| of.district.id.to_string()),
            people: people.into_iter().collect(),
            body,
        })
    }
}
