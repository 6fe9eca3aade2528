//! Proof of notice: what a contact was told before the deactivation, with what an auditor needs to check it.

use provost_core::change::Change;
use provost_core::contact::{Contact, Given, Stage};
use provost_core::id::NoticeId;
use provost_core::notice::{Delivery, Notice, NoticeKind};
use provost_core::person::Person;
use provost_core::time::Zone;
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::timeline;
use super::{FlowError, Scene, contact};
use crate::store::Entry;

/// Where something stands in the journal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Place {
    /// Number of the entry.
    seq: u64,
    /// The commit it belongs to.
    revision: u64,
    /// When it was made, in the district's time zone.
    #[schema(format = DateTime)]
    at: String,
    /// Who caused it.
    by: String,
    /// The entry's chain hash: `provost audit list` shows it, and `provost audit verify` proves it.
    chain: String,
}

impl Place {
    fn of(entry: &Entry, zone: &Zone) -> Self {
        Self {
            seq: entry.seq,
            revision: entry.revision.0,
            at: zone.rfc3339(entry.at),
            by: entry.actor.to_string(),
            chain: entry.chain.clone(),
        }
    }
}

/// An attempt to deliver, as the journal has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Attempted {
    /// When, to whom, by which channel, what was answered, and the SHA-256 of every message.
    #[schema(value_type = Object)]
    delivery: Delivery,
    journal: Place,
}

/// One stage of the episode.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct StageProof {
    /// `notice`, `reminder`, `final` or `deactivated`.
    stage: String,
    #[schema(value_type = Option<String>, required = true)]
    notice: Option<NoticeId>,
    #[schema(format = DateTime, required = true)]
    due: Option<String>,
    /// When somebody accepted it.
    #[schema(format = DateTime, required = true)]
    accepted: Option<String>,
    /// Nobody accepted it for 14 days, so that it counts as given.
    unnotified: bool,
    /// Where it was put into the outbox; null if it was not, or was erased.
    #[schema(required = true)]
    queued: Option<Place>,
    attempts: Vec<Attempted>,
}

/// An episode with everything that was told in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub struct EpisodeProof {
    episode: u32,
    #[schema(format = DateTime)]
    designated: String,
    /// The moment from which the inactivity counted.
    #[schema(format = DateTime)]
    anchor: String,
    /// When the contact was deactivated; null if it was not.
    #[schema(format = DateTime, required = true)]
    deactivated: Option<String>,
    stages: Vec<StageProof>,
    /// Where the deactivation stands.
    #[schema(required = true)]
    deactivation: Option<Place>,
    /// What ended it, if anything did: `reactivated` by another contact, `rescinded` by activity that came late.
    #[schema(value_type = Option<Object>, required = true)]
    ended: Option<Value>,
}

/// The record of every deactivation of a contact; of one episode, whatever came of it, if it is said.
///
/// # Errors
/// If the person never was a contact, or the store cannot be read.
pub fn of(scene: Scene<'_>, reference: &str, episode: Option<u32>) -> Result<Value, FlowError> {
    let register = scene.store.read()?;
    let (person, contact) = contact(&register, reference)?;
    let district = register.district(&contact.district)?;
    let zone = district.map_or_else(Zone::utc, |district| district.timezone);
    let entries = timeline::entries(&register, &person.id)?;
    let proofs: Vec<EpisodeProof> = courses(&entries)
        .into_iter()
        .filter(|course| match episode {
            Some(number) => course.contact.episodes == number,
            None => course.deactivation.is_some(),
        })
        .map(|course| proof(&course, &entries, &zone))
        .collect();
    let head = register.journal_head()?;
    Ok(json!({
        "person": who(&person),
        "made": zone.rfc3339(scene.now),
        "episodes": proofs,
        "erased": entries.iter().filter(|entry| entry.change.is_none()).count(),
        "journal": head.map(|(entries, chain)| json!({ "entries": entries, "head": chain })),
    }))
}

fn who(person: &Person) -> Value {
    json!({ "id": person.id, "district": person.district, "username": person.username, "name": person.name })
}

/// An episode as it went in the journal.
struct Course<'e> {
    /// As it was last in it.
    contact: &'e Contact,
    deactivation: Option<&'e Entry>,
    ended: Option<&'e Entry>,
}

/// The episodes of a contact, in order. A new designation counts its episodes from one again.
fn courses(entries: &[Entry]) -> Vec<Course<'_>> {
    let mut courses: Vec<Course<'_>> = Vec::new();
    for entry in entries {
        let Some(Change::Contact { before, after }) = &entry.change else {
            continue;
        };
        let was_off = before
            .as_ref()
            .is_some_and(|before| before.deactivated.is_some());
        let key = |contact: &Contact| (contact.designated, contact.episodes);
        let known = courses
            .last_mut()
            .filter(|course| key(course.contact) == key(after));
        match known {
            Some(course) if was_off && after.deactivated.is_none() => course.ended = Some(entry),
            Some(course) => {
                if after.episode.is_some() {
                    course.contact = after;
                }
                if !was_off && after.deactivated.is_some() {
                    course.deactivation = Some(entry);
                }
            }
            None if after.episode.is_some() => courses.push(Course {
                contact: after,
                deactivation: None,
                ended: None,
            }),
            None => {}
        }
    }
    courses
}

fn proof(course: &Course<'_>, entries: &[Entry], zone: &Zone) -> EpisodeProof {
    let contact = course.contact;
    let kinds = [
        NoticeKind::Notice,
        NoticeKind::Reminder,
        NoticeKind::Final,
        NoticeKind::Deactivated,
    ];
    EpisodeProof {
        episode: contact.episodes,
        designated: zone.rfc3339(contact.designated),
        anchor: zone.rfc3339(contact.anchor()),
        deactivated: contact.deactivated.map(|at| zone.rfc3339(at)),
        stages: kinds.map(|kind| stage(contact, kind, entries, zone)).into(),
        deactivation: course.deactivation.map(|entry| Place::of(entry, zone)),
        ended: course.ended.map(|entry| {
            let restored = matches!(&entry.change, Some(Change::Contact { before: Some(before), after })
                if before.reactivated != after.reactivated);
            let how = if restored { "reactivated" } else { "rescinded" };
            json!({ "how": how, "journal": Place::of(entry, zone) })
        }),
    }
}

fn stage(contact: &Contact, kind: NoticeKind, entries: &[Entry], zone: &Zone) -> StageProof {
    let epoch = contact.designated;
    let id = Notice::new(kind, contact, contact.episodes, epoch, epoch).id;
    let stages = [Stage::Notice, Stage::Reminder, Stage::Final];
    let stage = stages
        .into_iter()
        .find(|stage| NoticeKind::from(*stage) == kind);
    let given: Option<Given> = stage.and_then(|stage| contact.episode.as_ref()?.given(stage));
    let mut proof = StageProof {
        stage: kind.word().to_owned(),
        notice: None,
        due: given.map(|given| zone.rfc3339(given.due)),
        accepted: None,
        unnotified: given.is_some_and(|given| given.unnotified),
        queued: None,
        attempts: Vec::new(),
    };
    for entry in entries {
        match &entry.change {
            Some(Change::Notice { notice }) if notice.id == id => {
                proof.due = Some(zone.rfc3339(notice.due));
                proof.queued.get_or_insert_with(|| Place::of(entry, zone));
                proof.notice = Some(id.clone());
            }
            Some(Change::Delivery { delivery }) if delivery.notice == id => {
                if let provost_core::notice::Outcome::Accepted { .. } = delivery.outcome {
                    proof
                        .accepted
                        .get_or_insert_with(|| zone.rfc3339(delivery.at));
                }
                proof.attempts.push(Attempted {
                    delivery: (**delivery).clone(),
                    journal: Place::of(entry, zone),
                });
            }
            _ => {}
        }
    }
    proof
}
