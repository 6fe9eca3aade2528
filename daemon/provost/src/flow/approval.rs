//! A mass of notices: it waits for an operator's word, and goes out or is taken back by it.

use provost_core::Timestamp;
use provost_core::change::{Actor, Change};
use provost_core::contact::Contact;
use provost_core::hex;
use provost_core::id::DistrictId;
use provost_core::lifecycle::{self, Step, Surroundings, Wanted};
use provost_core::notice::{Delivery, Notice, Outcome};
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::ops::RangeInclusive;
use utoipa::ToSchema;

use super::neighbourhood::Headcount;
use super::{FlowError, Refusal, Scene, changes_of, plan, write};
use crate::store::{Outgoing, Snapshot};

/// Notices that are answered in one transaction.
const CHUNK: usize = 500;

/// All numbers that a notice may have.
const ALL: RangeInclusive<u64> = 0..=u64::MAX;

/// The notices that wait.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Batch {
    /// How many.
    pub notices: usize,
    /// Since when the first of them waits.
    pub since: Timestamp,
    /// Tells exactly these from others: who approves by it approves what was looked at.
    pub hash: String,
}

/// What the operator says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Word {
    /// Let them go out.
    Approve,
    /// Take them back. Their stages are looked at again a day later.
    Refuse,
}

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, ToSchema)]
pub struct Answered {
    /// Notices that go out now.
    pub released: usize,
    /// Notices that never will: refused, or no longer wanted.
    pub withdrawn: usize,
}

/// What waits in a district or in all; `None` if nothing does.
///
/// # Errors
/// If the store cannot be read.
pub fn batch(
    register: &Snapshot<'_>,
    district: Option<&DistrictId>,
) -> Result<Option<Batch>, FlowError> {
    Ok(summary(&register.notices_held(
        district,
        ALL,
        usize::MAX,
    )?))
}

fn summary(held: &[Outgoing]) -> Option<Batch> {
    let first = held.first()?;
    let mut hash = Sha256::new();
    for outgoing in held {
        hash.update(outgoing.notice.id.as_str());
        hash.update("\n");
    }
    Some(Batch {
        notices: held.len(),
        since: first.notice.queued,
        hash: hex(&hash.finalize()[..8]),
    })
}

/// Answers for everything that waits in a district or in all; with a hash only if that is still what waits. Answered
/// again, nothing waits and nothing happens; cut off in between, the rest still waits.
///
/// # Errors
/// [`FlowError::Conflict`] if others wait than those of the hash, or if the store cannot be read or written.
pub fn answer(
    scene: Scene<'_>,
    word: Word,
    by: &Actor,
    district: Option<&DistrictId>,
    hash: Option<&str>,
) -> Result<Answered, FlowError> {
    let held = scene
        .store
        .read()?
        .notices_held(district, ALL, usize::MAX)?;
    let batch = summary(&held);
    if let Some(hash) = hash
        && batch.as_ref().is_none_or(|batch| batch.hash != hash)
    {
        let now = batch.map_or("nothing waits".to_owned(), |batch| {
            format!(
                "{} notices with the hash {} wait",
                batch.notices, batch.hash
            )
        });
        return Err(FlowError::Conflict {
            what: format!("answer for the notices with the hash {hash}"),
            source: Refusal::because(format!("{now} now; look at them first")),
        });
    }
    let mut answered = Answered::default();
    // Those that come while this goes on have not been looked at.
    let Some(last) = held.last().map(|outgoing| outgoing.seq) else {
        return Ok(answered);
    };
    loop {
        let done = write(scene.store, |register| {
            let held = register.notices_held(district, 0..=last, CHUNK)?;
            let (mut changes, mut done) = (Vec::new(), Answered::default());
            for outgoing in &held {
                let outcome = one(scene, register, word, &outgoing.notice, &mut changes)?;
                match outcome {
                    Outcome::Released => done.released += 1,
                    _ => done.withdrawn += 1,
                }
            }
            Ok((plan(register, by.clone(), scene.now, changes), done))
        })?;
        if done == Answered::default() {
            return Ok(answered);
        }
        answered.released += done.released;
        answered.withdrawn += done.withdrawn;
    }
}

/// What the word does to one notice and to the contact who waits with it.
fn one(
    scene: Scene<'_>,
    register: &Snapshot<'_>,
    word: Word,
    notice: &Notice,
    changes: &mut Vec<Change>,
) -> Result<Outcome, FlowError> {
    let contact = register.contact(&notice.person)?;
    let is_wanted = |contact: &Contact| {
        matches!(
            lifecycle::wanted(contact, notice),
            Wanted::Now | Wanted::Later
        )
    };
    let contact = contact.filter(is_wanted);
    let outcome = match (word, &contact) {
        (Word::Approve, Some(_)) => Outcome::Released,
        _ => Outcome::Withdrawn,
    };
    let delivery = Delivery::unsent(notice.id.clone(), scene.now, outcome.clone());
    changes.push(Change::Delivery {
        delivery: Box::new(delivery),
    });
    if let Some(contact) = contact {
        let feeds = &scene.live.config.feeds;
        let here = Headcount::read(register, feeds, &contact.district, 1)?;
        let follow: fn(&Contact, &Surroundings, &Notice, Timestamp) -> Option<Step> = match word {
            Word::Approve => lifecycle::approved,
            Word::Refuse => lifecycle::declined,
        };
        let step = follow(&contact, &here.around(&contact), notice, scene.now);
        changes.extend(step.into_iter().flat_map(|step| changes_of(&contact, step)));
    }
    Ok(outcome)
}
