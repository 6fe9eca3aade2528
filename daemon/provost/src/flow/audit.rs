//! Audit: checkpoints of the journal, and the proof that the journal still contains them.

use jiff::Timestamp;
use provost_core::hex;
use serde::Serialize;
use std::collections::BTreeSet;
use std::sync::Arc;
use utoipa::ToSchema;

use super::{FlowError, Scene};
use crate::checkpoint::{Checkpoint, CheckpointKey, Place, Unmet};
use crate::log::event;
use crate::store::{Snapshot, StoreError, Verdict};

/// Notes where the journal stands, signed with the daemon's key, which is made if there is none yet.
///
/// # Errors
/// If the register or the key cannot be read.
pub fn checkpoint(scene: Scene<'_>) -> Result<Checkpoint, FlowError> {
    let register = scene.store.read()?;
    let name = register.name()?;
    let key = match (&scene.live.checkpoint_key, scene.store.file()) {
        (Some(given), _) => Arc::clone(given),
        (None, Some(file)) => Arc::new(CheckpointKey::beside(file)?),
        (None, None) => Arc::new(CheckpointKey::passing(&name)?),
    };
    let (seq, chain) = register.journal_head()?.unwrap_or((0, hex(&[0; 32])));
    let place = Place {
        register: name,
        seq,
        revision: register.revision().0,
        at: scene.now,
        chain,
    };
    Ok(Checkpoint::sign(place, &key))
}

/// The public half of the daemon's own key, if there is one.
///
/// # Errors
/// If the register or the key cannot be read.
pub fn own_key(scene: Scene<'_>) -> Result<Option<String>, FlowError> {
    let public = |key: &CheckpointKey| key.public();
    Ok(match (&scene.live.checkpoint_key, scene.store.file()) {
        (Some(given), _) => Some(given.public()),
        (None, Some(file)) => CheckpointKey::found_beside(file)?.as_ref().map(public),
        (None, None) => Some(CheckpointKey::passing(&scene.store.read()?.name()?)?.public()),
    })
}

/// One checkpoint and what the journal says to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    /// Its entry and its time, if it could be read.
    pub place: Option<(u64, Timestamp)>,
    /// Whether the journal still contains it.
    pub held: Result<(), Unmet>,
}

/// What was found of a journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Audited {
    /// What the journal says of itself.
    pub verdict: Verdict,
    /// What each checkpoint says, in the order given.
    pub proofs: Vec<Proof>,
}

impl Audited {
    /// Nothing speaks against the history.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        let sound = matches!(self.verdict, Verdict::Sound { .. });
        sound && self.proofs.iter().all(|proof| proof.held.is_ok())
    }
}

/// What was found, for whoever asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct AuditReport {
    /// Nothing speaks against the history.
    pub sound: bool,
    /// Changes verified; null if the chain is broken.
    pub entries: Option<u64>,
    /// Values erased since they were written.
    pub erased: Option<u64>,
    /// The last entry's chain hash.
    pub head: Option<String>,
    /// The first entry that does not follow from the one before it.
    pub broken: Option<u64>,
    /// What does not fit there.
    pub why: Option<String>,
    /// What was found of each checkpoint, in the order given.
    pub checkpoints: Vec<ProofReport>,
}

/// What was found of one checkpoint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ProofReport {
    /// The entry that it notes; null if it cannot be read.
    pub seq: Option<u64>,
    /// When it was noted.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub at: Option<Timestamp>,
    /// The journal contains it.
    pub holds: bool,
    /// Otherwise: `differs`, `missing`, `bad-signature`, `another-key`, `another-register`, `from-the-future`, `format` or
    /// `unreadable`.
    pub problem: Option<&'static str>,
    /// The first entry that is missing, or the first that may be another one: all before it are proved.
    pub first: Option<u64>,
    /// The same in words.
    pub why: Option<String>,
}

impl From<Audited> for AuditReport {
    fn from(audited: Audited) -> Self {
        let mut report = Self {
            sound: audited.is_sound(),
            entries: None,
            erased: None,
            head: None,
            broken: None,
            why: None,
            checkpoints: audited.proofs.into_iter().map(ProofReport::from).collect(),
        };
        match audited.verdict {
            Verdict::Sound {
                entries,
                erased,
                head,
            } => {
                report.entries = Some(entries);
                report.erased = Some(erased);
                report.head = Some(head);
            }
            Verdict::Broken { seq, why } => {
                report.broken = Some(seq);
                report.why = Some(why);
            }
        }
        report
    }
}

impl From<Proof> for ProofReport {
    fn from(Proof { place, held }: Proof) -> Self {
        let unmet = held.err();
        Self {
            seq: place.map(|(seq, _)| seq),
            at: place.map(|(_, at)| at),
            holds: unmet.is_none(),
            problem: unmet.as_ref().map(Unmet::word),
            first: unmet.as_ref().and_then(Unmet::first),
            why: unmet.map(|unmet| unmet.to_string()),
        }
    }
}

/// Recomputes the whole chain, and proves that it still contains each of these checkpoints, signed with one of the keys.
///
/// # Errors
/// If the register cannot be read. What is wrong with its history is no error but the answer.
pub fn verify(
    register: &Snapshot<'_>,
    lines: &[String],
    keys: &[String],
    now: Timestamp,
) -> Result<Audited, StoreError> {
    let verdict = recompute(register)?;
    let name = register.name()?;
    let mut proofs = Vec::with_capacity(lines.len());
    for line in lines {
        let read = Checkpoint::read(line);
        let place = read.as_ref().ok().map(|read| (read.seq, read.at));
        let held = match read.and_then(|read| read.check(keys, &name, now).map(|()| read)) {
            Ok(checkpoint) => contained(register, &checkpoint)?,
            Err(unmet) => Err(unmet),
        };
        proofs.push(Proof { place, held });
    }
    narrow(&mut proofs);
    let unmet = proofs.iter().filter(|proof| proof.held.is_err()).count();
    if unmet > 0 {
        let id = event::AUDIT_BROKEN.id;
        tracing::error!(message_id = id, unmet, "checkpoints do not hold");
    }
    Ok(Audited { verdict, proofs })
}

/// Recomputes the whole chain.
///
/// # Errors
/// If the register cannot be read.
pub fn recompute(register: &Snapshot<'_>) -> Result<Verdict, StoreError> {
    let verdict = register.verify_journal()?;
    if let Verdict::Broken { seq, why } = &verdict {
        let id = event::AUDIT_BROKEN.id;
        tracing::error!(message_id = id, seq, why, "the journal's chain is broken");
    }
    Ok(verdict)
}

/// Whether the journal has this very entry.
fn contained(
    register: &Snapshot<'_>,
    checkpoint: &Checkpoint,
) -> Result<Result<(), Unmet>, StoreError> {
    let last = checkpoint.seq;
    Ok(match register.journal_link(last)? {
        Some((revision, chain))
            if (revision, &chain) == (checkpoint.revision, &checkpoint.chain) =>
        {
            Ok(())
        }
        Some(_) => Err(Unmet::Differs { first: 1, last }),
        None => {
            let end = register.journal_head()?.map_or(0, |(seq, _)| seq);
            let first = end + 1;
            Err(Unmet::Missing { first, last })
        }
    })
}

/// What differs does so after the last entry before it that another checkpoint proves.
fn narrow(proofs: &mut [Proof]) {
    let held = |proof: &Proof| proof.place.filter(|_| proof.held.is_ok());
    let proven: BTreeSet<u64> = proofs.iter().filter_map(held).map(|(seq, _)| seq).collect();
    for proof in proofs {
        if let Err(Unmet::Differs { first, last }) = &mut proof.held {
            let before = proven.range(..*last).next_back();
            *first = before.map_or(1, |before| before + 1);
        }
    }
}
